"""Put the committed cards into docs/results.md and README.md: ``python -m docs.results_page``.

The tables stand between two marks; the text around them is for people to write.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.leaderboard.board import Board, read
from benchmarks.leaderboard.budgets import COMMITTED
from benchmarks.leaderboard.columns import (
    AGENT,
    CHOICE,
    DECIDED,
    SAME,
    TRAP,
    VERDICT,
    figure,
    rows,
)
from benchmarks.leaderboard.results import Results
from benchmarks.leaderboard.standings import Standing, Track
from benchmarks.markdown import pipes
from benchmarks.studies.findings import by_agent, tables

ROOT = Path(__file__).parents[1]
PAGE, README = ROOT / "docs" / "results.md", ROOT / "README.md"
BEGIN, END = "<!-- written by python -m docs.results_page -->", "<!-- until here -->"
HEADS = (TRAP, AGENT, VERDICT, CHOICE, SAME, DECIDED)


def page(results: Results) -> str:
    """Return docs/results.md with the tables of these results."""
    return _filled(PAGE, tables(by_agent(results.cards())))


def readme(board: Board) -> str:
    """Return README.md with what all trained agents pick, means over seeds, and the tracks."""
    atlas = pipes(HEADS, rows(board.atlas, HEADS))
    return _filled(README, f"{atlas}\n\n{methods(board.tracks)}" if board.tracks else atlas)


def methods(tracks: Sequence[Track]) -> str:
    """Return a table with a row for each method, its value on each track, the best first."""
    values = [{each.method: each for each in track.standings} for track in tracks]
    every = {name: each for of in values for name, each in of.items()}
    order = sorted(every, key=lambda name: (every[name].place is None, -_most(values, name)))
    heads = ["method", *(f"{track.name} ({track.measure})" for track in tracks)]
    table = [
        [
            name if every[name].place else f"{name} ({every[name].kind})",
            *(figure(of[name].value) if name in of else "" for of in values),
        ]
        for name in order
    ]
    return pipes(heads, table)


def _most(values: Sequence[Mapping[str, Standing]], name: str) -> float:
    return max(of[name].value for of in values if name in of)


def _filled(path: Path, text: str) -> str:
    before, _, rest = path.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{text}\n\n{END}{after}"


if __name__ == "__main__":
    committed = Results(ROOT / COMMITTED)
    PAGE.write_text(page(committed))
    README.write_text(readme(read(committed)))
