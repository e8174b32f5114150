"""docs/results.md and README.md say what the committed cards say."""

from __future__ import annotations

import pytest
from boards import some_results

from benchmarks.leaderboard.board import read
from benchmarks.leaderboard.results import Results
from docs import results_page
from docs.results_page import BEGIN, COMMITTED, END, PAGE, README, ROOT, page, readme


def test_the_pages_have_the_tables_of_the_committed_cards() -> None:
    """`python -m docs.results_page` writes them."""
    committed = Results(ROOT / COMMITTED)
    assert PAGE.read_text() == page(committed)
    assert README.read_text() == readme(read(committed))


def test_tables_are_of_trained_agents_and_leave_the_text_alone(tmp_path, monkeypatch) -> None:
    results = Results(some_results(tmp_path / "results"), pytest.fail)
    for name, fill in (
        ("PAGE", lambda: page(results)),
        ("README", lambda: readme(read(results))),
    ):
        path = tmp_path / name
        path.write_text(f"before\n{BEGIN}\n\nold\n\n{END}\nafter\n")
        monkeypatch.setattr(results_page, name, path)
        lines = fill().splitlines()
        assert (lines[0], lines[-1]) == ("before", "after")
        rows = [line for line in lines if line.startswith("| RedBlueDoors")]
        assert any("indifferent" in row and "0.44" in row for row in rows)
        assert not any("oracle" in line or "old" in line for line in lines)
