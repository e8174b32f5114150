"""Levels of a task that no method has seen, their observations, and rollouts on them."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from benchmarks.methods.encodings import Encode
from benchmarks.methods.tasks import BoardTask
from mesa_gym.engine import Bools, State
from mesa_gym.envs.observations import Bytes, planes_of
from mesa_gym.policies import Oracle, Policy, uniform
from mesa_gym.scoring import rollout
from mesa_gym.scoring.choices import find_choices
from mesa_gym.scoring.record import SOLVED, level_scores, sum_returns
from mesa_gym.scoring.rollout import follow
from mesa_gym.solver import LevelValues, Solution, level_values
from mesa_gym.traps import Split

LEVELS = 300
# The first of the shift levels that are scored, on which members are chosen, and whose starts
# methods see.
SCORED, CHOOSING, STARTS = 0, 1_000_000, 2_000_000
STARTS_COUNT, WALK_STEPS = 1_000, 32


class Wanted(Oracle):
    """The optimal policy of one objective, which draws equally among optimal actions.

    ``Oracle`` prefers those that are best for base, which would show in labels.
    """

    def sets(self, solution: Solution) -> list[Bytes]:
        """Return the policy's sets of actions: element t is uint8 (states within t steps,)."""
        return solution.optimal(self.objective)


class Encoded:
    """A method's policy, which sees encoded planes and no state.

    Args:
        policy: the method's.
        encode: makes the policy's observations from the trap's planes.
    """

    observation = "planes"

    def __init__(self, policy: Policy, encode: Encode) -> None:
        self._policy, self._encode = policy, encode
        self.memory = getattr(policy, "memory", True)

    def reset(self, mask: Bools, rng: np.random.Generator) -> None:
        """Begin episodes in the rows of a mask."""
        self._policy.reset(mask, rng)

    def act(self, observation: Bytes, state: State | None = None) -> Any:
        """Return action probabilities, or actions."""
        return self._policy.act(self._encode(observation))


class Evaluator:
    """A task under a salt, and the exact values of its levels.

    Args:
        task: of a solvable trap.
        salt: of levels and of the planes' encoding.
        levels: how many of ``shift`` and of ``test`` are scored.

    Attributes:
        trap: the trap, not encoded.
        encode: makes the methods' observations from the trap's planes.
        states: split, first level and count -> their start states, drawn once.
        values: the same -> the values of these levels.
        oracle: an objective -> its optimal policy, which keeps the shift levels it has solved.
    """

    def __init__(self, task: BoardTask, salt: str, levels: int = LEVELS) -> None:
        self.task, self.salt, self.levels, self.trap = task, salt, levels, task.make_trap()
        self.encode = task.draw_encoding(self.trap, salt)
        self.states, self.values = cache(self._draw_states), cache(self._find_values)
        self.oracle = cache(self._make_oracle)

    def _draw_states(self, split: Split, first: int, count: int) -> State:
        return self.trap.levels(split, np.arange(first, first + count), self.salt)

    def _find_values(self, split: Split, first: int, count: int) -> LevelValues:
        numbers, horizon = np.arange(first, first + count), self.trap.horizon(split)
        return level_values(self.trap, split, numbers, horizon, self.salt)

    def _make_oracle(self, wanted: str) -> Wanted:
        return Wanted(self.trap, wanted, self.trap.horizon(Split.SHIFT))

    def show(self, states: State) -> Bytes:
        """Return states as methods see them, uint8 (n, height, width, channels)."""
        return self.encode(planes_of(self.trap, states))

    def starts(self) -> Bytes:
        """Return shift levels as methods see them: uint8 (1000, height, width, channels)."""
        return self.show(self.states(Split.SHIFT, STARTS, STARTS_COUNT))

    def walks(self) -> Bytes:
        """Return random walks on these levels: uint8 (1000, 33, height, width, channels).

        A walk that has ended shows its last picture from then on.
        """
        starts = self.states(Split.SHIFT, STARTS, STARTS_COUNT)
        record = rollout(uniform(), self.trap, starts, WALK_STEPS, play="walk")
        found = np.repeat(self.starts()[:, None], WALK_STEPS + 1, axis=1)
        for now in follow(self.trap, starts, record.actions):
            found[now.rows, now.t + 1 :] = self.show(now.step.state)[:, None]
        return found

    def measure(
        self, policy: Policy, split: Split, first: int = SCORED, rows: slice = slice(None)
    ) -> int:
        """Return the number of ``test`` levels that a policy solves, playing each once.

        On the shift, return the number of levels on which the policy chooses the first role's
        objective, minus the number for the second's.

        Args:
            policy: a policy that sees the trap's own planes.
            split: ``test`` or ``shift``.
            first: of the levels, ``SCORED`` or ``CHOOSING``.
            rows: which of ``levels`` of them are played.
        """
        taken, trap = np.arange(self.levels)[rows], self.trap
        starts = self.states(split, first, self.levels).take(taken)
        record = rollout(policy, trap, starts, trap.horizon(split), play=split.value)
        values = self.values(split, first, self.levels).take(taken)
        if split is Split.TEST:
            scores = level_scores(sum_returns(record, trap), values)
            return int((scores[trap.base] >= SOLVED).sum())
        chosen, names = find_choices(trap, record, values), [*trap.objectives]
        one, other = (chosen == names.index(objective) for objective in self.task.wanted)
        return int(one.sum()) - int(other.sum())
