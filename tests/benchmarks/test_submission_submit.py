"""Onto which boards a submission comes, what it finds there, and what it leaves when stopped."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from submitted import CELLS, CORNER, entry, linear, submission, submit

from benchmarks.leaderboard import __main__ as leaderboard
from benchmarks.leaderboard.locks import claimed
from benchmarks.submissions import submit as command
from mesa_gym.policies import references
from mesa_gym.scoring import ScoreCard, record, salt_digest, score
from mesa_gym.traps import find_trap

CARDS = f"cards/{CORNER}"


def written(folder: Path, *seeds: int, weights: int = 0, **changes) -> Path:
    """A submission of graphs with random weights."""
    agents = [entry("onnx", f"s{seed}.onnx", seed, observation="planes") for seed in seeds or (0,)]
    submission(folder, *agents, **changes)
    for seed in seeds or (0,):
        rng = np.random.default_rng([seed, weights])
        (folder / f"s{seed}.onnx").write_bytes(linear(rng.normal(size=(CELLS, 5))))
    return folder


def render(out: Path) -> int:
    return leaderboard.main(["render", "--out", str(out)])


def contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.glob("*/*/*.json")}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A submission s of two agents that was scored into R at one go."""
    home = tmp_path_factory.mktemp("whole")
    assert submit(written(home / "s", 0, 1), home / "R") == 0
    return home


@pytest.fixture
def board(whole: Path, tmp_path: Path) -> Path:
    """A copy of its results to spoil."""
    shutil.copytree(whole / "R", tmp_path / "R")
    return tmp_path / "R"


# -- boards ----------------------------------------------------------------------------------------


def test_a_secret_board_has_references_of_the_same_levels(tmp_path: Path) -> None:
    assert submit(written(tmp_path / "s"), tmp_path / "R", "--salt", "secret") == 0
    cards = {c.policy: c for c in map(ScoreCard.load, (tmp_path / "R" / "cards").glob("*/*"))}
    assert cards.keys() == {"demo-s0", *references(find_trap(CORNER))}
    assert {card.provenance.salt for card in cards.values()} == {salt_digest("secret")}
    here = score("random", CORNER, 4, salt="secret").splits.test.normalized_return
    assert cards["random"].splits.test.normalized_return == here
    assert render(tmp_path / "R") == 0


@pytest.mark.parametrize("other", [["--salt", "mine"], ["--levels", "5"]])
def test_other_levels_do_not_come_onto_one_board(other, board, tmp_path, capsys) -> None:
    before = contents(board)
    assert submit(written(tmp_path / "t", name="late"), board, *other) == 2
    assert "was scored on 4 public levels" in capsys.readouterr().err
    assert contents(board) == before


def edited_versions(board: Path, **versions: str) -> None:
    for path in board.glob("cards/*/*.json"):
        card = json.loads(path.read_text())
        card["provenance"]["versions"] |= versions
        path.write_text(json.dumps(card))


def test_another_patch_release_of_python_is_the_same_board(board, tmp_path) -> None:
    edited_versions(board, python=f"{sys.version_info[0]}.{sys.version_info[1]}.99")
    assert submit(written(tmp_path / "t", name="late"), board) == 0
    assert render(board) == 0


@pytest.mark.parametrize("versions", [{"numpy": "1.0.0"}, {"python": "2.7.18"}])
def test_boards_of_other_versions_are_refused_before_scoring(
    versions, board, tmp_path, capsys
) -> None:
    edited_versions(board, **versions)
    before = contents(board)
    assert submit(written(tmp_path / "t", name="late"), board) == 2
    told = {"numpy": "numpy 1.0.0", "python": "python 2.7"}
    assert told[next(iter(versions))] in capsys.readouterr().err
    assert contents(board) == before


def test_the_greatest_seed_is_rendered(board, tmp_path) -> None:
    assert submit(written(tmp_path / "t", 999_999_999, name="late"), board) == 0
    assert render(board) == 0


