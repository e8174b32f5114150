"""Environments that play levels worth playing again, and new ones now and then."""

from __future__ import annotations

import numpy as np

from agents.level_buffer import LevelBuffer
from mesa_gym.engine import Ints
from mesa_gym.envs.settings import Settings
from mesa_gym.envs.supply import Supply


class ReplaySupply(Supply):
    """A supply of new levels that has kept ones played again.

    New levels are those that the environments would have played anyway, in the same order.

    Args:
        settings: of the environments; they say which new levels there are.
        n: environments.
        buffer: the levels that are kept; whatever scores episodes fills it.
        share: of episodes that are on kept levels, as soon as there are n of them.
        seed: of the choices.

    Attributes:
        buffer: as given.
        replayed: bool (n,), whether an environment's present episode is on a kept level.
    """

    def __init__(
        self, settings: Settings, n: int, buffer: LevelBuffer, share: float, seed: int
    ) -> None:
        super().__init__(settings, n)
        self.buffer, self.share = buffer, share
        self.replayed = np.zeros(n, dtype=np.bool_)
        self._rng = np.random.default_rng([seed, 1])

    def take(self, rows: Ints) -> Ints:
        """Return where the next episode of each given environment begins, as ``Supply`` does."""
        again = self._rng.random(len(rows)) < self.share
        # A kept level for each environment at least: else all would play the first few.
        room = len(self.buffer.free()) if len(self.buffer) >= len(self.replayed) else 0
        again[again.nonzero()[0][room:]] = False
        where = np.empty(len(rows), dtype=np.int64)
        if again.any():
            kept = self.buffer.choose(int(again.sum()), self._rng)
            where[again] = self.place(rows[again], self.buffer.starts.take(kept))
        if not again.all():
            where[~again] = super().take(rows[~again])
        self.replayed[rows] = again
        return where
