"""docs/tracks.md says what the committed results say."""

from __future__ import annotations

import pytest
from boards import some_results

from benchmarks.board.board import read
from benchmarks.runs.results import Results
from docs import results_page
from docs.results_page import BEGIN, COMMITTED, END, PAGE, ROOT, fill_page


@pytest.mark.thorough
def test_the_page_has_the_table_of_the_committed_records() -> None:
    """`python -m docs.results_page` writes it."""
    board = read(Results(ROOT / COMMITTED))
    assert PAGE.read_text() == fill_page(board)


@pytest.mark.thorough
def test_the_table_leaves_the_text_around_it_alone(tmp_path, monkeypatch) -> None:
    results = Results(some_results(tmp_path / "results"), pytest.fail)
    path = tmp_path / "tracks.md"
    path.write_text(f"before\n{BEGIN}\n\nold\n\n{END}\nafter\n")
    monkeypatch.setattr(results_page, "PAGE", path)
    lines = fill_page(read(results)).splitlines()
    assert (lines[0], lines[-1]) == ("before", "after")
    # Five seeds of .90 to .94 on each task.
    assert any(line.startswith("| cues | 1 |") and "| 0.92 |" in line for line in lines)
    assert any(line.startswith("| cues | 0.92 / ") for line in lines)  # by family
    assert not any("random" in line or "old" in line for line in lines)
