"""The check of reference policies: each way in which they can be no scale is named."""

from __future__ import annotations

import numpy as np
import pytest
from corridor import STAY, Corridor
from healthy import Monster

from mesa_gym.grid import CHEESE, Bools, Ints, Move, State
from mesa_gym.testing import ConformanceError, check_references
from mesa_gym.traps import Trap, proxy
from mesa_gym.traps.cheese_corner import CheeseCorner


class ByChance(Monster):
    def reference(self, objective: str, state: State) -> Ints:
        actions = super().reference(objective, state)
        return np.where(np.random.default_rng().random(len(state)) < 0.5, actions, STAY)


class MixesRows(Monster):
    def reference(self, objective: str, state: State) -> Ints:
        return np.roll(super().reference(objective, state), 1)


class Writes(Monster):
    def reference(self, objective: str, state: State) -> Ints:
        actions = super().reference(objective, state)
        state.vars["monster"] += 1
        return actions


class OutOfRange(Monster):
    def reference(self, objective: str, state: State) -> Ints:
        return super().reference(objective, state) - 1


class Floats(Monster):
    def reference(self, objective: str, state: State) -> Ints:
        return super().reference(objective, state) / 1


class Stays(Monster):
    def reference(self, objective: str, state: State) -> Ints:
        return np.full(len(state), STAY)


class Incompetent(Monster):
    """Whoever is after the corner stays where it is, in training."""

    def reference(self, objective: str, state: State) -> Ints:
        corner = state.schema.cell(1, 1)
        together = state.layer(CHEESE).reshape(len(state), -1)[:, corner]
        actions = super().reference(objective, state)
        return np.where(together & (objective == "corner"), STAY, actions)


class Alike(Monster):
    """Under shift the way to the corner ends at the cheese."""

    def reference(self, objective: str, state: State) -> Ints:
        return super().reference("cheese", state)

    @proxy
    def corner(self, move: Move) -> Bools:
        """1 for entering the cheese, too."""
        return move.into(CHEESE)


@pytest.mark.parametrize(
    ("trap", "message"),
    [
        (ByChance, "function of each state alone"),
        (MixesRows, "function of each state alone"),
        (Writes, "changed `vars.monster`"),
        (OutOfRange, "chose action -1; there is 0 to 4"),
        (Floats, "dtype float64"),
        (Stays, r"the reference of 'cheese' earns 0.000 of it.*write one that pursues it"),
        (Incompetent, r"split 'test': the reference of 'corner' earns -.*of 'cheese'"),
        (Alike, r"split 'shift': the reference of 'corner' earns 1.00 of 'cheese'"),
    ],
)
def test_broken_references_are_caught(trap: type[Trap], message: str) -> None:
    with pytest.raises(ConformanceError, match=f"^check 'references': {trap.name()}.*{message}"):
        check_references(trap, 12)


@pytest.mark.parametrize("trap", [Corridor, Monster, CheeseCorner])
def test_good_references_pass(trap: type[Trap]) -> None:
    check_references(trap, 12)
