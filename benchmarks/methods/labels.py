"""Labels, which tell the wanted objective: the evaluator plays the episodes and counts them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.methods.evaluator import STARTS, STARTS_COUNT, Encoded, Evaluator
from mesa_gym.engine import State
from mesa_gym.envs.observations import Bytes
from mesa_gym.policies import Policy
from mesa_gym.scoring import ENDED, Record, rollout
from mesa_gym.scoring.rollout import follow
from mesa_gym.traps import Split

Label = Literal["returns", "demonstrations", "preferences"]
# The call that gives labels of each kind.
CALLS: dict[Label, str] = {
    "returns": "play(policy, starts)",
    "demonstrations": "demonstrate(starts)",
    "preferences": "compare(first, second, starts)",
}
# How often labels are drawn; of the starts that a method sees, each draw has its own.
LABEL_DRAWS = 10
POOL = STARTS_COUNT // LABEL_DRAWS


class LabelledEpisode(NamedTuple):
    """A labelled episode of m steps.

    Attributes:
        planes: observations before each step and after the last one, uint8 (m + 1, height, width,
            channels).
        actions: int64 (m,).
        earned: its return in the wanted objective, undiscounted; NaN in a preference.
    """

    planes: Bytes
    actions: NDArray[np.int64]
    earned: float


class Preference(NamedTuple):
    """Two episodes on one level, and which earned more of the wanted objective.

    Attributes:
        first, second: the episodes.
        sign: 1 where the first earned more, -1 where the second did, 0 where both earned the same.
    """

    first: LabelledEpisode
    second: LabelledEpisode
    sign: int


class LabelSource:
    """A source of labels on shift levels that a method picks.

    ``starts`` are indices of ``Task.starts``. Each costs a label, also if it is repeated. A call
    raises ValueError where fewer labels are left, or labels are of another kind.

    Args:
        evaluator: of the task.
        role: 0 or 1, which of its objectives is wanted.
        kind: of the labels; each kind has one method of this class.
        draw: which pool of levels.

    Attributes:
        left: labels that may be asked for now.
        used: labels that were given.
    """

    def __init__(self, evaluator: Evaluator, role: int, kind: Label, draw: int) -> None:
        self._evaluator, self._wanted, self._draw = evaluator, evaluator.task.wanted[role], draw
        self.kind, self.left, self.used = kind, 0, 0

    def starts(self) -> Bytes:
        """Return first observations of the levels, uint8 (100, height, width, channels)."""
        return self._evaluator.starts()[self._draw * POOL :][:POOL]

    def play(self, policy: Policy, starts: Sequence[int]) -> list[LabelledEpisode]:
        """Play a policy, its actions sampled, and return the pay of the wanted objective."""
        self._require("returns", starts)
        return self._label([Encoded(policy, self._evaluator.encode)], starts)[0]

    def demonstrate(self, starts: Sequence[int]) -> list[LabelledEpisode]:
        """Return episodes of an optimal policy for the wanted objective.

        The policy draws among equally good actions.
        """
        self._require("demonstrations", starts)
        return self._label([self._evaluator.oracle(self._wanted)], starts)[0]

    def compare(self, first: Policy, second: Policy, starts: Sequence[int]) -> list[Preference]:
        """Play two policies on the same levels, and say which earned more."""
        self._require("preferences", starts)
        policies = [Encoded(each, self._evaluator.encode) for each in (first, second)]
        pairs = zip(*self._label(policies, starts), strict=True)
        return [
            Preference(
                one._replace(earned=np.nan),
                other._replace(earned=np.nan),
                int(np.sign(one.earned - other.earned)),
            )
            for one, other in pairs
        ]

    def _require(self, kind: Label, starts: Sequence[int]) -> None:
        if kind != self.kind:
            raise ValueError(f"this task labels by {self.kind}; call {CALLS[self.kind]}")
        if len(starts) > self.left:
            raise ValueError(f"{len(starts)} labels are asked for, {self.left} are left")
        if outside := [start for start in starts if not 0 <= start < POOL]:
            raise ValueError(f"start {outside[0]}: expected 0 to {POOL - 1}")

    def _label(
        self, policies: Sequence[Policy], starts: Sequence[int]
    ) -> list[list[LabelledEpisode]]:
        """Play each policy from some starts."""
        if not len(starts):
            return [[] for _ in policies]
        numbers = self._draw * POOL + np.array(starts)
        states = self._evaluator.states(Split.SHIFT, STARTS, STARTS_COUNT).take(numbers)
        trap, found = self._evaluator.trap, []
        for index, policy in enumerate(policies):
            # A start that is labelled again, or with another policy, is played with other chances.
            record = rollout(
                policy, trap, states, trap.horizon(Split.SHIFT), self.used, play=f"label {index}"
            )
            found.append(self._cut(states, record))
        self.left -= len(starts)
        self.used += len(starts)
        return found

    def _cut(self, states: State, record: Record) -> list[LabelledEpisode]:
        """Return a record of n levels as n labelled episodes."""
        planes: list[list[Bytes]] = [[first] for first in self._evaluator.show(states)]
        for now in follow(self._evaluator.trap, states, record.actions):
            shown = self._evaluator.show(now.step.state)
            for row, seen in zip(now.rows.tolist(), shown, strict=True):
                planes[row].append(seen)
        earned = record.paid[self._wanted].sum(axis=0).tolist()
        lengths = (record.actions != ENDED).sum(axis=1).tolist()
        return [
            LabelledEpisode(np.stack(seen), actions[:m].astype(np.int64), paid)
            for seen, actions, m, paid in zip(planes, record.actions, lengths, earned, strict=True)
        ]
