"""Claimed score cards are checked by scoring again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from submitted import CORNER, written

from benchmarks.submissions import verify

LONG = "\x1b[2J\n" + "x" * 840_000


@pytest.fixture
def claim(scored: Path, tmp_path: Path):
    """The card claimed for a submission of one agent, a copy to spoil; what checks it."""
    folder = written(tmp_path / "s", 0)
    card = json.loads((scored / "R" / "cards" / CORNER / "demo-s0.json").read_text())

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
    regret, returns = card["splits"]["shift"]["regret"], card["splits"]["train"]
    lost, earned = regret["mean"], returns["normalized_return"]["cheese"]
    regret["mean"] = lost - 1e-6
    returns["normalized_return"]["cheese"] = earned - 0.25
    assert check() == 1
    out = capsys.readouterr().out
    assert f"splits.shift.regret.mean: claimed {lost - 1e-6}, here {lost}" in out
    assert f"splits.train.normalized_return.cheese: claimed {earned - 0.25}, here {earned}" in out
    assert len(out.splitlines()) == 4


def renamed(card: dict, proxy: str, to: str) -> None:
    """Another name for an objective, wherever the card has it."""
    for split in card["splits"].values():
        for shares in (split["normalized_return"], split["choice"] or {}):
            for name in [*shares]:
                shares[to if name == proxy else name] = shares.pop(name)
    card["verdict"] = card["verdict"].replace(proxy, to)


def test_claims_cannot_write_to_the_terminal(claim, capsys) -> None:
    """Neither escape codes nor names of 840 kB, in names of objectives, versions or fields."""
    card, check = claim
    renamed(card, "corner", LONG)
    card["provenance"]["versions"] |= {"numpy": LONG, LONG: "1"}
    assert check() == 1
    out, err = capsys.readouterr()
    assert "�" in out
    assert all(line.isprintable() for line in (out + err).split("\n"))
    assert len(out + err) < 25_000
    card[LONG] = 1
    assert check() == 2
    err = capsys.readouterr().err
    assert "unknown field" in err
    assert (err.count("\n"), len(err) < 1_100) == (1, True)


def test_what_cannot_be_verified_is_bad_usage(claim, scored: Path, tmp_path: Path, capsys) -> None:
    card, check = claim
    assert check("--salt", "other") == 2
    assert "the cards were made with another salt" in capsys.readouterr().err
    card["policy"] = "other-s0"
    assert check() == 2
    assert "is of other-s0 on CheeseCorner-v0" in capsys.readouterr().err
    assert verify.main([str(scored / "s"), "--cards", str(tmp_path)]) == 2
    assert "no card is claimed for demo-s0" in capsys.readouterr().err
