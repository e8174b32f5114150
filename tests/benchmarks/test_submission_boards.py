"""Onto which boards a submission comes, and beside what."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from submitted import CELLS, CORNER, entry, linear, submission

from benchmarks import leaderboard
from mesa_gym.policies import references
from mesa_gym.scoring import ScoreCard, salt_digest, score
from mesa_gym.traps import find_trap


def submitted(folder: Path, out: Path, *more: str, name: str = "demo") -> int:
    """The exit code for a submission of one graph."""
    submission(folder, entry("onnx", "s0.onnx", 0, observation="planes"), name=name)
    graph = linear(np.random.default_rng(0).normal(size=(CELLS, 5)))
    (folder / "s0.onnx").write_bytes(graph)
    return leaderboard.main(["submit", str(folder), "--out", str(out), "--levels", "4", *more])


def test_a_secret_board_has_references_of_the_same_levels(tmp_path) -> None:
    assert submitted(tmp_path / "s", tmp_path / "R", "--salt", "secret") == 0
    cards = {c.policy: c for c in map(ScoreCard.load, (tmp_path / "R" / "cards").glob("*/*"))}
    assert cards.keys() == {"demo-s0", *references(find_trap(CORNER))}
    assert {card.provenance.salt for card in cards.values()} == {salt_digest("secret")}
    here = score("random", CORNER, 4, salt="secret").splits.test.normalized_return
    assert cards["random"].splits.test.normalized_return == here
    assert leaderboard.main(["render", "--out", str(tmp_path / "R")]) == 0


@pytest.mark.parametrize("other", [["--salt", "mine"], ["--levels", "5"]])
def test_other_levels_do_not_come_onto_one_board(other, tmp_path, capsys) -> None:
    results = tmp_path / "R"
    assert submitted(tmp_path / "s", results) == 0
    before = {path: path.read_bytes() for path in results.glob("*/*/*")}
    assert submitted(tmp_path / "t", results, *other, name="late") == 2
    assert "was scored on 4 public levels" in capsys.readouterr().err
    assert {path: path.read_bytes() for path in results.glob("*/*/*")} == before
