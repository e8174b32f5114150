"""Onto which boards a submission comes, and what it leaves when stopped."""

import json
import shutil
import sys

import pytest
from graphs import CORNER
from submissions import entry, submission, submit, written

from benchmarks.board import commands as leaderboard
from benchmarks.jobs.agents import trim_versions
from benchmarks.jobs.job import do_job, hold_lock
from benchmarks.jobs.store import digest_result, label_path
from benchmarks.submissions import batches
from benchmarks.submissions.format import Submission
from mesa_gym.policies import references
from mesa_gym.scoring import ScoreCard, plays, record, salt_digest, score
from mesa_gym.traps import find_trap

pytestmark = pytest.mark.thorough
SALT = "a secret of the evaluator"


def contents(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.glob("*/*/*.json")}


@pytest.fixture(scope="module")
def scored(tmp_path_factory):
    """A submission s of two agents that was scored into R at one go; not to be changed."""
    home = tmp_path_factory.mktemp("scored")
    assert submit(written(home / "s", 0, 1), home / "R") == 0
    return home


@pytest.fixture
def board(scored, tmp_path):
    """A copy of its results to spoil."""
    return shutil.copytree(scored / "R", tmp_path / "R")


def edited_versions(board, **versions):
    for path in board.glob("cards/*/*.json"):
        card = json.loads(path.read_text())
        card["provenance"]["versions"] |= versions
        path.write_text(json.dumps(card))
        label = json.loads(label_path(path).read_text())
        label["terms"]["versions"] = trim_versions(label["terms"]["versions"] | versions)
        label_path(path).write_text(json.dumps(label | {"digest": digest_result(path)}))


def test_a_secret_board_has_references_of_the_same_levels(tmp_path):
    out = tmp_path / "R"
    assert submit(written(tmp_path / "s"), out, SALT) == 0
    cards = {c.policy: c for c in map(ScoreCard.load, (out / "cards").glob("*/*.json"))}
    assert cards.keys() == {"demo-s0", *references(find_trap(CORNER))}
    assert {card.provenance.salt for card in cards.values()} == {salt_digest(SALT)}
    here = score("random", CORNER, 4, salt=SALT)
    assert cards["random"].splits["test"] == here.splits["test"]


@pytest.mark.parametrize(
    ("versions", "options", "told"),
    [
        ({}, {"salt": SALT}, "made with salt '', and this run wants"),
        ({}, {"levels": 5}, "made with levels 4, and this run wants 5; choose another --out"),
        ({"numpy": "1.0.0"}, {}, "'numpy': '1.0.0'"),
        ({"python": "2.7.18"}, {}, "'python': '2.7'"),
    ],
)
def test_boards_of_other_versions_are_refused_before_scoring(
    versions, options, told, board, tmp_path, capsys
):
    """And of other levels."""
    edited_versions(board, **versions)
    before = contents(board)
    assert submit(written(tmp_path / "t", name="late"), board, **options) == 2
    assert told in capsys.readouterr().err
    assert contents(board) == before


@pytest.mark.usefixtures("jobs_run_here")
def test_a_trace_holds_as_many_levels_of_each_play_as_are_played(tmp_path, monkeypatch):
    monkeypatch.setattr(plays, "FEW_LEVELS", 2)  # of those that take something away
    folder = submission(tmp_path / "s", entry("trace", "x"))
    record("stay", CORNER, 4).save(folder / "x")
    assert submit(folder, tmp_path / "R") == 0


@pytest.mark.usefixtures("jobs_run_here")
def test_an_interrupted_submission_goes_on_to_the_same_board(scored, tmp_path, monkeypatch, capsys):
    score_agent, out = batches.score_agent, tmp_path / "R"

    def interrupted(name, *arguments):
        if name == "demo-s1":
            raise KeyboardInterrupt
        return score_agent(name, *arguments)

    monkeypatch.setattr(batches, "score_agent", interrupted)
    assert submit(scored / "s", out) == 130
    assert "the same command goes on from there" in capsys.readouterr().err
    there = {path: (out / path).stat().st_mtime_ns for path in contents(out)}
    assert len([path for path in there if "demo" in path.name]) == 2
    for again, told in ((score_agent, ["scored: demo-s1"]), (pytest.fail, [])):
        monkeypatch.setattr(batches, "score_agent", again)
        assert submit(scored / "s", out) == 0
        lines = capsys.readouterr().err.splitlines()
        assert [line.split(" on ")[0] for line in lines if line.startswith("scored")] == told
        assert {path: (out / path).stat().st_mtime_ns for path in there} == there
        assert contents(out) == contents(scored / "R")


def test_seeds_can_be_added_later_also_with_another_patch_release_of_python(board, tmp_path):
    edited_versions(board, python=f"{sys.version_info[0]}.{sys.version_info[1]}.99")
    before = contents(board)
    assert submit(written(tmp_path / "t", 0, 1, 999_999_999), board) == 0
    added = {path.name for path in contents(board).keys() - before.keys()}
    assert added == {"demo-s999999999.json"}
    assert contents(board).items() >= before.items()
    assert leaderboard.main(["render", "--out", str(board)]) == 0


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"weights": 1}, "demo-s0.json was made with weights_digest"),
        ({"authors": ["B."]}, "demo-s0.json was made with about 'A test (A. Person)'"),
        ({"name": "Demo"}, "has an agent called 'Demo' already"),
        ({"name": "Random"}, "has an agent called 'Random' already"),
    ],
)
def test_cards_of_others_are_not_overwritten(changes, told, board, tmp_path, capsys):
    before = contents(board)
    assert submit(written(tmp_path / "t", 0, 1, **changes), board) == 2
    assert told in capsys.readouterr().err
    assert contents(board) == before


def test_a_name_is_scored_once_at_a_time(scored, board, tmp_path):
    """A submission that waited for another of its name then finds it there."""
    late = Submission.load(written(tmp_path / "t", name="Demo"))
    (job,) = batches.list_jobs(late, tmp_path / "t", 4, "")
    with hold_lock(board, f"submit-demo-{CORNER}"):
        assert not do_job(job, board, False, print)
    with pytest.raises(ValueError, match="has an agent called 'Demo' already"):
        do_job(job, board, True, print)
    assert contents(board) == contents(scored / "R")
