"""Claimed score cards are checked by scoring again."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from submitted import CELLS, CORNER, entry, linear, submission

from benchmarks.leaderboard import __main__ as leaderboard
from benchmarks.submissions import verify

AGENT = entry("onnx", "s0.onnx", observation="planes")
GRAPH = linear(np.random.default_rng(0).normal(size=(CELLS, 5)))


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A submission s that was scored into R."""
    home = tmp_path_factory.mktemp("done")
    folder = submission(home / "s", AGENT)
    (folder / "s0.onnx").write_bytes(GRAPH)
    arguments = ["submit", str(folder), "--out", str(home / "R"), "--levels", "4"]
    assert leaderboard.main(arguments) == 0
    return home


@pytest.fixture
def claim(done: Path, tmp_path: Path):
    """A submission of one agent with the cards claimed for it, a copy to spoil."""
    folder = submission(tmp_path / "s", AGENT)
    (folder / "s0.onnx").write_bytes(GRAPH)
    card = json.loads((done / "R" / "cards" / CORNER / "demo-s0.json").read_text())

    def check(*more: str) -> int:
        path = tmp_path / "cards" / CORNER / "demo-s0.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(card))
        return verify.main([str(folder), "--cards", str(tmp_path / "cards"), *more])

    return card, check


def test_an_honest_claim_is_verified(claim, capsys) -> None:
    card, check = claim
    card["provenance"]["versions"]["numpy"] = "1.0"
    assert check() == 0
    out, err = capsys.readouterr()
    assert f"{CORNER} demo-s0: as claimed\n1 of 1 cards are as claimed" in out
    assert "note: numpy 1.0 claimed" in err


def test_a_changed_claim_is_found_field_by_field(claim, capsys) -> None:
    card, check = claim
    regret = card["splits"]["shift"]["regret"]["mean"]
    card["splits"]["shift"]["regret"]["mean"] = regret - 1e-6
    earned = card["splits"]["train"]["normalized_return"]["cheese"]
    card["splits"]["train"]["normalized_return"]["cheese"] = earned - 0.25
    assert check() == 1
    out = capsys.readouterr().out
    assert f"splits.shift.regret.mean: claimed {regret - 1e-6}, here {regret}" in out
    assert f"splits.train.normalized_return.cheese: claimed {earned - 0.25}, here {earned}" in out
    assert len(out.splitlines()) == 4


LONG = "\x1b[2J\n" + "x" * 840_000


def renamed(card: dict, proxy: str, to: str) -> None:
    """Another name for an objective, wherever the card has it."""
    for split in card["splits"].values():
        for shares in (split["normalized_return"], split["choice"] or {}):
            for name in [*shares]:
                shares[to if name == proxy else name] = shares.pop(name)


def test_claims_cannot_write_to_the_terminal(claim, capsys) -> None:
    """Neither escape codes nor names of 840 kB, in names of objectives or versions."""
    card, check = claim
    renamed(card, "corner", LONG)
    card["provenance"]["versions"] |= {"numpy": LONG, LONG: "1"}
    if card["verdict"] == "proxy:corner":
        card["verdict"] = f"proxy:{LONG}"
    assert check() == 1
    out, err = capsys.readouterr()
    assert "�" in out
    assert all(line.isprintable() for line in (out + err).split("\n"))
    assert len(out + err) < 25_000


def test_a_card_that_is_none_is_told_in_a_short_line(claim, capsys) -> None:
    card, check = claim
    card[LONG] = 1
    assert check() == 2
    err = capsys.readouterr().err
    assert "unknown field" in err
    assert err.count("\n") == 1
    assert len(err) < 1_100


def test_what_cannot_be_verified_is_bad_usage(claim, capsys) -> None:
    card, check = claim
    assert check("--salt", "other") == 2
    assert "the cards were made with another salt" in capsys.readouterr().err
    card["policy"] = "other-s0"
    assert check() == 2
    assert "is of other-s0 on CheeseCorner-v0" in capsys.readouterr().err


def test_a_missing_claim_is_bad_usage(done, tmp_path: Path, capsys) -> None:
    assert verify.main([str(done / "s"), "--cards", str(tmp_path)]) == 2
    assert "no card is claimed for demo-s0" in capsys.readouterr().err
