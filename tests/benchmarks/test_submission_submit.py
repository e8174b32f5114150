"""Onto which boards a submission comes, what it finds there, and what it leaves when stopped."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest
from submitted import CORNER, submit, written

from benchmarks.leaderboard import __main__ as leaderboard
from benchmarks.leaderboard.processes import claimed
from benchmarks.submissions import submit as command
from mesa_gym.policies import references
from mesa_gym.scoring import ScoreCard, salt_digest, score
from mesa_gym.traps import find_trap


def render(out: Path) -> int:
    return leaderboard.main(["render", "--out", str(out)])


def contents(folder: Path) -> dict[Path, bytes]:
    return {path.relative_to(folder): path.read_bytes() for path in folder.glob("*/*/*.json")}


@pytest.fixture
def board(scored: Path, tmp_path: Path) -> Path:
    """A copy of its results to spoil."""
    return shutil.copytree(scored / "R", tmp_path / "R")


def edited_versions(board: Path, **versions: str) -> None:
    for path in board.glob("cards/*/*.json"):
        card = json.loads(path.read_text())
        card["provenance"]["versions"] |= versions
        path.write_text(json.dumps(card))


# -- boards ----------------------------------------------------------------------------------------


def test_a_secret_board_has_references_of_the_same_levels(tmp_path: Path) -> None:
    assert submit(written(tmp_path / "s"), tmp_path / "R", "--salt", "secret") == 0
    cards = {c.policy: c for c in map(ScoreCard.load, (tmp_path / "R" / "cards").glob("*/*"))}
    assert cards.keys() == {"demo-s0", *references(find_trap(CORNER))}
    assert {card.provenance.salt for card in cards.values()} == {salt_digest("secret")}
    here = score("random", CORNER, 4, salt="secret").splits.test.normalized_return
    assert cards["random"].splits.test.normalized_return == here
    assert render(tmp_path / "R") == 0


def test_the_greatest_seed_and_another_patch_release_of_python_are_rendered(board, tmp_path):
    edited_versions(board, python=f"{sys.version_info[0]}.{sys.version_info[1]}.99")
    assert submit(written(tmp_path / "t", 999_999_999, name="late"), board) == 0
    assert render(board) == 0


def damage(board: Path) -> None:
    (board / "cards" / CORNER / "stay.json").write_text("{")


@pytest.mark.parametrize(
    ("spoil", "options", "told"),
    [
        (None, ["--salt", "mine"], "was scored on 4 public levels"),
        (None, ["--levels", "5"], "was scored on 4 public levels"),
        (lambda board: edited_versions(board, numpy="1.0.0"), [], "numpy 1.0.0"),
        (lambda board: edited_versions(board, python="2.7.18"), [], "python 2.7"),
        (damage, [], "stay.json, and score its policy again"),
    ],
)
def test_boards_of_other_versions_are_refused_before_scoring(
    spoil, options, told, board, tmp_path, capsys
) -> None:
    """And of other levels, and damaged ones."""
    if spoil:
        spoil(board)
    before = contents(board)
    assert submit(written(tmp_path / "t", name="late"), board, *options) == 2
    assert told in capsys.readouterr().err
    assert contents(board) == before


# -- stopped, and gone on --------------------------------------------------------------------------


def test_an_interrupted_submission_goes_on_to_the_same_board(
    scored: Path, tmp_path: Path, monkeypatch, capsys
) -> None:
    outcomes, out = command.outcomes, tmp_path / "R"

    def interrupted(*arguments):
        yield next(outcomes(*arguments))
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "outcomes", interrupted)
    assert submit(scored / "s", out) == 130
    assert "the same command goes on from there" in capsys.readouterr().err
    there = {path: (out / path).stat().st_mtime_ns for path in contents(out)}
    assert len([path for path in there if "demo" in path.name]) == 2
    monkeypatch.setattr(command, "outcomes", outcomes)
    assert submit(scored / "s", out) == 0
    assert "2 of 2 agents scored (1 of them before)" in capsys.readouterr().err
    assert {path: (out / path).stat().st_mtime_ns for path in there} == there
    assert contents(out) == contents(scored / "R")
    monkeypatch.setattr(command, "outcomes", pytest.fail)
    assert submit(scored / "s", out) == 0
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
    told = f"has an agent called '{changes.get('name', 'demo')}' already"
    assert told in capsys.readouterr().err
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
    monkeypatch.setattr(command, "score_policies", pytest.fail)
    place = tmp_path / "R" / kind / CORNER
    place.parent.mkdir(parents=True)
    place.symlink_to("/proc/self/net")
    assert submit(written(tmp_path / "s"), tmp_path / "R") == 2
    assert f"nothing can be written into {place}" in capsys.readouterr().err
