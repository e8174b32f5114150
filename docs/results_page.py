"""Put the committed cards into docs/results.md and README.md: ``python -m docs.results_page``.

The tables stand between two marks; the text around them is for people to write.
"""

from __future__ import annotations

from pathlib import Path

from benchmarks.board import Board
from benchmarks.budgets import COMMITTED
from benchmarks.evidence import read
from benchmarks.findings import by_agent, tables
from benchmarks.legend import DECIDED, SAME, STEPS
from benchmarks.markdown import pipes
from benchmarks.results import Results
from benchmarks.tables import GLANCE_HEADS, glance_rows

ROOT = Path(__file__).parents[1]
PAGE, README = ROOT / "docs" / "results.md", ROOT / "README.md"
BEGIN, END = "<!-- written by python -m docs.results_page -->", "<!-- until here -->"
HEADS = ("trap", "agent", "verdict", STEPS, SAME, DECIDED)


def page(results: Results) -> str:
    """Return docs/results.md with the tables of these results."""
    return _filled(PAGE, tables(by_agent(results.cards())))


def readme(board: Board) -> str:
    """Return README.md with the choices of all trained agents, means over seeds."""
    columns = [GLANCE_HEADS.index(head) for head in HEADS]
    rows = [[row[column] for column in columns] for row in glance_rows(board)]
    return _filled(README, pipes(HEADS, rows))


def _filled(path: Path, text: str) -> str:
    before, _, rest = path.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{text}\n\n{END}{after}"


if __name__ == "__main__":
    committed = Results(ROOT / COMMITTED)
    PAGE.write_text(page(committed))
    README.write_text(readme(read(committed).board))
