"""Levels in memory: which come next, their start states, and the states that run.

The episodes of an environment are a pure function of its seed: episode j draws its level number
from output 2j of the seed's SplitMix64 stream, and from output 2j + 1 whether it comes from the
shift distribution. How far ahead levels are drawn changes only the speed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cached_property
from typing import ClassVar, Literal

import numpy as np
from gymnasium.error import Error
from numpy.typing import NDArray

from mesa_gym.engine import Array, Ints, LevelBuilder, State
from mesa_gym.engine.chance import fold, outputs, shift_right, streams
from mesa_gym.envs.checks import integer, require_states
from mesa_gym.envs.observations import Bytes, planes_of
from mesa_gym.envs.settings import Settings
from mesa_gym.traps import LEVELS, Split

MOST_BANKED = 4096  # levels a distribution that a device holds
BANK_BYTES = 1 << 26  # of the planes of a bank: no more levels are kept, once they are drawn
AHEAD = 1024  # episodes chosen ahead at most, over all environments


class Rows:
    """A batch of states whose arrays are views of two matrices.

    Args:
        state: what is held at first; it is copied, except the tables.
        order: "C" for rows to step, "F" for rows to copy from.

    Attributes:
        state: the states, which change as rows are overwritten.
        matrices: int64 and bool (fields, n).
    """

    def __init__(self, state: State, order: Literal["C", "F"] = "C") -> None:
        self.order, arrays = order, list[Array]()
        state.map(arrays.append)
        joined = [
            np.vstack([np.zeros((0, state.n), kind), *(a for a in arrays if a.dtype == kind)])
            for kind in (np.int64, np.bool_)
        ]
        self.matrices = [np.array(matrix, order=order) for matrix in joined]
        left = list(self.matrices)

        def view(array: Array) -> Array:
            which, count = int(array.dtype == np.bool_), 1 if array.ndim == 1 else len(array)
            found, left[which] = left[which][:count], left[which][count:]
            return found[0] if array.ndim == 1 else found

        self.state = state.map(view)

    def __reduce__(self) -> tuple[type[Rows], tuple[State, str]]:
        # Views that were pickled or copied would no longer share memory with the matrices.
        return Rows, (self.state, self.order)

    def hold(self, state: State) -> None:
        """Copy the states after a step into this object's arrays, unless they already lie there."""
        pairs = [(self.state.clock, state.clock), (self.state.agent, state.agent)]
        for mine, theirs in zip(self.state[3:], state[3:], strict=True):
            if theirs is not mine:
                pairs += zip(mine.values(), theirs.values(), strict=True)
        # Rules may give an array another name: one that lies here is copied before it changes.
        for x, y in [(x, y if y.base is None else y.copy()) for x, y in pairs if y is not x]:
            x[...] = y

    def copy(self, rows: Ints, source: Rows, where: Ints) -> None:
        """Overwrite ``rows`` with the rows ``where`` of ``source``, which has the same tables."""
        for mine, theirs in zip(self.matrices, source.matrices, strict=True):
            mine[:, rows] = theirs.T.take(where, axis=0).T


class Store:
    """Start states in rows that can be overwritten, with their observations.

    Attributes:
        rows: the start states, over tables of their own.
        planes: uint8 (count, height * width * channels), what they look like.
        splits: int64 (count,), the numbers of their splits.
    """

    def __init__(self, settings: Settings, count: int) -> None:
        self.settings, trap = settings, settings.trap
        empty = LevelBuilder(trap, 0, np.zeros(count, dtype=np.int64)).states()
        self.rows = Rows(empty, "F")
        self.planes: Bytes = np.zeros((count, trap.cells * len(trap.channels)), dtype=np.uint8)
        self.splits = np.zeros(count, dtype=np.int64)

    @property
    def state(self) -> State:
        """The start states; arrays are int64 and bool (slots, rows of the store)."""
        return self.rows.state

    def put(self, rows: Ints, starts: State) -> None:
        """Overwrite the store's ``rows`` with start states."""

        def overwrite(mine: Array, theirs: Array) -> None:
            mine[..., rows] = theirs

        self.state.map(overwrite, starts)
        level, trap = self.state.level, self.settings.trap
        level.row[rows] = rows
        for name, table in level.tables.items():
            table.reshape(-1, trap.entries[name])[rows] = trap.table(starts.level, name)
        self.planes[rows] = planes_of(trap, starts).reshape(starts.n, -1)
        self.splits[rows] = self.settings.splits(starts.level.number)


