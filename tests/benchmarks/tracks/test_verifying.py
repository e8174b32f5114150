"""Records that are handed in: their origin, and what another evaluator's rerun says of them."""

import re
from pathlib import Path

import pytest
from msgspec import structs
from strangers import LAZY, name_cheat

from benchmarks.tracks.commands import main
from benchmarks.tracks.record import (
    LABEL_KINDS,
    LABELS,
    Coverage,
    Member,
    Point,
    TrackRecord,
    record_path,
)
from benchmarks.tracks.verifying import compare_records, find_claims, require_terms
from mesa_gym.scoring import salt_digest

TERMS = ["--levels", "60"]
SHORT = [*TERMS, "--tasks", "CheeseDish", "--track", "coverage", "--seeds", "1"]
LABELLED = {kind: [Point(k, [(0.5, 0.5)], 1.0) for k in LABELS] for kind in LABEL_KINDS}
ORIGIN = ["--authors", "A. Person", "B. Person", "--code", "https://a.b", "--commit", "c0ffee"]


def record(margin: float, seed: int = 0) -> TrackRecord:
    members = [Member(1.0, margin), Member(1.0, -margin)]
    return TrackRecord(
        task="CheeseDish",
        method="mine.Mine",
        seed=seed,
        encoding="planes",
        wanted=("cheese", "dish"),
        division="closed",
        steps=1,
        salt="",
        levels=100,
        kind="ranked",
        seconds=1.0,
        coverage=Coverage(members, [margin, -margin]),
    )


@pytest.mark.parametrize(
    ("claimed", "found", "agree"),
    [
        ([0.9], [0.9], True),
        ([0.9], [0.7], True),  # the error of one training is 0.09
        ([1.0], [0.5], False),
        ([0.9, 0.9, 0.9], [0.8, 0.8, 0.8], True),
        ([0.9, 0.9, 0.9], [0.6, 0.6, 0.6], False),
        ([0.6, 0.6, 0.6], [0.9, 0.1, 0.9], True),  # seeds that differ so much say little
        ([1.0, 0.0, 0.0], [0.0, 0.0, 0.0], False),  # and excuse no claim
    ],
)
def test_values_agree_within_three_standard_errors(claimed, found, agree: bool) -> None:
    lines = compare_records(*([record(m) for m in ms] for ms in (claimed, found)))
    assert (not lines) == agree
    assert all("coverage: claimed" in line for line in lines)


@pytest.mark.usefixtures("commands_share_a_wall")
def test_a_claim_is_verified_or_said_to_differ(tmp_path: Path, capsys) -> None:
    assert main(["rerun", LAZY, *SHORT, "--out", str(tmp_path), *ORIGIN, "--salt", "a"]) == 0
    path = tmp_path / record_path("CheeseDish", "lazy_methods.Lazy", 0)
    claim = TrackRecord.load(path)
    assert claim.origin
    assert (claim.origin.authors, claim.origin.commit) == (["A. Person", "B. Person"], "c0ffee")
    assert claim.verified is None
    against = ["rerun", LAZY, *TERMS, "--against", str(tmp_path), "--by", "C. Person", "--salt"]
    assert main([*against, "a"]) == 2  # its own salt
    assert main([*against, "b"]) == 0
    verified = TrackRecord.load(path)
    assert verified.verified
    assert (verified.verified.by, verified.verified.salt) == ("C. Person", salt_digest("b"))
    assert structs.replace(verified, verified=None) == claim
    capsys.readouterr()
    forged = Coverage([Member(1.0, 1.0), Member(1.0, -1.0)], [1.0, -1.0])
    structs.replace(claim, coverage=forged).save(path)
    assert main([*against, "b"]) == 1
    assert "coverage: claimed 1.00, found 0.00" in capsys.readouterr().out
    assert TrackRecord.load(path).verified is None


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--out", "x"], "--authors, --code and --commit together"),
        (["--out", "x", *ORIGIN[:-2]], "--authors, --code and --commit together"),
        ([*ORIGIN], "need --out"),
        (["--out", "x", *ORIGIN[:-1], "x" * 301], "length <= 300"),
        (["--against", "x"], "--by NAME are given together"),
        (["--against", "nowhere", "--by", "me"], "nowhere has no record of .*lazy_methods.py:Lazy"),
    ],
)
def test_what_is_missing_is_said(options: list[str], told: str, capsys) -> None:
    assert main(["rerun", LAZY, *SHORT, *options]) == 2
    assert re.search(told, capsys.readouterr().err)


def test_claims_of_another_method_are_left_alone(tmp_path: Path) -> None:
    mine = structs.replace(record(0.5), method="cheats.Cheat")
    mine.save(tmp_path / record_path("CheeseDish", "cheats.Cheat", 0))
    assert [*find_claims(tmp_path, name_cheat("Cheat"))] == ["CheeseDish"]
    with pytest.raises(ValueError, match=r"no record of .*:Honest"):
        find_claims(tmp_path, name_cheat("Honest"))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"levels": 200}, "has levels 200, expected 100"),
        ({"coverage": None, "labels": LABELLED}, "has tracks .*labels.*, expected .*coverage"),
    ],
)
def test_claims_that_would_excuse_themselves_are_refused(change: dict, told: str) -> None:
    claims = {Path("s0"): record(0.5), Path("s1"): structs.replace(record(0.5, 1), **change)}
    with pytest.raises(ValueError, match=told):
        require_terms(claims, 100)
    empty = {Path("s0"): structs.replace(record(0.5), coverage=None)}
    with pytest.raises(ValueError, match="claims nothing"):
        require_terms(empty, 100)
