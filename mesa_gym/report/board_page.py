"""The leaderboard as files: an HTML page, and a CSV of its cells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from mesa_gym import links
from mesa_gym.files import format_csv, require_ours, write_text
from mesa_gym.rendering import render_rgb
from mesa_gym.rendering.png import data_uri
from mesa_gym.report.board_columns import BROKEN, CELL_COLUMNS, write_agreement, write_headline
from mesa_gym.report.board_rows import IDLE, strip_version
from mesa_gym.report.board_text import QUESTION, Leaderboard
from mesa_gym.report.committed import OTHER_PROCESSOR
from mesa_gym.report.templating import TEMPLATES, environment, quote_html
from mesa_gym.traps import Split, find_trap, package_traps
from mesa_gym.words import HEADLINES, write_word

# The page shows a training level and a shift level of this trap.
SHOWN_TRAP = "CheeseCorner"
TILE = 20  # pixels per cell in these pictures
GENERATOR = '<meta name="generator" content="mesa_gym leaderboard">'
# A spreadsheet treats a cell that begins with one of these as a formula (OWASP, "CSV Injection").
_FORMULA = tuple("=+-@＝＋－＠\t\r\n")


def write_pages(board: Leaderboard, folder: Path) -> Path:
    """Write a leaderboard's page and CSV, and return the path of the page.

    Other files in the folder stay.

    Raises:
        FileExistsError: a file with one of these names was not written by this function.
        ImportError: jinja2 is not installed; the message names the extra.
    """
    require_free(folder)
    templates, trap = environment(TEMPLATES), find_trap(SHOWN_TRAP)()
    levels = [trap.levels(split, [0]) for split in (Split.TRAIN, Split.SHIFT)]
    templates.filters |= {
        "trap": strip_version,
        "page": find_page,
        "word": write_headline,
        "text": write_word,
        "agreement": write_agreement,
        "hyphenate": hyphenate,
    }
    page = templates.get_template("leaderboard.html").render(
        board=board,
        cell_columns=CELL_COLUMNS,
        columns=board.list_counts(),
        generator=GENERATOR,
        idle=IDLE,
        headlines=HEADLINES,
        links=links,
        other_processor=OTHER_PROCESSOR,
        pictures=[data_uri(render_rgb(trap, level, TILE)[0]) for level in levels],
        question=QUESTION,
    )
    write_text(folder / "index.html", page)
    write_text(folder / "leaderboard.csv", write_csv(board.cells()))
    return folder / "index.html"


def require_free(folder: Path) -> None:
    """Raise FileExistsError if the page or its CSV would replace a file that is not ours."""
    head = ",".join(column.name for column in CELL_COLUMNS)
    require_ours(folder, {"index.html": GENERATOR.encode(), "leaderboard.csv": head.encode()})


def hyphenate(word: str) -> str:
    """Return a word as HTML, with a soft hyphen where a narrow column breaks it."""
    return "&shy;".join(map(quote_html, BROKEN.get(word, word).split("- ")))


def find_page(trap: str) -> str:
    """Return the address of a trap's documentation page; "" for a trap outside the package."""
    trap_class = package_traps().get(trap)
    return links.link_trap(trap_class.__module__) if trap_class else ""


def write_csv(cells: Sequence[Mapping[str, object]]) -> str:
    """Return cells of the leaderboard as CSV, with numbers rounded to four decimals."""
    return format_csv([{x: _write_value(value) for x, value in cell.items()} for cell in cells])


def _write_value(value: object) -> object:
    if isinstance(value, float):
        return f"{round(value, 4) + 0:g}"
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
