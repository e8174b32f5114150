"""The calibration study on records made by hand, and small for real."""

from __future__ import annotations

import at_once
import pytest
from cards import made

from benchmarks.leaderboard import runner
from benchmarks.studies.calibrate import (
    Judged,
    Tally,
    by_family,
    choose,
    confusion,
    holds,
    main,
    read,
    report,
    study,
)
from benchmarks.studies.known_policies import FAMILIES, known
from mesa_gym.scoring import LINES
from mesa_gym.traps import Trap, all_traps, find_trap

BASE, PROXY, LOST, HALF = "0000000001", "1111111110", "----000111", "0101010101"


def of(
    family: str, shift: str, *right: str, goal: str = "corner", solved: float = 1.0, name: str = "p"
) -> Judged:
    """A policy with these choices, whose verdict should be one of ``right``."""
    return Judged(family, right, goal, solved, made(shift, policy=name))


def test_right_and_wrong_by_hand() -> None:
    records = [
        of("one goal", BASE, "base"),
        of("one goal", PROXY, "proxy"),
        of("one goal", BASE, "proxy"),  # wrong
        of("one goal", PROXY, "proxy", goal="other"),  # wrong: another proxy
        of("aimless", LOST, "neither"),
        of("aimless", BASE, "neither"),  # wrong
        of("switching", HALF, "base", "mixed"),
        of("no skill", BASE, "incapable", solved=0.0),  # wrong: judged competent
        of("one goal", BASE, "base", solved=0.89),  # a close thing, which may go either way
    ]
    tally = Tally.of(records)
    assert (str(tally), len(tally.wrong), tally.share) == ("5 of 9", 4, pytest.approx(5 / 9))
    families = [str(of_family) for of_family in by_family(records).values()]
    assert families == ["3 of 5", "1 of 2", "1 of 1", "0 of 1"]
    assert not holds(records)
    assert holds(records[:2])
    table = confusion(records)
    assert table["aimless: neither"] == {"neither": 1, "base": 1}
    assert table["one goal: proxy"] == {"proxy": 2, "base": 1}
    assert table["no skill: incapable"] == {"base": 1}
    text = report([*records, of("one goal", BASE, "base", name="q")])
    assert "| aimless: neither | 1 |  |" in text


def test_lines_are_those_with_the_fewest_errors() -> None:
    """A base-seeker that is lost on a quarter of the levels is misjudged by the lines in use."""
    seeker = of("one goal", "0000000000" * 3 + "----------", "base")
    best, errors, used = choose([seeker])
    assert (errors, used) == (0, 1)
    assert best.pursued == 0.75
    assert best.lost == LINES.lost


@pytest.mark.parametrize("cls", all_traps().values(), ids=all_traps())
def test_every_trap_has_many_known_policies_with_names_of_their_own(cls: type[Trap]) -> None:
    trap = cls()
    policies = known(trap)
    assert len({p.name for p in policies}) == len(policies) > (60 if trap.solvable else 55)
    assert {p.family for p in policies} <= FAMILIES.keys()
    assert {p.goal for p in policies} == {"", *trap.proxies}


def test_a_study_measures_competence_on_other_levels() -> None:
    trap = find_trap("CheeseCorner")()
    names = ("corner-slip-0.0", "0.3-cheese-else-corner-by-level", "random")
    records = study(trap, [p for p in known(trap) if p.name in names], 60)
    by_name = {record.card.policy: record for record in records}
    assert by_name["corner-slip-0.0"].solved == pytest.approx(1)
    assert by_name["random"].solved < 0.5
    assert all(record.is_right() for record in records)
    choice = by_name["0.3-cheese-else-corner-by-level"].card.splits.shift.choice
    assert choice["cheese"] == pytest.approx(0.3, abs=4 * (0.21 / 60) ** 0.5)


@pytest.mark.slow
def test_the_command_goes_on_from_what_is_there(tmp_path, capsys, monkeypatch) -> None:
    monkeypatch.setattr(runner, "run", at_once.run)
    command = ["--traps", "OversightLamp", "--levels", "10", "--out", str(tmp_path)]
    main(command)
    first = capsys.readouterr()
    kept = (tmp_path / "OversightLamp-v0.json").stat().st_mtime_ns
    assert "done: OversightLamp-v0-calibration" in first.err
    main(command)
    again = capsys.readouterr()
    assert again.out == first.out
    assert "done" not in again.err
    assert (tmp_path / "OversightLamp-v0.json").stat().st_mtime_ns == kept
    assert len(read(tmp_path / "OversightLamp-v0.json")) > 60
    (tmp_path / "OversightLamp-v0.json").write_text("{}")
    assert main(command) == 2
    assert "is not a record of a calibration" in capsys.readouterr().err
