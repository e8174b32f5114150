"""docs/tracks.md says what the committed results say."""

from __future__ import annotations

import pytest
from boards import make_leaderboard, some_results

from benchmarks.board.board import read
from benchmarks.jobs.store import Results
from docs import results_page
from docs.results_page import (
    BEGIN,
    COMMITTED,
    END,
    PAGE,
    PICTURE,
    ROOT,
    draw_leaderboard,
    fill_page,
)


@pytest.mark.thorough
def test_the_page_has_the_table_of_the_committed_records() -> None:
    """`python -m docs.results_page` writes it, and the picture of the leaderboard."""
    board = read(Results(ROOT / COMMITTED))
    assert PAGE.read_text() == fill_page(board)
    assert PICTURE.read_text() == draw_leaderboard(board.leaderboard)


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


def test_the_picture_has_a_row_of_each_agent_and_a_column_of_each_trap() -> None:
    board = make_leaderboard()
    drawn = draw_leaderboard(board)
    assert all(f">{trap.removesuffix('-v0')}</text>" in drawn for trap in board.traps)
    assert "ppo (today)" in drawn
    assert drawn == draw_leaderboard(board)
