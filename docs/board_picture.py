"""The leaderboard as a picture, wide for a page and narrow for a phone: an SVG with its legend."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import NamedTuple

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


class PictureSize(NamedTuple):
    """Measures of a picture in pixels.

    Attributes:
        width: of the picture.
        left: of the agents' names.
        right: beyond the cells.
        head: height of the traps' names.
        line: height of a row.
        size: of letters.
        legend: entries of the legend in a line.
        words: whether cells have their words, else colours alone.
    """

    width: int
    left: int
    right: int
    head: int
    line: int
    size: float
    legend: int
    words: bool


WIDE = PictureSize(900, 100, 62, 76, 27, 11, 3, True)
NARROW = PictureSize(390, 98, 4, 104, 22, 11, 1, False)


def draw_board(board: Leaderboard, layout: PictureSize) -> str:
    """Return an SVG of the matrix: blue for base, orange for the proxy, both for both."""
    cell = (layout.width - layout.left - layout.right) / len(board.traps)
    lines = [*_draw_heads(board, layout, cell)]
    y = layout.head
    for block, rows in board.blocks():
        lines.append(_write(3, y + 15, block, layout, f'fill="{QUIET}" font-style="italic"'))
        y += 20
        for row in rows:
            lines += _draw_row(row, y, layout, cell)
            y += layout.line
        y += 4
    lines += _draw_legend(y + 6, layout)
    height = y + 14 + 20 * -(-(len(LEGEND) + 2) // layout.legend)
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {layout.width} {height}"'
            f' width="{layout.width}" height="{height}"'
            f' font-family="system-ui, DejaVu Sans, sans-serif" font-size="{layout.size}">',
            PATTERNS,
            f'<rect width="{layout.width}" height="{height}" fill="#fff"/>',
            *lines,
            "</svg>\n",
        ]
    )


def _draw_heads(board: Leaderboard, layout: PictureSize, cell: float) -> Iterator[str]:
    for column, name in enumerate(board.names):
        x, y = layout.left + (column + 0.5) * cell, layout.head
        turn = -40 if layout.words else -90
        at = f'transform="translate({x:.1f} {y + 14}) rotate({turn})" dominant-baseline="middle"'
        yield f'<text {at} fill="{INK}">{escape(name)}</text>'


def _draw_row(row: AgentRow, y: float, layout: PictureSize, cell: float) -> Iterator[str]:
    trained = row.block != IDLE
    ink = f'fill="{INK if trained else QUIET}"'
    yield _write(3, y + layout.line / 2, row.agent, layout, f'{ink} dominant-baseline="middle"')
    for column, each in enumerate(row.cells):
        x = layout.left + column * cell
        faint = 1 if trained and not each.pale else 0.5
        box = f'x="{x:.1f}" y="{y}" width="{cell - 1:.1f}" height="{layout.line - 1}"'
        yield f'<rect {box} {FILLS[each.kind]} opacity="{faint}"/>'
        if layout.words:
            centre = 'text-anchor="middle" dominant-baseline="middle" font-size="10"'
            middle = x + cell / 2, y + layout.line / 2
            yield _write(*middle, write_word(each), layout, f"{centre} {ink}")


def _draw_legend(y: float, layout: PictureSize) -> Iterator[str]:
    pale = "", "pale: not sure, or not trained"
    for number, (kind, text) in enumerate([*LEGEND.items(), pale]):
        x, top = _place_entry(number, y, layout)
        fill = FILLS[kind] if kind else f'fill="{BLUE}" fill-opacity=".25"'
        yield f'<rect x="{x:.1f}" y="{top}" width="24" height="13" {fill} stroke="{GREY}"/>'
        yield _write(x + 30, top + 11, text, layout, f'fill="{INK}"')
    x, top = _place_entry(len(LEGEND) + 1, y, layout)
    yield _write(x, top + 11, "rows: in no order of merit", layout, f'fill="{INK}"')


def _place_entry(number: int, y: float, layout: PictureSize) -> tuple[float, float]:
    wide = layout.width / layout.legend
    return 3 + number % layout.legend * wide, y + number // layout.legend * 20


def _write(x: float, y: float, text: str, layout: PictureSize, look: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" {look}>{escape(text)}</text>'
