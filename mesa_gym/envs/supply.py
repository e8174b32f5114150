"""Which levels come next, and their start states, drawn ahead of need.

The episodes of an environment are a pure function of its seed: episode j draws its level number
from output 2j of the seed's SplitMix64 stream, and from output 2j + 1 whether it comes from the
shift distribution. How far ahead levels are drawn changes only the speed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cached_property
from typing import ClassVar

import numpy as np
from gymnasium.error import Error

from mesa_gym.engine import Array, Ints, LevelBuilder, State
from mesa_gym.engine.chance import fold, outputs, shift_right, streams
from mesa_gym.envs.checks import check_states, integer
from mesa_gym.envs.observations import Bytes, planes_of
from mesa_gym.envs.settings import Settings
from mesa_gym.traps import LEVELS, Split, Trap

MOST_BANKED = 4096  # levels a distribution that a device holds
MOST_BYTES = 1 << 26  # of the planes of a bank: no more levels are kept, once they are drawn
AHEAD = 1024  # episodes chosen ahead at most, over all environments


class Store:
    """Start states in rows that can be overwritten.

    Attributes:
        state: the start states, int64 and bool (slots, count), over tables of their own.
        planes: uint8 (count, height * width * channels), what they look like.
    """

    def __init__(self, trap: Trap, count: int) -> None:
        self.trap = trap
        self.state = LevelBuilder(trap, 0, np.zeros(count, dtype=np.int64)).states()
        self.planes: Bytes = np.zeros((count, trap.cells * len(trap.channels)), dtype=np.uint8)
        self._arrays = _arrays_of(self.state)

    def put(self, rows: Ints, starts: State) -> None:
        """Overwrite rows with a batch of start states."""
        for mine, theirs in zip(self._arrays, _arrays_of(starts), strict=True):
            mine[..., rows] = theirs
        level = self.state.level
        level.row[rows] = rows
        for name, table in level.tables.items():
            table.reshape(-1, self.trap.entries[name])[rows] = self.trap.table(starts.level, name)
        self.planes[rows] = planes_of(self.trap, starts).reshape(starts.n, -1)

    def copy(self, where: Ints, state: State, rows: Ints) -> State:
        """Return a state over the same tables with the start states ``where`` in its ``rows``.

        The given state is overwritten, except where rules gave one array to two names.
        """
        found = _arrays_of(state)
        if len({*map(id, found)}) < len(found) or [x for x in found if x.base is not None]:
            state = state.map(np.ndarray.copy)
            found = _arrays_of(state)
        for mine, theirs in zip(found, self._arrays, strict=True):
            if mine.ndim == 1:
                mine[rows] = theirs[where]
            elif len(rows) == 1:
                mine[:, rows[0]] = theirs[:, where[0]]
            else:
                for slot in range(len(mine)):  # quicker than all at once
                    mine[slot][rows] = theirs[slot][where]
        return state


def _arrays_of(state: State) -> list[Array]:
    """Return the arrays of a state except the tables, in a fixed order."""
    level, clock, agent, *parts = state
    found = [level.row, level.number, level.key, clock, agent]
    for part in (*parts, *level.traits.values()):
        found += part.values()
    return found


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
        self.banked = size * trap.cells * len(trap.channels) <= MOST_BYTES
        self._drawn = np.zeros(size if self.banked else 0, dtype=np.bool_)
        self.slots = max(AHEAD // n, self.least[self.banked])
        self._ring = np.arange(n) * self.slots  # where the slots of each environment begin
        self._where = np.arange(n * self.slots)
        self._stream, self._next, self._filled = np.zeros((3, n), dtype=np.int64)
        self._ahead = 1

    @cached_property
    def store(self) -> Store:
        """The start states; the last n rows are for those that are picked by hand."""
        trap, n = self.settings.trap, len(self._ring)
        return Store(trap, n + (len(self._drawn) if self.banked else n * self.slots))

    def reseed(self, rows: Ints, seeds: Sequence[int]) -> None:
        """Begin the streams of some environments again; seeds are non-negative, of any size."""
        self._stream[rows] = open_streams(seeds)
        self._next[rows] = self._filled[rows] = 0
        self._ahead = 1

    def take(self, rows: Ints) -> Ints:
        """Return where in the store the next episode of each given environment begins.

        A start state stays there until the environment takes its next episode.
        """
        episode = self._next[rows]
        if np.count_nonzero(episode >= self._filled[rows]):
            self._refill()
        self._next[rows] = episode + 1
        return self._where[self._ring[rows] + episode % self.slots]

    def place(self, rows: Ints, starts: State) -> Ints:
        """Put a start state for each given environment into the store; return where."""
        where = rows + (self.store.state.n - len(self._ring))
        self.store.put(where, starts)
        return where

    def place_states(self, rows: Ints, states: State) -> Ints:
        """Place what a user gave, or raise ValueError where it fits no states of the trap."""
        like = self.store.state.take(rows)
        return self.place(rows, check_states(self.settings.trap, states, like))

    def _refill(self) -> None:
        upto = self._next + self._ahead
        count = np.maximum(upto - self._filled, 0)
        row = np.repeat(np.arange(len(count)), count)
        start = np.repeat(np.cumsum(count) - count, count)
        episode = self._filled[row] + np.arange(len(row)) - start
        number, shifted = pick_levels(self._stream[row], episode, self.settings)
        slots = self._ring[row] + episode % self.slots
        if self.banked:
            self._where[slots] = where = number + shifted * (self.settings.num_levels or 0)
            self._draw(np.unique(where[~self._drawn[where]]))
        else:
            for which in (shifted.nonzero()[0], (~shifted).nonzero()[0]):
                if which.size:
                    starts = draw_levels(self.settings, number[which], shifted[which[0]])
                    self.store.put(slots[which], starts)
        np.maximum(self._filled, upto, out=self._filled)
        # One slot less than there are: the present episode still reads its own.
        self._ahead = min(2 * self._ahead, self.slots - 1)

    def _draw(self, places: Ints) -> None:
        """Draw levels into their places in the bank, those of the shift behind the others."""
        first = self.settings.num_levels or 0
        for shifted in (False, True):
            own = places[(places >= first) == shifted]
            if own.size:
                self.store.put(own, draw_levels(self.settings, own - first * shifted, shifted))
        self._drawn[places] = True


def bank_of(settings: Settings) -> State:
    """Return the start states of levels 0 to ``num_levels`` - 1; the shift's follow, with alpha."""
    numbers = np.arange(settings.num_levels or 0)
    flags = (False, True) if settings.alpha else (False,)
    return settings.trap.joined([draw_levels(settings, numbers, flag) for flag in flags])


def draw_levels(settings: Settings, numbers: Ints, shifted: bool) -> State:
    """Return the start states of levels of the split, or of the shift."""
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
    """Return the stream of each seed that says which episodes come, int64 (n,)."""
    return streams(0, np.array([fold(seed) for seed in seeds], dtype=np.int64), "episodes")


def pick_levels(stream: Array, episode: Array, settings: Settings) -> tuple[Array, Array]:
    """Return the level numbers of episodes 0, 1, ... and which of them are of the shift.

    Streams and episodes are int64 (n,), of any array library.
    """
    number = shift_right(outputs(stream, 2 * episode), 16)
    if settings.num_levels is not None:
        number = number % settings.num_levels
    if not settings.alpha:
        return number, number < 0
    # As integers: some devices have no float64.
    line = math.ceil(settings.alpha * 2**53)
    return number, shift_right(outputs(stream, 2 * episode + 1), 11) < line
