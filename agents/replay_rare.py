"""Replay of levels with a rare start: those whose things lie together as they seldom do.

A start is described by which planes share a cell. Where all training levels serve the cheese on the
dish, one level in a thousand where they are apart is a start of its own, and is played again. No
return is looked at.
"""

from __future__ import annotations

from collections import Counter

import numpy as np

from agents.lesson import Lesson
from agents.networks import Network
from agents.ppo import train_apart
from agents.replay import Floats, Replay
from mesa_gym.engine import Ints, State
from mesa_gym.envs.observations import planes_of


class RareReplay(Replay):
    """Scores levels by how seldom starts are like theirs."""

    def __init__(self, lesson: Lesson) -> None:
        super().__init__(lesson)
        self._met: set[int] = set()
        self._starts: Counter[bytes] = Counter()

    def priority(self, levels: Ints, starts: State, earned: Floats) -> Floats:
        """Return one by the number of levels with such a start, float64 (n,)."""
        found = find_shared_cells(self.lesson, starts)
        for level, start in zip(levels.tolist(), found, strict=True):
            if level not in self._met:
                self._met.add(level)
                self._starts[start] += 1
        return np.array([1 / self._starts[start] for start in found])


def find_shared_cells(lesson: Lesson, starts: State) -> list[bytes]:
    """Return for each start which planes share a cell in it, the agent's left out."""
    planes = planes_of(lesson.trap, starts)[..., 1:].astype(np.int64)
    cells = planes.reshape(len(planes), -1, planes.shape[-1])
    shared = np.einsum("nca,ncb->nab", cells, cells) > 0
    return [pairs.tobytes() for pairs in shared]


def train(lesson: Lesson) -> list[Network]:
    """Train one agent a seed."""
    return train_apart(lesson, RareReplay)
