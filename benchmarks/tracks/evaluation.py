"""Evaluation of policies on secret levels of a task, whose planes a salt encodes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from benchmarks.tracks.methods.method import Bytes
from benchmarks.tracks.tasks import BoardTask
from mesa_gym.engine import State
from mesa_gym.envs.observations import planes_of
from mesa_gym.policies import Oracle, Policy, uniform
from mesa_gym.scoring import Record, rollout
from mesa_gym.scoring.choices import find_choices
from mesa_gym.scoring.record import SOLVED, level_scores, sum_returns
from mesa_gym.scoring.rollout import follow
from mesa_gym.solver import LevelValues, Solution, level_values
from mesa_gym.traps import Split

Signs = NDArray[np.int8]
LEVELS = 300
# The first of the shift levels that are scored, on which members are chosen, and whose starts
# methods see.
SCORED, CHOOSING, STARTS = 0, 1_000_000, 2_000_000
STARTS_COUNT, WALK_STEPS = 1_000, 32


class Wanted(Oracle):
    """The optimal policy of one objective, to which optimal actions are equal.

    ``Oracle`` serves the base objective besides, which would show in labels and answers.
    """

    def sets(self, solution: Solution) -> list[Bytes]:
        """Return the actions that it chooses from: element t is uint8 (states within t steps,)."""
        return solution.optimal(self.objective)


class Evaluator:
    """Levels of one task on which no method was tuned, and their exact values.

    Args:
        task: of a solvable trap.
        salt: the evaluator's secret: of levels and of the planes' encoding.
        levels: how many of ``shift`` and of ``test`` are scored.

    Attributes:
        trap: with planes as methods see them.
        wanted: the objectives of the two roles.

    Raises:
        ValueError: the trap has no exact solver.
    """

    def __init__(self, task: BoardTask, salt: str, levels: int = LEVELS) -> None:
        self.task, self.salt, self.levels = task, salt, levels
        self.trap, self.wanted = task.make_trap(salt), task.wanted
        if not self.trap.solvable:
            raise ValueError(f"{self.trap!r} has no exact solver, which tracks need")
        names = [*self.trap.objectives]
        self._roles = tuple(names.index(objective) for objective in task.wanted)
        self._states: dict[tuple[Split, int, int], State] = {}
        self._values: dict[tuple[Split, int, int], LevelValues] = {}
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

    def walks(self) -> Bytes:
        """Return random walks on these levels: uint8 (1000, 33, height, width, channels).

        A walk that has ended shows its last picture from then on.
        """
        starts = self.states(Split.SHIFT, STARTS, STARTS_COUNT)
        record = rollout(uniform(), self.trap, starts, WALK_STEPS, play="walk")
        found = np.repeat(self.starts()[:, None], WALK_STEPS + 1, axis=1)
        for now in follow(self.trap, starts, record.actions):
            found[now.rows, now.t + 1 :] = planes_of(self.trap, now.step.state)[:, None]
        return found

    def oracle(self, wanted: str, split: Split) -> Wanted:
        """Return the optimal policy of an objective; it keeps the levels it has solved."""
        key = wanted, split
        if key not in self._oracles:
            self._oracles[key] = Wanted(self.trap, wanted, self.trap.horizon(split))
        return self._oracles[key]

    def values(self, split: Split, first: int, count: int) -> LevelValues:
        """Return what the levels ``first`` and up are worth, one entry a level."""
        key = split, first, count
        if key not in self._values:
            numbers, horizon = np.arange(first, first + count), self.trap.horizon(split)
            self._values[key] = level_values(self.trap, split, numbers, horizon, self.salt)
        return self._values[key]

    def measure(
        self, policy: Policy, split: Split, first: int = SCORED, rows: slice = slice(None)
    ) -> int:
        """Return how many levels of ``test`` a policy solves; of the shift, see below.

        There it is on how many levels the first role's objective is chosen, less those on which
        the second role's is.

        Args:
            policy: plays each level once.
            split: ``test`` or ``shift``.
            first: of the levels, ``SCORED`` or ``CHOOSING``.
            rows: which of ``levels`` of them are played.
        """
        taken = np.arange(self.levels)[rows]
        starts = self.states(split, first, self.levels).take(taken)
        record = rollout(policy, self.trap, starts, self.trap.horizon(split), play=split.value)
        values = self.values(split, first, self.levels).take(taken)
        return int((self.solve if split is Split.TEST else self.choose)(record, values).sum())

    def solve(self, record: Record, values: LevelValues) -> Signs:
        """Return which levels of ``test`` a play solved, 0 or 1, (n,)."""
        scores = level_scores(sum_returns(record, self.trap), values)
        return (scores[self.trap.base] >= SOLVED).astype(np.int8)

    def choose(self, record: Record, values: LevelValues) -> Signs:
        """Return 1 where a play chose the first role's objective, -1 the second's, 0 else, (n,)."""
        chosen = find_choices(self.trap, record, values)
        first, second = self._roles
        return (chosen == first).astype(np.int8) - (chosen == second)
