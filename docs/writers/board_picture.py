"""The leaderboard as a picture: an SVG with a legend."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from mesa_gym.rendering.colours import BASE_COLOUR, PROXY_COLOURS, to_hex
from mesa_gym.report import Leaderboard
from mesa_gym.report.board_columns import BROKEN, write_headline
from mesa_gym.report.board_rows import IDLE, BoardRow, is_control
from mesa_gym.report.board_text import PROVISIONAL, mark_provisional
from mesa_gym.report.seed_group import SeedGroup
from mesa_gym.report.statements import LEAST_SEEDS
from mesa_gym.words import (
    BASE,
    BOTH,
    FAILS_TASK,
    HEADLINES,
    INCONSISTENT,
    NO_GOAL,
    NOT_PLAYED,
    PROXY,
    SEEDS_SPLIT,
    UNDETERMINED,
    write_word,
)

INK, QUIET, GREY, LIGHT = "#1f2328", "#56606a", "#b4bdc6", "#e9edf1"
BLUE, ORANGE = to_hex(BASE_COLOUR), to_hex(PROXY_COLOURS[0])
# Patterns of cells. "both" means both targets at once; "inconsistent" means one or the other.
PATTERNS = f"""<defs>
<pattern id="both" width="1" height="1" viewBox="0 0 10 10" preserveAspectRatio="none">
<path d="M0 0H10L0 10Z" fill="{BLUE}" fill-opacity=".35"/>
<path d="M10 0V10H0Z" fill="{ORANGE}" fill-opacity=".35"/></pattern>
<pattern id="inconsistent" width="1" height="1" viewBox="0 0 4 4" preserveAspectRatio="none">
<path d="M0 0H1V4H0ZM2 0H3V4H2Z" fill="{BLUE}" fill-opacity=".3"/>
<path d="M1 0H2V4H1ZM3 0H4V4H3Z" fill="{ORANGE}" fill-opacity=".3"/></pattern>
<pattern id="seeds_split" width="5" height="5" patternUnits="userSpaceOnUse">
<path d="M0 0H5V5H0Z" fill="#fff"/><path d="M-1 6L6 -1" stroke="{GREY}"/></pattern>
<pattern id="others" width="4" height="4" patternUnits="userSpaceOnUse">
<path d="M0 0H4V4H0Z" fill="#fff"/><path d="M-1 5L5 -1" stroke="{INK}"/></pattern>
</defs>"""
FILLS = {
    BASE: f'fill="{BLUE}" fill-opacity=".5"',
    PROXY: f'fill="{ORANGE}" fill-opacity=".5"',
    **{word: f'fill="url(#{word})"' for word in (BOTH, INCONSISTENT, SEEDS_SPLIT)},
    FAILS_TASK: f'fill="{GREY}"',
    NO_GOAL: f'fill="{LIGHT}"',
    UNDETERMINED: f'fill="{LIGHT}" fill-opacity=".5"',
    NOT_PLAYED: 'fill="none"',
}
OTHERS = 'fill="url(#others)"'  # seeds with another verdict
PARTS = {False: "rewards in training fit both goals", True: "controls"}
# The legend besides the headlines: fill -> text.
MORE = {
    "": "rows are not ranked",
    f'fill="{BLUE}" fill-opacity=".25"': "pale: low confidence, or not trained",
    OTHERS: "hatched part: seeds with another verdict",
    " ": f"{PROVISIONAL} provisional: fewer than {LEAST_SEEDS} seeds",
}
# In pixels: the picture's width, the margins left and right of the cells (agents' names are on the
# left), the height of the traps' names, and the height of a row.
WIDTH = 900
LEFT, RIGHT = 150, 62
HEAD, LINE = 88, 29
GAP = 12  # before the first control
SIZE, SMALL = 11, 9  # font sizes
ENTRIES = 2  # of the legend per line, after one line for each headline
STRIP = 6  # the height of the hatched part


def draw_board(board: Leaderboard) -> str:
    """Return an SVG of the matrix: blue for base, orange for the proxy, both colours for both."""
    cell = (WIDTH - LEFT - RIGHT - GAP) / len(board.traps)
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
    height = y + 14 + 20 * (len(HEADLINES) + -(-len(MORE) // ENTRIES))
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}"'
        f' height="{height}" font-family="system-ui, DejaVu Sans, sans-serif" font-size="{SIZE}">'
    )
    paper = f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>'
    return "\n".join([head, PATTERNS, paper, *lines, "</svg>\n"])


def _draw_heads(board: Leaderboard, cell: float) -> Iterator[str]:
    for column, name in enumerate(board.names):
        x, y = _find_left(board.traps, column, cell) + cell / 2, HEAD
        at = f'transform="translate({x:.1f} {y + 14}) rotate(-40)" dominant-baseline="middle"'
        yield f'<text {at} fill="{INK}">{escape(name)}</text>'
    # A line and a word above the names of each part.
    for control, word in PARTS.items():
        columns = [at for at, trap in enumerate(board.traps) if is_control(trap) == control]
        if columns:
            left, right = (_find_left(board.traps, x, cell) for x in (columns[0], columns[-1]))
            line = f'<path d="M{left:.1f} 18H{right + cell:.1f}" stroke="{GREY}"/>'
            yield _write(left, 12, word, f'fill="{QUIET}" font-style="italic"') + line


def _find_left(traps: Sequence[str], column: int, cell: float) -> float:
    """Return the left end of a trap's cells; controls are behind a gap."""
    return LEFT + column * cell + GAP * is_control(traps[column])


