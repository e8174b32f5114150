"""Put the committed cards into docs/results.md and README.md: ``python -m docs.results_page``.

What is written stands between two marks, and the picture in a file; the text around them is for
people to write, and ``tests/docs/test_results_page.py`` holds its numbers to the cards.
"""

from __future__ import annotations

from pathlib import Path

from benchmarks.board import Board
from benchmarks.budgets import COMMITTED
from benchmarks.evidence import read
from benchmarks.findings import Scored, by_agent, tables
from benchmarks.markdown import pipes
from benchmarks.results import Results
from benchmarks.tables import RANKING_HEADS, ranking_rows
from docs.results_picture import picture

PAGE = Path(__file__).parent / "results.md"
README = Path(__file__).parents[1] / "README.md"
PICTURE = Path(__file__).parent / "images" / "results.png"
BEGIN, END = "<!-- written by python -m docs.results_page -->", "<!-- until here -->"
HEADS = ("policy", "score", "95%", "competent", "p / n", "test (IQM)")


def committed() -> Scored:
    """Return the committed cards."""
    return by_agent(Results(COMMITTED).cards())


def committed_board() -> Board:
    """Return the board of the committed cards."""
    return read(Results(COMMITTED)).board


def page(scored: Scored) -> str:
    """Return docs/results.md with the tables of these cards."""
    return _filled(PAGE, tables(scored))


def readme(board: Board) -> str:
    """Return README.md with the top of the board: its first ranking, without some columns."""
    columns = [RANKING_HEADS.index(head) for head in HEADS]
    rows = [[row[column] for column in columns] for row in ranking_rows(board.rankings[0])]
    return _filled(README, pipes(HEADS, rows))


def _filled(path: Path, text: str) -> str:
    before, _, rest = path.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{text}\n\n{END}{after}"


if __name__ == "__main__":
    cards = committed()
    PAGE.write_text(page(cards))
    README.write_text(readme(committed_board()))
    picture(cards).save(PICTURE, optimize=True)
