"""Which levels come next, and their start states, drawn ahead of need.

The episodes of an environment are a pure function of its seed: episode j draws its level number
from output 2j of the seed's SplitMix64 stream, and from output 2j + 1 whether it comes from the
shift distribution. How far ahead levels are drawn changes nothing but the speed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from mesa_gym.grid import Bools, Ints, State
from mesa_gym.grid.bits import fold, outputs, streams, unit
from mesa_gym.traps import LEVELS, Split, Trap

MOST_BANKED = 4096  # with at most so many levels a distribution, all are drawn once and kept
AHEAD = 1024  # episodes chosen ahead at most, over all environments


class Supply:
    """The coming episodes of n environments.

    A ring of slots holds the next episodes of each environment. When one has used up its slots,
    all rings are refilled together, first one episode ahead (so that a single reset is fast),
    then 2, 4 and so on. A subclass says what a slot stands for.

    Args:
        trap: whose levels they are.
        split: the distribution.
        salt: an evaluator's secret.
        n: environments.
        alpha: the share of episodes drawn from the shift distribution instead, 0 to 1. Their
            level numbers start at 2**48, so that none is ever an evaluation level.
        num_levels: draw from so many levels of each distribution only; None for all 2**48.

    Class attributes:
        least: slots an environment at least, however many environments there are: more of them
            are then refilled together.
    """

    least: ClassVar[int]

    def __init__(
        self, trap: Trap, split: Split, salt: str, n: int, alpha: float, num_levels: int | None
    ) -> None:
        self.trap, self.split, self.salt = trap, split, salt
        self.alpha, self.num_levels = alpha, num_levels
        self._slots = self.slots(n)
        self._ahead = 1
        self._stream = np.zeros(n, dtype=np.uint64)
        self._next = np.zeros(n, dtype=np.int64)
        self._filled = np.zeros(n, dtype=np.int64)

    @classmethod
    def slots(cls, n: int) -> int:
        """How many episodes of each of n environments are chosen ahead."""
        return max(AHEAD // n, cls.least)

    def reseed(self, rows: Ints, seeds: Sequence[int]) -> None:
        """Begin the streams of some environments anew; seeds are non-negative, of any size."""
        folded = np.array([fold(seed) for seed in seeds], dtype=np.uint64)
        self._stream[rows] = streams(0, folded, "episodes")
        self._next[rows] = 0
        self._filled[rows] = 0
        self._ahead = 1

    def take(self, rows: Ints) -> tuple[State, Ints]:
        """The next episode of each of the given environments.

        Returns:
            A state and int64 (len(rows),): where in it the start states stand. It is the supply's
            own and holds until the next call: copy what is needed.
        """
        episode = self._next.take(rows)
        if np.count_nonzero(episode >= self._filled.take(rows)):
            self._refill()
        self._next[rows] = episode + 1
        return self._find(rows * self._slots + episode % self._slots)

    def _refill(self) -> None:
        upto = self._next + self._ahead
        count = np.maximum(upto - self._filled, 0)
        row = np.repeat(np.arange(len(count)), count)
        start = np.repeat(np.cumsum(count) - count, count)
        episode = self._filled[row] + np.arange(len(row)) - start
        number = (outputs(self._stream[row], 2 * episode) >> np.uint64(16)).astype(np.int64)
        if self.num_levels is not None:
            number %= self.num_levels
        shifted = unit(outputs(self._stream[row], 2 * episode + 1)) < self.alpha
        self._fill(row * self._slots + episode % self._slots, number, shifted)
        np.maximum(self._filled, upto, out=self._filled)
        self._ahead = min(2 * self._ahead, self._slots)

    def _fill(self, slots: Ints, number: Ints, shifted: Bools) -> None:
        """Put episodes into slots: the level number, and whether it is one of the shift."""
        raise NotImplementedError

    def _find(self, slots: Ints) -> tuple[State, Ints]:
        """Where the start states of the given slots stand."""
        raise NotImplementedError

    def _levels(self, number: Ints, shifted: bool) -> State:
        if shifted:
            return self.trap.levels(Split.SHIFT, number + LEVELS, self.salt)
        return self.trap.levels(self.split, number, self.salt)


class Bank(Supply):
    """Few levels: all are drawn at first use, and a slot holds an index."""

    least = 64

    _bank: State | None = None

    def _fill(self, slots: Ints, number: Ints, shifted: Bools) -> None:
        assert self.num_levels is not None
        if self._bank is None:
            self._bank = self._drawn(self.num_levels)
            self._index = np.zeros(len(self._next) * self._slots, dtype=np.int64)
        self._index[slots] = number + self.num_levels * shifted

    def _drawn(self, count: int) -> State:
        bank = State(self.trap.schema, 2 * count if self.alpha else count)
        every = np.arange(count)
        bank.put(every, self._levels(every, False), every)
        if self.alpha:
            bank.put(every + count, self._levels(every, True), every)
        return bank

    def _find(self, slots: Ints) -> tuple[State, Ints]:
        assert self._bank is not None
        return self._bank, self._index.take(slots)


class Stream(Supply):
    """Levels that hardly ever repeat: a slot holds a start state."""

    least = 4

    _store: State | None = None

    def _fill(self, slots: Ints, number: Ints, shifted: Bools) -> None:
        if self._store is None:
            self._store = State(self.trap.schema, len(self._next) * self._slots)
        for flag in (False, True):
            which = (shifted == flag).nonzero()[0]
            if which.size:
                levels = self._levels(number[which], flag)
                self._store.put(slots[which], levels, np.arange(len(which)))

    def _find(self, slots: Ints) -> tuple[State, Ints]:
        assert self._store is not None
        return self._store, slots


def make_supply(
    trap: Trap, split: Split, salt: str, n: int, alpha: float, num_levels: int | None
) -> Supply:
    """The supply that suits so many levels; the arguments are those of ``Supply``."""
    few = num_levels is not None and num_levels <= MOST_BANKED
    return (Bank if few else Stream)(trap, split, salt, n, alpha, num_levels)
