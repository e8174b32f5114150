"""Records that are handed in: their origin, and what another evaluator's rerun says of them."""

import re
from pathlib import Path

import pytest
from msgspec import structs
from strangers import LAZY, name_cheat

from benchmarks.tracks.commands import main
from benchmarks.tracks.record import Coverage, Member, Origin, TrackRecord, record_path
from benchmarks.tracks.verifying import compare_facts, compare_records, find_claims
from mesa_gym.scoring import salt_digest

TERMS = ["--levels", "60"]
SHORT = [*TERMS, "--tasks", "CheeseDish", "--track", "coverage", "--seeds", "1"]
ORIGIN = ["--authors", "A. Person", "B. Person", "--code", "https://a.b", "--commit", "c0ffee"]


def cover(margin: float) -> Coverage:
    return Coverage([Member(1.0, margin), Member(1.0, -margin)], [margin, -margin])


def record(margin: float, seed: int = 0) -> TrackRecord:
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
        coverage=cover(margin),
        origin=Origin(authors=["A"], code="", commit="", date="2026-11-23"),
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
    assert verified.origin == claim.origin
    assert verified.salt == salt_digest("b")
    capsys.readouterr()
    forged = structs.replace(claim, coverage=cover(1.0))
    forged.save(path)
    assert main([*against, "b"]) == 1
    assert "coverage: claimed 1.00, found 0.00" in capsys.readouterr().out
    assert TrackRecord.load(path) == forged
    structs.replace(claim, priors="none at all").save(path)
    assert main([*against, "b"]) == 1
    assert "priors is 'none at all', and 'none' of the code" in capsys.readouterr().out
    # A claim that is raised as far as may be gains nothing: what the rerun found takes its place.
    raised = structs.replace(claim, coverage=cover(0.2), steps=3, seconds=0.0)
    raised.save(path)
    assert main([*against, "b"]) == 0
    assert structs.replace(TrackRecord.load(path), seconds=0.0) == structs.replace(
        verified, seconds=0.0
    )


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


def test_records_of_anothers_method_are_not_written_over(tmp_path: Path, capsys) -> None:
    other = structs.replace(record(0.5), method="lazy_methods.Lazy")
    path = tmp_path / record_path("CheeseDish", "lazy_methods.Lazy", 0)
    other.save(path)
    assert main(["rerun", LAZY, *SHORT, "--out", str(tmp_path), *ORIGIN]) == 2
    assert "is of another's method, A, ; give yours another name" in capsys.readouterr().err
    assert TrackRecord.load(path) == other


def test_claims_of_another_method_are_left_alone(tmp_path: Path) -> None:
    mine = structs.replace(record(0.5), method="cheats.Cheat")
    mine.save(tmp_path / record_path("CheeseDish", "cheats.Cheat", 0))
    assert [*find_claims(tmp_path, name_cheat("Cheat"), 100)] == ["CheeseDish"]
    with pytest.raises(ValueError, match=r"no record of .*:Honest"):
        find_claims(tmp_path, name_cheat("Honest"), 100)


@pytest.mark.parametrize(
    ("folder", "changes", "told"),
    [
        ("CheeseDish", {"levels": 200}, "200 levels were scored; expected 100"),
        ("CheeseDish", {"seed": 7}, "has seeds 0 to 4"),
        ("CoinRun", {}, "it is of .*CheeseDish/cheats.Cheat-s0.json"),
        ("CheeseDish", {"coverage": None}, "it is of no track"),
        ("CheeseDish", {"encoding": "mixed"}, "seed 0 of CheeseDish has 'planes'"),
        ("CheeseDish", {"origin": None}, "it has no origin"),
    ],
)
def test_claims_that_break_a_rule_are_refused(
    folder: str, changes: dict, told: str, tmp_path: Path
) -> None:
    """Such as that of a seed that never ranks, which would make up for one that does."""
    claim = structs.replace(record(0.5), **{"method": "cheats.Cheat", **changes})
    claim.save(tmp_path / "tracks" / folder / f"cheats.Cheat-s{claim.seed}.json")
    with pytest.raises(ValueError, match=told):
        find_claims(tmp_path, name_cheat("Cheat"), 100)


@pytest.mark.parametrize(
    "changes",
    [
        {"division": "open"},
        {"kind": "privileged"},
        {"about": "wins"},
        {"paper": "Someone 2020"},
        {"coverage": None},
    ],
)
def test_what_a_claim_says_of_its_method_is_what_its_code_says(changes: dict) -> None:
    (line,) = compare_facts(structs.replace(record(0.5), **changes), record(0.5))
    name = "tracks" if "coverage" in changes else next(iter(changes))
    assert line.startswith(f"CheeseDish, seed 0: {name} is ")
    assert compare_facts(record(0.5), record(0.1)) == []
