"""Put the committed results into docs/tracks.md: ``python -m docs.results_page``.

The tables stand between two marks; the text around them is for people to write.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from benchmarks.board.board import Board, read
from benchmarks.board.column import tabulate
from benchmarks.board.scores import MEAN, MEAN_OF
from benchmarks.board.standings import DivisionTable
from benchmarks.board.track_columns import FAMILY_TABLE, STANDINGS
from benchmarks.markdown import pipes
from benchmarks.runs.results import COMMITTED, Results

HERE = Path(__file__).parent
ROOT = HERE.parent
PAGE = HERE / "tracks.md"
BEGIN, END = "<!-- written by python -m docs.results_page -->", "<!-- until here -->"
SHOWN = ("method", "place", MEAN, "interval", *MEAN_OF, "rare")


def fill_page(board: Board) -> str:
    """Return docs/tracks.md with what methods get on the tracks."""
    before, _, rest = PAGE.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{tabulate_methods(board.divisions)}\n\n{END}{after}"


def tabulate_methods(divisions: Sequence[DivisionTable]) -> str:
    """Return the tables of both divisions, checks left out: places, and values by family."""
    columns = [column for column in STANDINGS if column.key in SHOWN]
    found = []
    for division in divisions:
        if shown := division.above + division.below:
            found += [
                f"**The {division.name} division**",
                pipes(*tabulate(columns, shown)),
                f"By family, {' / '.join(MEAN_OF)}:",
                pipes(*tabulate(FAMILY_TABLE, shown)),
            ]
    return "\n\n".join(found) or "*No method was evaluated yet.*"


def main() -> None:
    """Write the page's tables."""
    board = read(Results(ROOT / COMMITTED))
    PAGE.write_text(fill_page(board))


if __name__ == "__main__":
    main()
