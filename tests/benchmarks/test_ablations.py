"""Ablations: one change each, trained and scored once."""

from __future__ import annotations

import json
import pickle
import runpy
import sys
from pathlib import Path

import at_once
import pytest

from agents import train
from agents.lesson import Lesson
from agents.saving import load
from benchmarks.leaderboard.processes import Unit
from benchmarks.leaderboard.results import Results
from benchmarks.studies.ablations import STUDY, Change, ChangedLesson, change_units, table
from mesa_gym.envs.vector import TrapVectorEnv
from mesa_gym.policies import read_policy_file
from mesa_gym.traps import Split, find_trap

EXTRA = {"curves": ("steps", "--traps", "CheeseCorner")}
WIDER = Change("CheeseCorner", {"size": 11}, {"gamma": 0.5}, alpha=0.25)


@pytest.fixture
def results(tmp_path, monkeypatch):
    monkeypatch.setattr(train, "steps_for", lambda trap: 1)  # one rollout
    return Results(tmp_path)


def done(change, results):
    """The names of what was left to do, and now is done."""
    units = [unit for unit in change_units([change], 1, 4) if not unit.done(results)]
    at_once.run(units, results.folder)
    return [unit.name for unit in units]


def test_an_agent_is_trained_with_the_change_and_scored_once(results, monkeypatch):
    from agents import ppo

    given = []
    trained = ppo.trained

    def spied(lesson, variation):
        given.append(lesson)
        return trained(lesson, variation)

    monkeypatch.setattr(ppo, "trained", spied)
    name = "CheeseCorner-ppo-alpha0.25-levels30000-base-size11-gamma0.5-s0"
    assert done(WIDER, results) == [name]
    (lesson,) = given
    trap = lesson.trap
    assert (repr(trap), lesson.seeds, lesson.discount) == ("CheeseCorner-v0(size=11x11)", (0,), 0.5)
    assert (lesson.alpha, lesson.reward, lesson.num_levels) == (0.25, "cheese", 30_000)
    entries = read_policy_file(results.folder / "agents" / name)
    assert (entries["size"], entries["gamma"], entries["seed"]) == ([11, 11], 0.5, 0)
    load(results.folder / "agents" / name, trap)
    card = json.loads((results.folder / "cards" / "CheeseCorner-v0" / f"{name}.json").read_text())
    assert card["provenance"]["trap"] == "CheeseCorner-v0(size=11x11)"
    assert done(WIDER, results) == []
    (row,) = table([WIDER], 1, results).splitlines()[2:]
    assert row.startswith("| CheeseCorner-v0 | 0.25 | size 11, gamma 0.5 | 1 |")


def test_a_changed_time_limit_is_that_of_the_environments():
    trap = find_trap("MonsterWorld")()
    for limit, horizon in ((200, 200), (None, trap.horizon(Split.TRAIN))):
        lesson = ChangedLesson(trap, (0,), 1, max_steps=limit)
        assert TrapVectorEnv(trap.name(), 1, **lesson.keywords()).settings.max_steps == horizon
        assert lesson.discount == Lesson(trap, (0,), 1).discount


def test_the_study_changes_what_it_says():
    sizes = [change.trap().size for change in STUDY]
    assert sizes == [(13, 13), *[find_trap(change.name)().size for change in STUDY[1:]]]
    assert [change.what for change in STUDY] == [{"size": 13}, {"gamma": 0.99}, {"max_steps": 200}]
    assert len({change.agent(0) for change in STUDY}) == len(STUDY)


@pytest.mark.parametrize("study", ["ablations", "calibrate", "curves"])
def test_workers_find_what_a_study_sends_them(
    study: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[bytes] = []

    def run(units: list[Unit], *rest: object) -> dict[str, str]:
        sent.extend(map(pickle.dumps, units))
        return {"all": "it is a test"}

    monkeypatch.setattr("benchmarks.leaderboard.runner.run", run)
    monkeypatch.setattr(sys, "argv", [study, *EXTRA.get(study, ()), "--out", str(tmp_path)])
    # As in a process of its own, in which nothing has imported the module.
    monkeypatch.delitem(sys.modules, f"benchmarks.studies.{study}", raising=False)
    monkeypatch.delattr(f"benchmarks.studies.{study}", raising=False)
    with pytest.raises(SystemExit):
        runpy.run_module(f"benchmarks.studies.{study}", run_name="__main__")
    assert sent
    # A worker's own __main__ is another module.
    assert not any(b"__main__" in unit for unit in sent)
