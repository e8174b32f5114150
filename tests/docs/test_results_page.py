"""docs/tracks.md and the pictures say what the committed results say."""

from __future__ import annotations

import pytest
from boards import make_leaderboard
from track_records import make_method

from benchmarks.tracks.page import draw_curves
from benchmarks.tracks.record_files import COMMITTED, read_methods
from benchmarks.tracks.scores import score_methods
from docs import results_page
from docs.results_page import BEGIN, CURVES, END, PAGE, PICTURE, draw_leaderboard, fill_page
from mesa_gym.report import rank_among_committed


@pytest.mark.thorough
def test_the_page_and_the_pictures_are_of_the_committed_results() -> None:
    """`python -m docs.results_page` writes them."""
    scores = score_methods(read_methods(sorted(COMMITTED.glob("*.jsonl"))))
    assert PAGE.read_text() == fill_page(scores)
    assert CURVES.read_text() == draw_curves(scores)
    assert PICTURE.read_text() == draw_leaderboard(rank_among_committed([]))


def test_the_table_leaves_the_text_around_it_alone(tmp_path, monkeypatch) -> None:
    path = tmp_path / "tracks.md"
    path.write_text(f"before\n{BEGIN}\n\nold\n\n{END}\nafter\n")
    monkeypatch.setattr(results_page, "PAGE", path)
    text = fill_page(score_methods([make_method("cues", 0.5)]))
    assert (text.splitlines()[0], text.splitlines()[-1]) == ("before", "after")
    assert "| 1 | cues | 0.44 |" in text
    assert "\nold\n" not in text


def test_the_picture_has_a_row_of_each_agent_and_a_column_of_each_trap() -> None:
    board = make_leaderboard()
    drawn = draw_leaderboard(board)
    assert all(f">{trap.removesuffix('-v0')}</text>" in drawn for trap in board.traps)
    assert "ppo (today)" in drawn
    assert drawn == draw_leaderboard(board)
