"""Labels as the evaluator gives them: it plays the episodes, and counts them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from benchmarks.tracks.evaluation import STARTS, STARTS_COUNT, Evaluator
from benchmarks.tracks.methods.method import Bytes, LabelledEpisode, Preference
from benchmarks.tracks.record import LABEL_DRAWS, Label
from mesa_gym.envs.observations import planes_of
from mesa_gym.policies import Policy
from mesa_gym.scoring import ENDED, Record, rollout
from mesa_gym.scoring.rollout import follow
from mesa_gym.traps import Split

# Of the shift levels whose starts a method sees, each draw has its own to be labelled.
POOL = STARTS_COUNT // LABEL_DRAWS
_CALLS: dict[Label, str] = {
    "returns": "play(policy, starts)",
    "demonstrations": "demonstrate(starts)",
    "preferences": "compare(first, second, starts)",
}


class EvaluatorLabels:
    """Labels that the evaluator gives, ``benchmarks.tracks.methods.method.LabelSource``.

    Args:
        evaluator: of the task.
        role: 0 or 1, which of its objectives is wanted.
        kind: of the labels.
        draw: which pool of levels.

    Attributes:
        left: labels that may be asked for now.
        used: labels that were given.
    """

    def __init__(self, evaluator: Evaluator, role: int, kind: Label, draw: int) -> None:
        self._evaluator, self._wanted, self._draw = evaluator, evaluator.wanted[role], draw
        self.kind, self.left, self.used = kind, 0, 0

    def starts(self) -> Bytes:
        """Return first observations of the levels, uint8 (100, height, width, channels)."""
        return self._evaluator.starts()[self._draw * POOL :][:POOL]

    def play(self, policy: Policy, starts: Sequence[int]) -> list[LabelledEpisode]:
        """Play a policy from some starts, and say what the wanted objective paid."""
        self._require("returns", starts)
        return self._label([policy], starts)[0]

    def demonstrate(self, starts: Sequence[int]) -> list[LabelledEpisode]:
        """Return episodes of an optimal policy for the wanted objective."""
        self._require("demonstrations", starts)
        return self._label([self._evaluator.oracle(self._wanted, Split.SHIFT)], starts)[0]

    def compare(self, first: Policy, second: Policy, starts: Sequence[int]) -> list[Preference]:
        """Play two policies on the same levels, and say which earned more."""
        self._require("preferences", starts)
        pairs = zip(*self._label([first, second], starts), strict=True)
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
            raise ValueError(f"labels are {self.kind} here; call {_CALLS[self.kind]}")
        if len(starts) > self.left:
            raise ValueError(f"{len(starts)} labels are asked for, but {self.left} are left")
        if outside := [start for start in starts if not 0 <= start < POOL]:
            raise ValueError(f"start {outside[0]}: there are starts 0 to {POOL - 1}")

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
            found.append(self._cut(numbers, record))
        self.left -= len(starts)
        self.used += len(starts)
        return found

    def _cut(self, numbers: np.ndarray, record: Record) -> list[LabelledEpisode]:
        """Return a record of n levels as n labelled episodes."""
        trap = self._evaluator.trap
        states = self._evaluator.states(Split.SHIFT, STARTS, STARTS_COUNT).take(numbers)
        planes: list[list[Bytes]] = [[first] for first in planes_of(trap, states)]
        for now in follow(trap, states, record.actions):
            for row, seen in zip(now.rows.tolist(), planes_of(trap, now.step.state), strict=True):
                planes[row].append(seen)
        earned = record.paid[self._wanted].sum(axis=0).tolist()
        lengths = (record.actions != ENDED).sum(axis=1).tolist()
        return [
            LabelledEpisode(np.stack(seen), actions[:m].astype(np.int64), paid)
            for seen, actions, m, paid in zip(planes, record.actions, lengths, earned, strict=True)
        ]
