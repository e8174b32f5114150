"""Put the committed cards into docs/results.md and README.md: ``python -m docs.results_page``.

The tables stand between two marks; the text around them is for people to write.
"""

from __future__ import annotations

from pathlib import Path

from benchmarks.leaderboard.atlas import Atlas
from benchmarks.leaderboard.board import read
from benchmarks.leaderboard.budgets import COMMITTED
from benchmarks.leaderboard.columns import AGENT, CHOICE, DECIDED, SAME, TRAP, VERDICT, rows
from benchmarks.leaderboard.results import Results
from benchmarks.markdown import pipes
from benchmarks.studies.findings import by_agent, tables

ROOT = Path(__file__).parents[1]
PAGE, README = ROOT / "docs" / "results.md", ROOT / "README.md"
BEGIN, END = "<!-- written by python -m docs.results_page -->", "<!-- until here -->"
HEADS = (TRAP, AGENT, VERDICT, CHOICE, SAME, DECIDED)


def page(results: Results) -> str:
    """Return docs/results.md with the tables of these results."""
    return _filled(PAGE, tables(by_agent(results.cards())))


def readme(atlas: Atlas) -> str:
    """Return README.md with what all trained agents pick, means over seeds."""
    return _filled(README, pipes(HEADS, rows(atlas, HEADS)))


def _filled(path: Path, text: str) -> str:
    before, _, rest = path.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{text}\n\n{END}{after}"


if __name__ == "__main__":
    committed = Results(ROOT / COMMITTED)
    PAGE.write_text(page(committed))
    README.write_text(readme(read(committed).atlas))