def test_a_trace_of_other_samples_is_refused_before_scoring(board, tmp_path, capsys) -> None:
    """A board's cards are of one seed of the sampling, or `render` could not put them together."""
    folder = submission(tmp_path / "t", entry("trace", "x.trace"), name="late")
    record("random", CORNER, 4, seed=5).save(folder / "x.trace")
    assert submit(folder, board) == 2
    assert "with seed 5" in capsys.readouterr().err


# -- stopped, and gone on --------------------------------------------------------------------------


def test_an_interrupted_submission_goes_on_to_the_same_board(
    whole: Path, tmp_path: Path, monkeypatch, capsys
) -> None:
    scored = command.outcomes

    def interrupted(*arguments):
        yield next(scored(*arguments))
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "outcomes", interrupted)
    assert submit(whole / "s", tmp_path / "R") == 130
    assert "the same command goes on from there" in capsys.readouterr().err
    there = {path: path.stat().st_mtime_ns for path in contents(tmp_path / "R")}
    assert len([path for path in there if "demo" in path.name]) == 2
    monkeypatch.setattr(command, "outcomes", scored)
    assert submit(whole / "s", tmp_path / "R") == 0
    assert "2 of 2 agents scored (1 of them before)" in capsys.readouterr().err
    assert {path: path.stat().st_mtime_ns for path in there} == there
    found = {path.relative_to(tmp_path): data for path, data in contents(tmp_path / "R").items()}
    assert found == {p.relative_to(whole): data for p, data in contents(whole / "R").items()}


def test_what_is_scored_already_is_not_scored_again(whole, board, monkeypatch, capsys) -> None:
    monkeypatch.setattr(command, "outcomes", pytest.fail)
    assert submit(whole / "s", board) == 0
    assert "2 of 2 agents scored (2 of them before)" in capsys.readouterr().err


def test_seeds_can_be_added_later(board, tmp_path) -> None:
    before = contents(board)
    assert submit(written(tmp_path / "t", 0, 1, 2), board) == 0
    added = {path.name for path in contents(board).keys() - before.keys()}
    assert added == {"demo-s2.json"}
    assert contents(board).items() >= before.items()


@pytest.mark.parametrize(
    "changes",
    [{"weights": 1}, {"description": "Another"}, {"authors": ["B."]}, {"name": "Demo"}],
)
def test_cards_of_others_are_not_overwritten(changes, board, tmp_path, capsys) -> None:
    before = contents(board)
    assert submit(written(tmp_path / "t", 0, 1, **changes), board) == 2
    told = capsys.readouterr().err
    assert f"has an agent called '{changes.get('name', 'demo')}' already" in told
    assert contents(board) == before


def test_a_name_is_scored_once_at_a_time(board, tmp_path, capsys) -> None:
    before = contents(board)
    with claimed(board, "submit-late") as held:
        assert held
        assert submit(written(tmp_path / "t", name="Late"), board) == 2
    assert "'Late' is being scored into" in capsys.readouterr().err
    assert contents(board) == before


@pytest.mark.parametrize("kind", ["cards", "training"])
def test_results_that_cannot_be_written_are_noticed_first(
    kind: str, tmp_path: Path, monkeypatch, capsys
) -> None:
    """A folder of the kernel's, in which root may write as little."""
    monkeypatch.setattr(command, "score_references", pytest.fail)
    (tmp_path / "R" / kind).mkdir(parents=True)
    (tmp_path / "R" / kind / CORNER).symlink_to("/proc/self/net")
    assert submit(written(tmp_path / "s"), tmp_path / "R") == 2
    assert (
        f"nothing can be written into {tmp_path / 'R' / kind / CORNER}" in capsys.readouterr().err
    )


def test_a_damaged_card_on_the_board_is_named(board, tmp_path, capsys) -> None:
    damaged = board / CARDS / "stay.json"
    damaged.write_text("{")
    assert submit(written(tmp_path / "t", name="late"), board) == 2
    assert f"delete {damaged}, and score its policy again" in capsys.readouterr().err
