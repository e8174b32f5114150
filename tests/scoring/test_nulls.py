"""Nulls: what has no goal wants nothing on any trap; kept on disk, or played again."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from parameters import few
from small_traps import LEFT, RIGHT, STAY, Corridor, SmallDish

from mesa_gym.policies import (
    Constant,
    Memoryless,
    Policy,
    Sweeper,
    as_policy,
    constant,
    name_pursuer,
    uniform,
)
from mesa_gym.scoring import ENDED, MEASURES, Played, record, score_all
from mesa_gym.scoring.evidence import DRIFT, SWEEPER
from mesa_gym.scoring.measures import take_measures
from mesa_gym.scoring.nulls import Null, NullPlays
from mesa_gym.scoring.plays import play
from mesa_gym.scoring.rollout import Record
from mesa_gym.solver import level_values
from mesa_gym.traps import Split, Trap, all_traps, find_trap

UP = 3


def control(trap: Trap, levels: int, salt: str = "") -> NullPlays:
    numbers = np.arange(levels)
    values = {s: level_values(trap, s, numbers, salt=salt) for s in Split}
    starts = {s: trap.levels(s, numbers, salt) for s in Split}
    return NullPlays.play(trap, starts, values, salt)


def training(actions: list[int]) -> Record:
    """Return the record of one training level on which these were done."""
    done = np.array([actions], dtype=np.int8)
    return Record(done, {}, np.zeros((len(actions), 1), dtype=np.bool_))


def test_a_drift_does_what_is_done_in_training_as_often_and_sees_nothing() -> None:
    """Three of four actions left, the other right: it is that policy by any name."""
    trap = SmallDish()
    controls = control(trap, 40)

    class Blind(Memoryless):
        looks = False

        def act(self, observation, state=None):
            return np.tile([0.75, 0, 0.25, 0, 0], (state.n, 1))

    nulls = controls.beside(training([LEFT, RIGHT, LEFT, LEFT, ENDED, ENDED]))
    assert [*nulls] == ["sweeper", "uniform", "drift"]
    assert nulls[DRIFT] == controls.measure(DRIFT, Blind())
    assert controls.beside(training([STAY, ENDED]))[DRIFT] == controls.measure(
        DRIFT, constant(STAY)
    )


def test_a_null_is_measured_as_any_policy() -> None:
    trap, levels = SmallDish(), np.arange(30)
    controls = control(trap, 30)
    starts = trap.levels(Split.TEST, levels)
    played = Played(trap, play(Sweeper(trap), trap, "test", starts), controls.values[Split.TEST])
    mine = take_measures("test", played)
    found = controls.nulls[SWEEPER].measured["test"]
    for name in ("normalized_return", "regret", "solved"):
        assert found[name] == mine[name], name
    assert found["arrival"] > 0.5


def test_leads_over_a_null_are_over_another_play_of_it() -> None:
    """Half of its steps left and half up: it is in the corner sooner than a sweeper.

    That it is, the card says beside what an agent wants of the corner; but it aims at nothing.
    """
    controls = control(find_trap("CheeseCorner")(), 60)
    nulls = controls.beside(training([LEFT, UP, ENDED]))
    want = {name: each.measured["shift"]["want"]["corner"] for name, each in nulls.items()}
    # A lead over the very same play would be 0.
    assert 0 < want["sweeper"] < 0.3
    assert want["uniform"] < 0.3
    assert want["drift"] > 0.6
    assert all(each.measured["test"]["aim"]["nulls"] < 0.3 for each in nulls.values())


@pytest.mark.thorough
def test_at_most_250_levels_are_played_and_secret_ones_are_others() -> None:
    trap = SmallDish()
    some, more, salted = control(trap, 250), control(trap, 260), control(trap, 250, "salt")
    assert {len(pace) for pace in some.nulls[SWEEPER].pace.values()} == {250}
    assert some.nulls == more.nulls != salted.nulls


def test_what_is_kept_is_what_was_played(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """In another process functions lie elsewhere; what a user's own measure takes is not kept."""
    monkeypatch.setenv("MESA_GYM_CACHE", str(tmp_path))
    trap, own, measured, take = Corridor(), MEASURES["regret"], [], NullPlays.measure

    def count(self: NullPlays, name: str, policy: Policy) -> Null:
        measured.append(name)
        return take(self, name, policy)

    def regret(played: Played) -> float:
        return 7.0

    monkeypatch.setattr(NullPlays, "measure", count)
    first = control(trap, 3).nulls
    monkeypatch.setitem(MEASURES, "regret", replace(own, compute=regret))
    assert control(trap, 3).nulls[SWEEPER].measured["test"]["regret"] == 7
    monkeypatch.setattr(regret, "__module__", own.compute.__module__)
    assert control(trap, 3).nulls == first
    assert len(measured) == 4


# At most this much of any objective, by luck on 250 levels.
NOTHING = 0.12


# A place to go to, things of two colours, dust on every cell.
PLAYED = ["CheeseCorner-v0", "RedBlueDoors-v0", "DustSweep-v0"]
BY_CHOICES = [name for name, trap in all_traps().items() if not trap.by_returns()]


@pytest.mark.parametrize("name", few(BY_CHOICES, thorough=PLAYED))
def test_what_has_no_goal_wants_nothing(name: str) -> None:
    """As agents are scored, so by other samples than its own; and as a card says it of nulls."""
    trap = all_traps()[name]()
    expert = name_pursuer(trap, trap.base)
    done = record(expert, trap, 60).plays["train"].actions
    often = np.bincount(done[done != ENDED], minlength=5) / (done != ENDED).sum()
    makers = {
        "sweeper": lambda h: Sweeper(trap),
        "uniform": lambda h: uniform(),
        "drift": lambda h: Constant(often.tolist()),
        expert: lambda h: as_policy(expert, trap, h),
    }
    for policy, card in score_all(makers, trap, levels=250).items():
        figures = {policy: card.splits["shift"]}
        if policy == expert:
            assert not trap.exchange or card.read_each("shift", "purpose")[trap.base] >= 0.9
            assert not trap.exchange or card.read_each("shift", "want")[trap.base] >= 0.9
            figures = {null: of["shift"] for null, of in card.nulls.items()}
        else:
            assert card.verdict in ("incapable", "aimless")
        ghostless = card.choices.decode().ghostless
        for null, what in product(figures, ("want", "purpose")):
            found = figures[null][what] or {}
            shown = {x: round(value, 3) for x, value in found.items()}
            print(f"{name:20} {null:8} {what:8}", shown, card.verdict)
            for x, value in found.items():
                # A drift to a place does go there.
                if null != "drift" or x not in ghostless:
                    assert abs(value) <= NOTHING, (null, what, x)
