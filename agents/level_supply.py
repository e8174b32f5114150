"""Environments that play levels worth playing again, and new ones now and then."""

from __future__ import annotations

import numpy as np

from agents.lesson import Lesson
from agents.level_buffer import LevelBuffer
from mesa_gym.envs.supply import Stream
from mesa_gym.grid import Ints, State
from mesa_gym.traps import Split


class ReplaySupply(Stream):
    """A supply of new levels that has kept ones played again.

    New levels are those that the environments would have played anyway, in the same order.

    Args:
        lesson: says which new levels there are.
        n: environments.
        buffer: the levels that are kept; whoever scores episodes fills it.
        share: of episodes that are on kept levels, as soon as there are n of them.

    Attributes:
        buffer: as given.
        replayed: bool (n,), whether an environment's present episode is on a kept level.
    """

    def __init__(self, lesson: Lesson, n: int, buffer: LevelBuffer, share: float) -> None:
        trap = lesson.trap
        super().__init__(trap, Split.TRAIN, "", n, lesson.alpha, lesson.num_levels)
        self.buffer, self.share = buffer, share
        self.replayed = np.zeros(n, dtype=np.bool_)
        self._starts = State(trap.schema, n)
        self._rng = np.random.default_rng([lesson.seed, 1])

    def take(self, rows: Ints) -> tuple[State, Ints]:
        """The next episode of each of the given environments, as ``Supply`` gives it."""
        again = self._rng.random(len(rows)) < self.share
        # A kept level for each environment at least: not all shall play the first few.
        room = len(self.buffer.free()) if len(self.buffer) >= len(self.replayed) else 0
        again[again.nonzero()[0][room:]] = False
        kept, fresh = rows[again], rows[~again]
        if kept.size:
            self._starts.put(kept, self.buffer.starts, self.buffer.choose(len(kept), self._rng))
        if fresh.size:
            self._starts.put(fresh, *super().take(fresh))
        self.replayed[rows] = again
        return self._starts, rows
