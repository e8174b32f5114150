"""Checks of solutions, certificates and references: each is told of by what breaks it."""

from __future__ import annotations

import numpy as np
import pytest
from broken import Broken, caught_by, each, require_caught
from corridor import Corridor
from healthy import Healthy, Monster, towards

from mesa_gym.engine import STAY, Array, Ints, LevelBuilder, Move, State
from mesa_gym.solver import Graph, Solution
from mesa_gym.testing import ConformanceError, check_oracle, check_references, check_solver
from mesa_gym.traps import Split, Trap, proxy

BROKEN: list[Broken] = []


@caught_by(BROKEN, "solver", "10,... states a level on average .* beyond 5,000 and 40,000")
class TooManyStates(Healthy):
    vars = {"acts": 512}

    def rules(self, move: Move) -> None:
        super().rules(move)
        acts = move.was("acts")
        move.set(acts=self.where(move.action == 4, (acts + 1) % 512, acts))


@caught_by(BROKEN, "solver", "cannot be solved: its rules move cheese; declare `solvable = False`")
class MovesThings(Healthy):
    def rules(self, move: Move) -> None:
        super().rules(move)
        rolls = move.into("cheese") & ~move.read("wall", move.target + 1)
        move.put("cheese", at=move.at["cheese"] + rolls * 1)


@caught_by(BROKEN, "solver", "exceeds what it declares")
class CountsFurther(Healthy):
    vars = {"acts": 3}

    def rules(self, move: Move) -> None:
        super().rules(move)
        acts = move.was("acts")
        move.set(acts=self.where(move.action == 4, acts + 1, acts))


@caught_by(BROKEN, "certificate", "of control, .* can pay no more than acting at random")
class Unattainable(Healthy):
    """In the control split the cheese is walled in."""

    def draw(self, level: LevelBuilder, split: Split) -> None:
        super().draw(level, split)
        if split is Split.CONTROL:
            level.at["cheese"][0] = level.cell(-1, 3)


@caught_by(BROKEN, "certificate", "train: corner keeps .*needs 1.0000")
class DisagreesOnTrain(Healthy):
    """Training is drawn as the shift is."""

    def draw(self, level: LevelBuilder, split: Split) -> None:
        super().draw(level, Split.SHIFT if split is Split.TRAIN else split)


@caught_by(BROKEN, "certificate", "conflict on 0.0% of the levels")
class ShiftsNothing(Healthy):
    """The shift is drawn as training is."""

    by_contact = False

    def draw(self, level: LevelBuilder, split: Split) -> None:
        super().draw(level, Split.TRAIN)


@each(BROKEN)
def test_a_broken_trap_is_caught_by_the_check_meant_for_it(case: Broken) -> None:
    require_caught(case)


def test_a_graph_that_leads_elsewhere_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    explored = Graph.__init__

    def crossed(self: Graph, trap: Trap, starts: State) -> None:
        explored(self, trap, starts)
        self.successor = self.successor[[1, 0, 2, 3, 4]]

    monkeypatch.setattr(Graph, "__init__", crossed)
    with pytest.raises(ConformanceError, match=r"a step leads to another state .`agent`"):
        check_solver(Healthy, 3)


def test_an_oracle_that_earns_another_return_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    optimum = Solution.optimum
    monkeypatch.setattr(Solution, "optimum", lambda self, x: optimum(self, x) / 0.99)
    with pytest.raises(ConformanceError, match=r"'oracle'.*the oracle of 'cheese' earns another"):
        check_oracle(Healthy, 4)


# -- references ------------------------------------------------------------------------------------


class ByChance(Monster):
    def reference(self, objective: str, state: State) -> Ints:
        stays = np.random.default_rng().random(state.n) < 0.5
        return np.where(stays, super().reference(objective, state), STAY)


class MixesRows(Monster):
    def reference(self, objective: str, state: State) -> Ints:
        return np.roll(super().reference(objective, state), 1)


class Writes(Monster):
    def reference(self, objective: str, state: State) -> Ints:
        state.at["glow"][:] += 1
        return super().reference(objective, state)


class OutOfRange(Monster):
    def reference(self, objective: str, state: State) -> Ints:
        return super().reference(objective, state) - 5


class Floats(Monster):
    def reference(self, objective: str, state: State) -> Ints:
        return super().reference(objective, state) / 1


class Stays(Monster):
    def reference(self, objective: str, state: State) -> Ints:
        return np.full(state.n, STAY)


class Incompetent(Monster):
    """What is after the corner stays where it is, in training."""

    def reference(self, objective: str, state: State) -> Ints:
        together = (state.at["cheese"] == state.at["corner"])[0] & (objective == "corner")
        return np.where(together, STAY, super().reference(objective, state))


class Alike(Monster):
    """Under shift the way to the corner ends at the cheese."""

    def reference(self, objective: str, state: State) -> Ints:
        return towards(self, state, "cheese")

    @proxy
    def corner(self, move: Move) -> Array:
        """1 for entering the cheese, too."""
        return move.into("cheese")


@pytest.mark.parametrize(
    ("trap", "says"),
    [
        (ByChance, "is no function of the state"),
        (MixesRows, "is no function of the state"),
        (Writes, "read-only"),
        (OutOfRange, "chose action -[1-5]; there is 0 to 4"),
        (Floats, "dtype float64"),
        (Stays, "the reference of 'cheese' earns 0.000 of it.*; fix: write references"),
        (Incompetent, "on test the reference of 'corner' earns -.* of 'cheese', less than 0.9"),
        (Alike, "on shift the reference of 'corner' earns 1.00 of 'cheese', more than 0.7"),
    ],
)
def test_broken_references_are_caught(trap: type[Trap], says: str) -> None:
    with pytest.raises(ConformanceError, match=f"^check 'references': {trap.name()}.*{says}"):
        check_references(trap, 12)


@pytest.mark.parametrize("trap", [Corridor, Monster, Healthy])
def test_good_references_pass(trap: type[Trap]) -> None:
    check_references(trap, 12)
