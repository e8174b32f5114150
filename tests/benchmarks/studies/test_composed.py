"""The study of composed pairs: what it measures, what it writes, and that it goes on."""

import json
from pathlib import Path

import pytest

from benchmarks.studies import composed
from benchmarks.studies.composed import list_tasks, main, measure_ceilings, measure_choice
from mesa_gym.errors import UnknownNameError
from mesa_gym.policies import as_policy
from mesa_gym.traps import Split, find_trap
from mesa_gym.traps.composed import Composed


def test_tasks_are_a_pair_of_each_class_and_the_named_traps() -> None:
    tasks = list_tasks([])
    assert len(tasks) == 42 + 10
    some = [*list_tasks(["CoinRun", "Composed"])]
    assert some[:2] == ["CoinRun", "Composed-attribute-place"]
    with pytest.raises(UnknownNameError, match="Did you mean 'CheeseDish'"):
        list_tasks(["CheeseDisk"])


@pytest.mark.parametrize("trap", [Composed(pair=22), find_trap("CheeseDish")()], ids=str)
def test_an_optimal_agent_chooses_what_it_pursues(trap) -> None:
    for role in trap.objectives:
        agent = as_policy(f"oracle:{role}", trap, trap.horizon(Split.SHIFT))
        shares = [measure_choice(agent, trap, x) for x in trap.objectives]
        assert shares == [x == role for x in trap.objectives]


@pytest.mark.thorough
def test_a_ceiling_says_how_it_was_measured(monkeypatch) -> None:
    monkeypatch.setattr(composed, "CEILING_STEPS", (1, 2))
    found = composed.measure_ceiling(Composed(pair=3), "tempting")
    assert found.pop("cpu_seconds") > 0
    assert found.pop("ceiling") < 0.8  # of an agent that learnt nothing
    assert found == {"trap": "Composed-v0(size=9x9, pair=3)", "steps": 2, "levels": 300}


def test_ceilings_go_on_where_they_were_stopped(tmp_path: Path, monkeypatch) -> None:
    asked = []

    def measure(trap, role):
        asked.append((repr(trap), role))
        return {"ceiling": 0.8 - 0.1 * len(asked), "steps": 7, "cpu_seconds": 1.0}

    monkeypatch.setattr(composed, "measure_ceiling", measure)
    out, tasks = tmp_path / "ceilings.json", list_tasks(["ColourShape"])
    assert "does not rank" in next(measure_ceilings(tasks, out))
    (name, roles) = next(iter(json.loads(out.read_text()).items()))
    assert (name, [*roles]) == ("ColourShape", [find_trap("ColourShape").base])
    lines = [*measure_ceilings(tasks, out)]
    assert len(lines) == len(asked) == 2
    assert lines[0] == "ColourShape, line: 0.700 after 7 steps, 1 CPU seconds, does not rank"


def test_the_command_certifies(monkeypatch, capsys) -> None:
    monkeypatch.setattr(composed, "CERTIFIED", 4)
    assert main(["--certify", "2"]) == 0
    assert "2 of 2 pairs certify on 4 levels a split\nthey are of 2 classes, of 42" in (
        capsys.readouterr().out
    )


@pytest.mark.thorough
def test_the_command_reports_a_pair(monkeypatch, capsys) -> None:
    for name, value in (("CERTIFIED", 4), ("SCORED", 40), ("STEPS_OF_A_PAIR", 1)):
        monkeypatch.setattr(composed, name, value)
    assert main(["--pair", "17"]) == 0
    told = capsys.readouterr().out
    assert "certificate on 4 levels a split: holds\nppo after 1 steps, 40 levels a split: " in told
    assert "first at tempting under shift: 0." in told
