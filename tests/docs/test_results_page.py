"""README, results, tracks and the pictures say what the committed results say."""

import shutil
from pathlib import Path

import pytest
from boards import make_leaderboard
from msgspec.structs import replace
from track_records import make_method

from benchmarks.tracks.record_files import COMMITTED, read_methods
from benchmarks.tracks.scores import score_methods
from benchmarks.tracks.tasks import RUNGS
from docs.results_page import (
    AMONG,
    BY,
    PARTS,
    PICTURE,
    README,
    RESULTS,
    TRACKS,
    draw_leaderboard,
    draw_parts,
    fill_board,
    fill_tracks,
    tabulate_learner,
)
from docs.studies.page_tables import show
from mesa_gym.report import rank_among_committed, read_committed


@pytest.mark.thorough
def test_pages_and_pictures_are_of_the_committed_results(tmp_path):
    """`python -m docs.results_page` writes them."""
    scores = score_methods(read_methods(sorted(COMMITTED.glob("*.jsonl"))))
    board = rank_among_committed([])
    tracks, readme, results = (Path(shutil.copy(x, tmp_path)) for x in (TRACKS, README, RESULTS))
    fill_tracks(scores, tracks)
    fill_board(board, readme, AMONG)
    fill_board(board, results)
    show(f"ppo, {BY}", tabulate_learner(read_committed()), results)
    for page, copy in {TRACKS: tracks, README: readme, RESULTS: results}.items():
        assert copy.read_text() == page.read_text()
    for path, drawn in draw_parts(scores).items():
        assert path.read_text() == drawn
    assert PICTURE.read_text() == draw_leaderboard(board)


def test_the_tables_leave_the_text_around_them_alone(tmp_path):
    page = tmp_path / "tracks.md"
    marks = (f"<!-- {name}, by python -m docs.results_page -->" for name in PARTS)
    page.write_text("".join(f"before\n{mark}\nold\n<!-- until here -->\n" for mark in marks))
    ranked, eased = make_method("cues", 0.5), make_method("cues", 0.5, tasks=RUNGS)
    fill_tracks(score_methods([replace(ranked, records=ranked.records + eased.records)]), page)
    text = page.read_text()
    assert text.count("before\n") == text.count("<!-- until here -->\n") == 2
    assert "| 1 | cues | 0.44 |" in text
    assert "| cues | 0.44 (0.80) |" in text
    assert "\nold\n" not in text


def test_the_picture_has_a_row_of_each_agent_and_a_column_of_each_trap():
    board = make_leaderboard()
    drawn = draw_leaderboard(board)
    assert all(f">{trap.removesuffix('-v0')}</text>" in drawn for trap in board.traps)
    assert "ppo (today)" in drawn
