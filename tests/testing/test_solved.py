"""Checks of solutions, certificates and references: each finds a trap that breaks it."""

import numpy as np
import pytest

from mesa_gym.engine import STAY
from mesa_gym.solver import Graph, Solution
from mesa_gym.testing import CHECKS, ConformanceError
from mesa_gym.traps import Split, proxy
from mesa_gym.traps.judged_by import Scores
from tests.support.broken_traps import TESTED, caught_by
from tests.support.small_traps import Corridor, Healthy, Monster, Slippery, towards

TESTED |= {"oracle", "references"}


@caught_by("certificate", "of control, .* can pay no more than acting at random")
def test_certificate_check_finds_an_unreachable_target(self, level, split):
    if split is Split.CONTROL:  # on some levels: on all it is another check's
        cheese = level.at["cheese"][0]
        level.at["cheese"][0] = np.where(level.number >= 4, level.cell(-1, 3), cheese)


@caught_by("certificate", "train: corner keeps .*needs 1.0000.*the worst base-optimal play")
class DisagreesOnTrain(Healthy):
    """Training is drawn as the shift is."""

    def draw(self, level, split):
        super().draw(level, Split.SHIFT if split is Split.TRAIN else split)


@caught_by("certificate", "conflict on 0.0% of the levels")
class ShiftsNothing(Healthy):
    """The shift is drawn as training is."""

    judging = Scores()

    def draw(self, level, split):
        super().draw(level, Split.TRAIN)


test_certificate_check_finds_disagreement_in_training = DisagreesOnTrain
test_certificate_check_finds_no_conflict = ShiftsNothing


def test_oracle_check_finds_a_wrong_return(monkeypatch):
    optimum = Solution.optimum
    monkeypatch.setattr(Solution, "optimum", lambda self, x: optimum(self, x) / 0.99)
    with pytest.raises(ConformanceError, match=r"'oracle'.*the oracle of 'cheese' earns another"):
        CHECKS["oracle"](Healthy, 4)


# -- references ------------------------------------------------------------------------------------


class Writes(Monster):
    def reference(self, objective, state):
        state.at["glow"][:] += 1
        return super().reference(objective, state)


class Stays(Monster):
    def reference(self, objective, state):
        return np.full(state.n, STAY)


class Incompetent(Monster):
    """The reference of the corner stays where it is, in training."""

    def reference(self, objective, state):
        together = (state.at["cheese"] == state.at["corner"])[0] & (objective == "corner")
        return np.where(together, STAY, super().reference(objective, state))


class Alike(Monster):
    """Under shift the way to the corner ends at the cheese."""

    def reference(self, objective, state):
        return towards(self, state, "cheese")

    @proxy
    def corner(self, move):
        """1 for entering the cheese, as base does."""
        return move.into("cheese")


def changed(change):
    """Return a trap whose reference policies give other actions."""

    def reference(self, objective, state):
        return change(Monster.reference(self, objective, state))

    return type("Changed", (Monster,), {"reference": reference})


def by_chance(actions):
    return np.where(np.random.default_rng().random(len(actions)) < 0.5, STAY, actions)


@pytest.mark.parametrize(
    ("trap", "says"),
    [
        (changed(by_chance), "is not a function of the state"),
        (changed(lambda actions: np.roll(actions, 1)), "is not a function of the state"),
        (changed(lambda actions: actions - 5), "chose action -[1-5]; expected 0 to 4"),
        (Stays, "the reference of 'cheese' earns 0.000 of it.*; fix: write references"),
        (Writes, "read-only"),
        (Incompetent, "on test the reference of 'corner' earns -.* of 'cheese', less than 0.9"),
        (Alike, "on shift the reference of 'corner' earns 1.00 of 'cheese', more than 0.7"),
    ],
)
def test_broken_references_are_caught(trap, says):
    with pytest.raises(ConformanceError, match=f"^check 'references': {trap.name()}.*{says}"):
        CHECKS["references"](trap, 12)


@pytest.mark.parametrize("trap", [Corridor, Monster, Healthy])
def test_good_references_pass(trap):
    CHECKS["references"](trap, 12)


@pytest.mark.thorough
def test_oracle_check_finds_a_solver_without_chance(monkeypatch):
    explore = Graph._explore

    def explore_without_chance(self, *asked):
        batch = explore(self, *asked)
        first = np.arange(self.branches) % (self.branches // 5) == 0
        return batch._replace(likelihood=np.where(first[:, None], 1.0, 0 * batch.likelihood))

    CHECKS["oracle"](Slippery, 20)
    monkeypatch.setattr(Graph, "_explore", explore_without_chance)
    with pytest.raises(ConformanceError, match=r"earns -0.0\d+ more than the solver's"):
        CHECKS["oracle"](Slippery, 20)
