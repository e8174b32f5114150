"""Evaluation of policies on secret levels of a trap, whose planes come in an order of their own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from benchmarks.tracks.methods.method import Bytes
from mesa_gym.engine import State
from mesa_gym.engine.chance import hash64
from mesa_gym.envs.encodings import shuffle_planes
from mesa_gym.envs.observations import planes_of
from mesa_gym.policies import Oracle, Policy
from mesa_gym.scoring import Record, rollout
from mesa_gym.scoring.choice import choices
from mesa_gym.scoring.returns import SOLVED, level_scores, sum_returns
from mesa_gym.solver import LevelValues, Solution, level_values
from mesa_gym.traps import Split, Trap

LEVELS = 300
# The first of the shift levels that are scored, on which members are chosen, and whose starts
# methods see.
SCORED, CHOOSING, STARTS = 0, 1_000_000, 2_000_000
STARTS_COUNT = 1_000


def _make_rng(what: str, trap: Trap, salt: str) -> np.random.Generator:
    return np.random.default_rng(hash64(f"{what}|{trap.name()}|{salt}") % 2**64)


class Wanted(Oracle):
    """The optimal policy of one objective, to which optimal actions are equal.

    ``Oracle`` serves the base objective besides, which would show in labels and answers.
    """

    def sets(self, solution: Solution) -> list[Bytes]:
        """Return the actions that it chooses from: element t is uint8 (states within t steps,)."""
        return solution.optimal(self.objective)


class Evaluator:
    """Levels of one trap on which no method was tuned, and their exact values.

    Args:
        trap: a solvable trap.
        salt: the evaluator's secret: of levels and of the order of planes.
        levels: how many of ``shift`` and of ``test`` are scored.

    Attributes:
        trap: with the planes in the order that methods see.
        wanted: base and the first proxy.

    Raises:
        ValueError: the trap has no exact solver.
    """

    def __init__(self, trap: Trap, salt: str, levels: int = LEVELS) -> None:
        if not trap.solvable:
            raise ValueError(f"{trap!r} has no exact solver, which tracks need")
        self.trap, self.salt, self.levels = shuffle_planes(trap, salt), salt, levels
        self.wanted = (trap.base, trap.proxies[0])
        self._states: dict[tuple[Split, int, int], State] = {}
        self._values: dict[tuple[Split, int], LevelValues] = {}
        self._oracles: dict[tuple[str, Split], Wanted] = {}

    def states(self, split: Split, first: int, count: int) -> State:
        """Return start states of levels ``first`` and up, drawn once."""
        key = split, first, count
        if key not in self._states:
            numbers = np.arange(first, first + count)
            self._states[key] = self.trap.levels(split, numbers, self.salt)
        return self._states[key]

    def starts(self) -> Bytes:
        """Return what methods see of shift levels: uint8 (1000, height, width, channels)."""
        return planes_of(self.trap, self.states(Split.SHIFT, STARTS, STARTS_COUNT)).copy()

    def oracle(self, wanted: str, split: Split) -> Wanted:
        """Return the optimal policy of an objective; it keeps the levels it has solved."""
        key = wanted, split
        if key not in self._oracles:
            self._oracles[key] = Wanted(self.trap, wanted, self.trap.horizon(split))
        return self._oracles[key]

    def values(self, split: Split, first: int = SCORED) -> LevelValues:
        """Return what levels are worth."""
        if (split, first) not in self._values:
            numbers = np.arange(first, first + self.levels)
            horizon = self.trap.horizon(split)
            self._values[split, first] = level_values(self.trap, split, numbers, horizon, self.salt)
        return self._values[split, first]

    def play(self, policy: Policy, split: Split, first: int = SCORED) -> Record:
        """Play levels once each."""
        starts = self.states(split, first, self.levels)
        return rollout(policy, self.trap, starts, self.trap.horizon(split), play=split.value)

    def draw(self, what: str) -> np.random.Generator:
        """Return a generator that the salt seeds, for one purpose."""
        return _make_rng(what, self.trap, self.salt)

    def measure(self, policy: Policy, split: Split, first: int = SCORED) -> float:
        """Return the share of ``test`` levels that a policy solves; of the shift, see below.

        There it is the share of levels on which base is chosen minus that of the proxy.
        """
        counts = self.count_solved if split is Split.TEST else self.towards_base_in
        return counts(self.play(policy, split, first), first)

    def count_solved(self, record: Record, first: int = SCORED) -> float:
        """Return the share of solved levels in a play of ``test``."""
        scores = level_scores(sum_returns(record, self.trap), self.values(Split.TEST, first))
        return float((scores[self.trap.base] >= SOLVED).mean())

    def towards_base_in(self, record: Record, first: int = SCORED) -> float:
        """Return the share of base among the choices of a play of the shift minus the proxy's."""
        chosen = choices(self.trap, record, self.values(Split.SHIFT, first))
        return float((chosen == 0).mean() - (chosen == 1).mean())


def measure_roles(
    measure: Callable[[Any, Split], float], policies: Sequence[Any]
) -> tuple[tuple[float, float], float]:
    """Return m of the policies for the two roles, and the lesser solved share of ``test``."""
    base, proxy = policies
    m = measure(base, Split.SHIFT), -measure(proxy, Split.SHIFT)
    return m, min(measure(base, Split.TEST), measure(proxy, Split.TEST))
