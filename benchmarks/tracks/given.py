"""Labels as the evaluator gives them: it plays the episodes, and counts them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from benchmarks.tracks.evaluation import STARTS, STARTS_COUNT, Evaluator
from benchmarks.tracks.methods.method import Bytes, LabelledEpisode
from mesa_gym.engine import State
from mesa_gym.envs.observations import planes_of
from mesa_gym.policies import Policy
from mesa_gym.scoring import ENDED, Record, rollout
from mesa_gym.scoring.rollout import follow
from mesa_gym.traps import Split, Trap


class Given:
    """Labels that the evaluator gives, ``benchmarks.tracks.methods.method.LabelSource``."""

    def __init__(self, evaluator: Evaluator, wanted: str, k: int, returns: bool) -> None:
        self._evaluator, self._wanted = evaluator, wanted
        self.left, self.returns = k, returns

    def play(self, policy: Policy, starts: Sequence[int]) -> list[LabelledEpisode]:
        """Play a policy from some starts, and say what the wanted objective paid."""
        if not self.returns:
            raise ValueError("labels are demonstrations here; call demonstrate(starts)")
        return self._label(policy, starts)

    def demonstrate(self, starts: Sequence[int]) -> list[LabelledEpisode]:
        """Return episodes of an optimal policy for the wanted objective."""
        if self.returns:
            raise ValueError("labels are returns of own episodes here; call play(policy, starts)")
        return self._label(self._evaluator.oracle(self._wanted, Split.SHIFT), starts)

    def _label(self, policy: Policy, starts: Sequence[int]) -> list[LabelledEpisode]:
        if len(starts) > self.left:
            raise ValueError(f"{len(starts)} labels are asked for, but {self.left} are left")
        if outside := [start for start in starts if not 0 <= start < STARTS_COUNT]:
            raise ValueError(f"start {outside[0]}: there are starts 0 to {STARTS_COUNT - 1}")
        if not len(starts):
            return []
        self.left -= len(starts)
        trap = self._evaluator.trap
        states = self._evaluator.states(Split.SHIFT, STARTS, STARTS_COUNT).take(np.array(starts))
        # A start that is labelled again is played again.
        record = rollout(policy, trap, states, trap.horizon(Split.SHIFT), self.left, play="label")
        return cut_episodes(trap, states, record, self._wanted)


def cut_episodes(trap: Trap, states: State, record: Record, wanted: str) -> list[LabelledEpisode]:
    """Return a record of n levels as n labelled episodes."""
    planes: list[list[Bytes]] = [[] for _ in range(states.n)]
    for now in follow(trap, states, record.actions):
        for row, seen in zip(now.rows.tolist(), planes_of(trap, now.state), strict=True):
            planes[row].append(seen)
    earned = record.paid[wanted].sum(axis=0).tolist()
    lengths = (record.actions != ENDED).sum(axis=1).tolist()
    return [
        LabelledEpisode(np.stack(seen), actions[:m].astype(np.int64), paid)
        for seen, actions, m, paid in zip(planes, record.actions, lengths, earned, strict=True)
    ]