def _draw_row(row: BoardRow, y: float, cell: float) -> Iterator[str]:
    trained = row.block != IDLE
    ink = f'fill="{INK if trained else QUIET}"'
    yield _write(3, y + (13 if row.about else 18), mark_provisional(row), ink)
    small = f'fill="{QUIET}" font-size="{SMALL}"'
    yield _write(3, y + 24, row.about, small)
    for column, board_cell in enumerate(row.cells):
        left = _find_left([x.trap for x in row.cells], column, cell)
        yield from _draw_cell(board_cell, left, y, cell - 1, trained)


def _draw_cell(cell: SeedGroup, x: float, y: float, width: float, trained: bool) -> Iterator[str]:
    """Yield a cell with its word; a hatched strip shows the share of seeds with other verdicts."""
    faint = 1 if trained and not cell.pale else 0.5
    box = f'x="{x:.1f}" y="{y}" width="{width:.1f}" height="{LINE - 1}"'
    yield f'<rect {box} {FILLS[cell.kind]} opacity="{faint}"/>'
    if cell.split and cell.agree:
        other = width * (1 - cell.agree / cell.seeds)
        box = f'x="{x + width - other:.1f}" y="{y + LINE - 1 - STRIP}" width="{other:.1f}"'
        yield f'<rect {box} height="{STRIP}" {OTHERS}/>'
    lines = BROKEN.get(cell.verdict, write_headline(cell)).split(" ")
    look = f'text-anchor="middle" font-size="{SMALL}" fill="{INK if trained else QUIET}"'
    for number, line in enumerate(lines):
        yield _write(x + width / 2, y + 17 + 9 * number - 5 * (len(lines) - 1), line, look)


def _draw_legend(y: float) -> Iterator[str]:
    headlines = {
        FILLS[word]: f"{write_word(word)}: {headline.meaning}"
        for word, headline in HEADLINES.items()
    }
    entries = [(3.0, y + 20 * row, *entry) for row, entry in enumerate(headlines.items())]
    y += 20 * len(headlines)
    for number, entry in enumerate(MORE.items()):
        entries.append((3 + number % ENTRIES * WIDTH / ENTRIES, y + number // ENTRIES * 20, *entry))
    for x, top, fill, text in entries:
        if fill.strip():
            yield f'<rect x="{x:.1f}" y="{top}" width="24" height="13" {fill} stroke="{GREY}"/>'
        yield _write(x + 30, top + 11, text, f'fill="{INK}"')


def _write(x: float, y: float, text: str, look: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" {look}>{escape(text)}</text>'
