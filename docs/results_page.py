"""Put the committed cards into docs/results.md: ``python -m docs.results_page``.

Its tables stand between two marks and its picture in a file; the text around them is for people to
write, and ``tests/test_results_page.py`` holds its numbers to the tables.
"""

from __future__ import annotations

from pathlib import Path

from benchmarks.budgets import COMMITTED
from benchmarks.findings import Scored, by_agent, tables
from benchmarks.results import Results
from docs.results_picture import picture

PAGE = Path(__file__).parent / "results.md"
PICTURE = Path(__file__).parent / "images" / "results.png"
BEGIN, END = "<!-- written by python -m docs.results_page -->", "<!-- until here -->"


def committed() -> Scored:
    """The committed cards."""
    return by_agent(Results(COMMITTED).cards())


def page(scored: Scored) -> str:
    """The page with the tables of these cards."""
    before, _, rest = PAGE.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{tables(scored)}\n\n{END}{after}"


if __name__ == "__main__":
    cards = committed()
    PAGE.write_text(page(cards))
    picture(cards).save(PICTURE, optimize=True)
