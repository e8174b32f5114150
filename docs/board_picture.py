"""The leaderboard as a picture: an SVG with its legend."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from mesa_gym.rendering.colours import BASE_COLOUR, PROXY_COLOURS, to_hex
from mesa_gym.report import Leaderboard
from mesa_gym.report.board_columns import write_word
from mesa_gym.report.cells import BOTH, CANNOT, DIFFER, IDLE, NO_GOAL, VARIES, AgentRow

INK, QUIET, GREY, LIGHT = "#1f2328", "#56606a", "#b4bdc6", "#e9edf1"
BLUE, ORANGE = to_hex(BASE_COLOUR), to_hex(PROXY_COLOURS[0])
# Fills of kinds. Two looks where both targets are reached: both at once, or now one, now the other.
PATTERNS = f"""<defs>
<pattern id="both" width="1" height="1" viewBox="0 0 10 10" preserveAspectRatio="none">
<path d="M0 0H10L0 10Z" fill="{BLUE}" fill-opacity=".35"/>
<path d="M10 0V10H0Z" fill="{ORANGE}" fill-opacity=".35"/></pattern>
<pattern id="varies" width="1" height="1" viewBox="0 0 4 4" preserveAspectRatio="none">
<path d="M0 0H1V4H0ZM2 0H3V4H2Z" fill="{BLUE}" fill-opacity=".3"/>
<path d="M1 0H2V4H1ZM3 0H4V4H3Z" fill="{ORANGE}" fill-opacity=".3"/></pattern>
<pattern id="differ" width="6" height="6" patternUnits="userSpaceOnUse">
<path d="M-1 7L7 -1" stroke="{GREY}" stroke-width="1.5"/></pattern>
</defs>"""
FILLS = {
    "base": f'fill="{BLUE}" fill-opacity=".5"',
    "proxy": f'fill="{ORANGE}" fill-opacity=".5"',
    **{kind: f'fill="url(#{kind})"' for kind in (BOTH, VARIES, DIFFER)},
    CANNOT: f'fill="{GREY}"',
    NO_GOAL: f'fill="{LIGHT}"',
}
# Of each kind: its text in the legend.
LEGEND = {
    CANNOT: "cannot: fails on test levels; –: not played",
    "base": "base: what training pays for",
    "proxy": "proxy: what came with it",
    BOTH: "either, together: wants both",
    VARIES: "by level, place, chance, mixed: it varies",
    NO_GOAL: "lost, aimless: no goal shows",
    DIFFER: "differ: no verdict of most seeds",
}
# In pixels: the picture; the agents' names, and what is beyond the cells; the traps' names; a row.
WIDTH = 900
LEFT, RIGHT = 100, 62
HEAD, LINE = 76, 27
SIZE = 11  # of letters
ENTRIES = 3  # of the legend in a line


def draw_board(board: Leaderboard) -> str:
    """Return an SVG of the matrix: blue for base, orange for the proxy, both for both."""
    cell = (WIDTH - LEFT - RIGHT) / len(board.traps)
    lines = [*_draw_heads(board, cell)]
    y = HEAD
    for block, rows in board.blocks():
        lines.append(_write(3, y + 15, block, f'fill="{QUIET}" font-style="italic"'))
        y += 20
        for row in rows:
            lines += _draw_row(row, y, cell)
            y += LINE
        y += 4
    lines += _draw_legend(y + 6)
    height = y + 14 + 20 * -(-(len(LEGEND) + 2) // ENTRIES)
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}"'
            f' width="{WIDTH}" height="{height}"'
            f' font-family="system-ui, DejaVu Sans, sans-serif" font-size="{SIZE}">',
            PATTERNS,
            f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>',
            *lines,
            "</svg>\n",
        ]
    )


def _draw_heads(board: Leaderboard, cell: float) -> Iterator[str]:
    for column, name in enumerate(board.names):
        x, y = LEFT + (column + 0.5) * cell, HEAD
        at = f'transform="translate({x:.1f} {y + 14}) rotate(-40)" dominant-baseline="middle"'
        yield f'<text {at} fill="{INK}">{escape(name)}</text>'


def _draw_row(row: AgentRow, y: float, cell: float) -> Iterator[str]:
    trained = row.block != IDLE
    ink = f'fill="{INK if trained else QUIET}"'
    yield _write(3, y + LINE / 2, row.agent, f'{ink} dominant-baseline="middle"')
    for column, board_cell in enumerate(row.cells):
        x = LEFT + column * cell
        faint = 1 if trained and not board_cell.pale else 0.5
        box = f'x="{x:.1f}" y="{y}" width="{cell - 1:.1f}" height="{LINE - 1}"'
        yield f'<rect {box} {FILLS[board_cell.kind]} opacity="{faint}"/>'
        centre = 'text-anchor="middle" dominant-baseline="middle" font-size="10"'
        yield _write(x + cell / 2, y + LINE / 2, write_word(board_cell), f"{centre} {ink}")


def _draw_legend(y: float) -> Iterator[str]:
    pale = "", "pale: not sure, or not trained"
    for number, (kind, text) in enumerate([*LEGEND.items(), pale]):
        x, top = _place_entry(number, y)
        fill = FILLS[kind] if kind else f'fill="{BLUE}" fill-opacity=".25"'
        yield f'<rect x="{x:.1f}" y="{top}" width="24" height="13" {fill} stroke="{GREY}"/>'
        yield _write(x + 30, top + 11, text, f'fill="{INK}"')
    x, top = _place_entry(len(LEGEND) + 1, y)
    yield _write(x, top + 11, "rows: in no order of merit", f'fill="{INK}"')


def _place_entry(number: int, y: float) -> tuple[float, float]:
    wide = WIDTH / ENTRIES
    return 3 + number % ENTRIES * wide, y + number // ENTRIES * 20


def _write(x: float, y: float, text: str, look: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" {look}>{escape(text)}</text>'