class Supply:
    """The coming episodes of n environments.

    A ring of slots holds the present and the next episodes of each environment. When one has used
    up its slots, all rings are refilled together, first one episode ahead (so that a single reset
    is fast), then 2, 4 and so on. A slot holds a start state, or its place in a bank: where there
    are not too many levels, each is kept once it was drawn.

    Class attributes:
        least: slots an environment at least, however many environments there are, without and
            with a bank: more of them are then refilled together.
    """

    least: ClassVar[tuple[int, int]] = (4, 64)

    def __init__(self, settings: Settings, n: int) -> None:
        self.settings = settings
        size, trap = (settings.num_levels or LEVELS) * (1 + (settings.alpha > 0)), settings.trap
        self.banked = size * trap.cells * len(trap.channels) <= BANK_BYTES
        self._drawn = np.zeros(size if self.banked else 0, dtype=np.bool_)
        self.slots = max(AHEAD // n, self.least[self.banked])
        self._ring = np.arange(n * self.slots).reshape(n, self.slots)
        self._following = np.roll(self._ring, -1, axis=1).ravel()
        self._stream, self._filled = np.zeros((2, n), dtype=np.int64)
        # By slot, where its start state stands; -1 where none was chosen yet, or it was taken.
        self._where = np.full(n * self.slots, -1)
        self._slot = self._ring[:, 0].copy()  # of the next episode
        self._ahead = 1

    @cached_property
    def store(self) -> Store:
        """The store of start states; its last n rows are for levels that resets ask for."""
        n = len(self._slot)
        return Store(self.settings, n + (len(self._drawn) if self.banked else n * self.slots))

    def reseed(self, rows: Ints, seeds: Sequence[int]) -> None:
        """Restart the episode streams of the environments ``rows``, with non-negative seeds."""
        self._stream[rows] = open_streams(seeds)
        self._slot[rows], self._filled[rows] = self._ring[rows, 0], 0
        self._where[self._ring[rows]] = -1
        self._ahead = 1

    def take(self, rows: Ints) -> Ints:
        """Return where in the store the next episode of each given environment begins.

        A start state stays there until the environment takes its next episode.
        """
        slots = self._slot[rows]
        where = self._where[slots]
        if where[where.argmin()] < 0:
            self._refill()
            where = self._where[slots]
        self._where[slots] = -1
        self._slot[rows] = self._following[slots]
        return where

    def place(self, rows: Ints, starts: State) -> Ints:
        """Put one start state for each environment in ``rows`` into the store; return its rows."""
        where = rows + (self.store.state.n - len(self._slot))
        self.store.put(where, starts)
        return where

    def place_states(self, rows: Ints, states: State) -> Ints:
        """Put a user's states into the store; ValueError where they do not fit the trap."""
        like = self.store.state.take(rows)
        return self.place(rows, require_states(self.settings.trap, states, like))

    def _refill(self) -> None:
        chosen = (self._where[self._ring] >= 0).sum(axis=1)
        count = np.maximum(self._ahead - chosen, 0)
        row = np.repeat(np.arange(len(count)), count)
        start = np.repeat(np.cumsum(count) - count, count)
        episode = self._filled[row] + np.arange(len(row)) - start
        number, shifted = pick_levels(self._stream[row], episode, self.settings)
        slots = self._ring[row, episode % self.slots]
        if self.banked:
            self._where[slots] = where = number + shifted * (self.settings.num_levels or 0)
            self._draw(np.unique(where[~self._drawn[where]]))
        else:
            self._where[slots] = slots
            for which in (shifted.nonzero()[0], (~shifted).nonzero()[0]):
                if which.size:
                    starts = draw_levels(self.settings, number[which], shifted[which[0]])
                    self.store.put(slots[which], starts)
        self._filled += count
        # One slot less than there are: the present episode still reads its own.
        self._ahead = min(2 * self._ahead, self.slots - 1)

    def _draw(self, places: Ints) -> None:
        """Draw the levels at some places of the bank; shift levels follow the training levels."""
        first = self.settings.num_levels or 0
        for shifted in (False, True):
            own = places[(places >= first) == shifted]
            if own.size:
                self.store.put(own, draw_levels(self.settings, own - first * shifted, shifted))
        self._drawn[places] = True


def bank_of(settings: Settings) -> State:
    """Return the start states of all ``num_levels`` levels, with alpha also of shift levels."""
    numbers = np.arange(settings.num_levels or 0)
    flags = (False, True) if settings.alpha else (False,)
    return settings.trap.joined([draw_levels(settings, numbers, flag) for flag in flags])


def draw_levels(settings: Settings, numbers: Ints, shifted: bool) -> State:
    """Return the start states of levels of the training split, or of the shift if ``shifted``."""
    split = Split.SHIFT if shifted else settings.split
    return settings.trap.levels(split, numbers + LEVELS * shifted, settings.salt)


def environment_seeds(seed: int, n: int) -> list[int]:
    """Return the seeds that n environments take under one seed, integers of 63 bits.

    They are hashes of the seed and an environment's place, so that neighbouring seeds share
    nothing, and however many environments there are, the first ones have the same.

    Raises:
        gymnasium.error.Error: the seed is not an integer of at least 0.
    """
    first = np.array([fold(integer("seed of environment 0", seed, error=Error))])
    words = outputs(streams(0, first, "environments"), np.arange(n))
    return [int(word) for word in shift_right(words, 1)]


def open_streams(seeds: Sequence[int]) -> Ints:
    """Return the random stream, int64 (n,), from which each seed's episodes are drawn."""
    return streams(0, np.array([fold(seed) for seed in seeds], dtype=np.int64), "episodes")


def split_alpha(alpha: float) -> NDArray[np.uint32]:
    """Return alpha in two words, uint32 (2,): some devices have neither float64 nor int64."""
    return np.array(divmod(math.ceil(alpha * 2**53), 2**32), np.uint32)


def pick_levels(
    stream: Array, episode: Array, settings: Settings, alpha: Array | None = None
) -> tuple[Array, Array]:
    """Return the level numbers of episodes 0, 1, ... and which of them are of the shift.

    Streams and episodes are int64 (n,), of any array library; so is ``alpha``, the share of those
    of the shift in two words, which replaces that of the settings.
    """
    number = shift_right(outputs(stream, 2 * episode), 16)
    if settings.num_levels is not None:
        number = number % settings.num_levels
    if not settings.alpha:
        return number, number < 0
    high, low = split_alpha(settings.alpha).tolist() if alpha is None else alpha
    return number, shift_right(outputs(stream, 2 * episode + 1), 11) < high * 2**32 + low
