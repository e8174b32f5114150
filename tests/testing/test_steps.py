"""Checks of a step: each is told of by a trap that breaks it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from broken import Broken, caught_by, each, require_caught
from healthy import Healthy

from mesa_gym.engine import Array, Move, State
from mesa_gym.testing.check import Check
from mesa_gym.testing.steps import check_shapes
from mesa_gym.traps import Step, base, proxy

BROKEN: list[Broken] = []


@caught_by(BROKEN, "purity", "read-only; fix: write with the move's methods")
class WritesInPlace(Healthy):
    def rules(self, move: Move) -> None:
        move.there["corner"] &= ~move.into("corner")


@caught_by(BROKEN, "purity", "read-only")
class SharesBuffer(Healthy):
    buffers: dict[int, np.ndarray] = {}

    def step(self, state: State, action: Array) -> Step:
        after, paid, ended = super().step(state, action)
        buffer = self.buffers.setdefault(ended.size, np.zeros(ended.size))
        buffer[:] = paid["cheese"]
        return Step(after, {**paid, "cheese": buffer}, ended)


@caught_by(BROKEN, "purity", "a step changed its level")
class ChangesLevel(Healthy):
    def step(self, state: State, action: Array) -> Step:
        after, paid, ended = super().step(state, action)
        level = after.level._replace(number=after.level.number + 1)
        return Step(after._replace(level=level), paid, ended)


@caught_by(BROKEN, "purity", "rules write cheese, of which nothing ever changes")
class RewritesForNothing(Healthy):
    def rules(self, move: Move) -> None:
        super().rules(move)
        move.put("cheese", there=move.there["cheese"] | move.into("cheese"))


@caught_by(BROKEN, "determinism", "a step taken twice gives another `ended`")
class Remembers(Healthy):
    steps = 0

    def ends(self, move: Move) -> Array:
        self.steps += 1
        return super().ends(move) | (self.steps % 3 == 0)


@caught_by(BROKEN, "determinism", "at another clock, .* gives another `ended`")
class ReadsClock(Healthy):
    def ends(self, move: Move) -> Array:
        return super().ends(move) | (move.before.clock >= 12)


@caught_by(BROKEN, "determinism", "at another clock.*`solvable = False`")
class DrawsLots(Healthy):
    chance = {"slip": 1}

    def blocked(self, move: Move) -> Array:
        return move.on("wall") | (move.bits("slip")[0, ...] % 8 == 0)


@caught_by(BROKEN, "shapes", "row .* in another order of the batch")
class MixesRows(Healthy):
    def blocked(self, move: Move) -> Array:
        cheese = move.on("cheese")
        return move.on("wall") | (np.roll(cheese, 1, axis=-1) if cheese.ndim else cheese)


@caught_by(BROKEN, "shapes", "all actions at once")
class OneAction(Healthy):
    def blocked(self, move: Move) -> Array:
        return move.on("wall") | (move.action.ravel()[0] == 1)


@caught_by(BROKEN, "shapes", "`vars.moved` is another for a level without batch")
class PythonBool(Healthy):
    vars = {"moved": 2}

    def rules(self, move: Move) -> None:
        super().rules(move)
        move.set(moved=move.moved if np.ndim(move.moved) else bool(move.moved))


@caught_by(BROKEN, "objectives", "objective .'corner: there'. sets an attribute")
class PaysAndChanges(Healthy):
    @proxy
    def corner(self, move: Move) -> Array:
        """1 for the first arrival at the corner; and the cheese is gone."""
        move.clear("cheese")
        return move.into("corner")


@caught_by(BROKEN, "objectives", "'cheese' pays NaN")
class PaysNan(Healthy):
    @base
    def cheese(self, move: Move) -> dict[float, Array]:
        """1 for entering the cheese, and a mistake."""
        return {1: move.into("cheese"), np.nan: move.into("corner")}


@caught_by(BROKEN, "objectives", "a step pays cheese and no other objective")
class ReportsOne(Healthy):
    def step(self, state: State, action: Array) -> Step:
        after, paid, ended = super().step(state, action)
        return Step(after, {"cheese": paid["cheese"]}, ended)


@caught_by(BROKEN, "visible", "look alike to the agent differ in .*draw it in a plane")
class CountsInSecret(Healthy):
    """The cheese is behind a door that no plane shows: it opens at the third bump into a wall."""

    vars = {"bumps": 4}

    def blocked(self, move: Move) -> Array:
        return move.on("wall") | (move.on("cheese") & (move.was("bumps") < 3))

    def rules(self, move: Move) -> None:
        super().rules(move)
        bumps = move.was("bumps")
        move.set(bumps=self.where(move.on("wall") & (bumps < 3), bumps + 1, bumps))


@caught_by(BROKEN, "visible", "rules read a kind that no plane shows")
class EndsInTheCorner(Healthy):
    def ends(self, move: Move) -> Array:
        return super().ends(move) | move.into("corner")


@each(BROKEN)
def test_a_broken_trap_is_caught_by_the_check_meant_for_it(case: Broken) -> None:
    require_caught(case)


class NumPyOnly(Healthy):
    def blocked(self, move: Move) -> Array:
        return move.on("wall").astype(np.bool_)


def test_torch_is_asked_where_it_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torch")
    check: Check = check_shapes
    with pytest.raises(AssertionError, match="has no attribute 'astype'"):
        check(NumPyOnly, 4)
    monkeypatch.setattr("mesa_gym.testing.steps.find_spec", lambda package: None)
    check(NumPyOnly, 4)


def test_payments_of_other_libraries_may_be_float32() -> None:
    class Pays(Healthy):
        @base
        def cheese(self, move: Move) -> Any:
            """0.3 for the cheese."""
            return {0.3: move.into("cheese"), 0.1: move.into("corner")}

    check_shapes(Pays, 4)
