"""The queue of levels in memory: the next levels of each environment, and their start states.

The episodes of an environment are a pure function of its seed: episode j draws its level number
from output 2j of the seed's SplitMix64 stream, and from output 2j + 1 whether it comes from the
shift distribution. The number of levels that are drawn ahead changes only the speed.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from gymnasium.error import Error
from numpy.typing import NDArray

from mesa_gym.engine import Array, Bytes, Ints, LevelBuilder, Numbers, State
from mesa_gym.engine.chance import fold, outputs, shift_right, streams
from mesa_gym.envs.checks import integer, require_states
from mesa_gym.envs.observations import planes_of
from mesa_gym.envs.running_states import StateRows
from mesa_gym.envs.settings import Settings
from mesa_gym.traps import LEVELS, Split

MOST_BANKED = 4096  # default number of levels that a device environment stores per distribution
BANK_BYTES = 1 << 26  # levels are kept after first use only if all their planes fit into this
AHEAD = 1024  # at most this many episodes are chosen ahead, over all environments


class StartStates:
    """Start states in rows that can be overwritten, with their own tables.

    Attributes:
        rows: the states.
        planes: uint8 (count, height * width * channels), the planes of the states.
        splits: int64 (count,), the codes of their splits.
    """

    def __init__(self, settings: Settings, count: int) -> None:
        self._settings, trap = settings, settings.trap
        empty = LevelBuilder(trap, 0, np.zeros(count, dtype=np.int64)).states()
        self.rows = StateRows(empty, "F")
        self.planes: Bytes = np.zeros((count, trap.cells * len(trap.channels)), dtype=np.uint8)
        self.splits = np.zeros(count, dtype=np.int64)

    @property
    def state(self) -> State:
        """The start states; arrays are int64 and bool (slots, count)."""
        return self.rows.state

    def put(self, rows: Ints, starts: State) -> None:
        """Overwrite ``rows`` with start states."""

        def overwrite(target: Array, values: Array) -> None:
            target[..., rows] = values

        self.rows.state.map(overwrite, starts)
        level, trap = self.rows.state.level, self._settings.trap
        level.row[rows] = rows
        for name, table in level.tables.items():
            table.reshape(-1, trap.entries[name])[rows] = trap.table(starts.level, name)
        self.planes[rows] = planes_of(trap, starts).reshape(starts.n, -1)
        self.splits[rows] = split_codes(self._settings, starts.level.number // LEVELS)


class LevelQueue:
    """The levels of the coming episodes of n environments.

    A ring of slots stores the current and the next episodes of each environment. When one
    environment has used all its slots, all rings are refilled together: first with one episode (so
    that a single reset is fast), then with 2, 4 and so on. A slot stores a start state, or its row
    in a bank: if the number of levels is small enough, every level is kept after it is generated.

    Class attributes:
        least: the minimum number of slots per environment, without and with a bank. More slots
            mean that more episodes are refilled together.
    """

    least: ClassVar[tuple[int, int]] = (4, 64)

    def __init__(self, settings: Settings, n: int) -> None:
        self.settings = settings
        size, trap = bank_size(settings), settings.trap
        self.banked = size * trap.cells * len(trap.channels) <= BANK_BYTES
        self._drawn = np.zeros(size if self.banked else 0, dtype=np.bool_)
        self.slots = max(AHEAD // n, self.least[self.banked])
        self._ring = np.arange(n * self.slots).reshape(n, self.slots)
        self._following = np.roll(self._ring, -1, axis=1).ravel()
        self._stream, self._filled = np.zeros((2, n), dtype=np.int64)
        # By slot: the row of its start state; -1 if no level is chosen yet or the state was used.
        self._where = np.full(n * self.slots, -1)
        self._slot = self._ring[:, 0].copy()  # the slot of each environment's next episode
        self._ahead = 1

    @cached_property
    def starts(self) -> StartStates:
        """The start states; the last n rows are for levels that a reset's options request."""
        n = len(self._slot)
        return StartStates(self.settings, n + (len(self._drawn) or n * self.slots))

    def reseed(self, rows: Ints, seeds: Sequence[int]) -> None:
        """Restart the episode streams of the environments ``rows``, with non-negative seeds."""
        self._stream[rows] = open_streams(seeds)
        self._slot[rows], self._filled[rows] = self._ring[rows, 0], 0
        self._where[self._ring[rows]] = -1
        self._ahead = 1

    def changed(self, settings: Settings) -> LevelQueue:
        """Return the queue for another ``alpha``, which episodes that have not begun obey.

        Returns:
            This queue; or a new one without start states, if shift levels are added to a bank.
        """
        unused = (self._where[self._ring] >= 0).sum(axis=1)
        self._filled -= unused
        self._where[:] = -1
        self.settings = settings
        if not self.banked or bank_size(settings) <= len(self._drawn):
            return self
        other = LevelQueue(settings, len(self._slot))
        other._stream, other._filled = self._stream, self._filled
        other._slot = other._ring[np.arange(len(self._slot)), self._filled % other.slots]
        return other

    def next_starts(self, rows: Ints) -> Ints:
        """Return the rows of ``starts`` with the environments' next start states, int64 (m,).

        A row is not overwritten before the environment begins its next episode.
        """
        slots = self._slot[rows]
        where = self._where[slots]
        if where[where.argmin()] < 0:
            self._refill()
            where = self._where[slots]
        self._where[slots] = -1
        self._slot[rows] = self._following[slots]
        return where

    def draw_asked(self, levels: list[Any], maps: list[Any]) -> tuple[list[int], State | None]:
        """Return which resets request a level or a map, and the start states of these resets.

        Raises:
            ValueError: a level or map does not fit, or a reset requests both.
        """
        chosen = {i: level for i, level in enumerate(levels) if level is not None}
        texts = {i: text for i, text in enumerate(maps) if text is not None}
        if chosen.keys() & texts.keys():
            raise ValueError("options name both a level and a map; give one of them")
        trap, batches = self.settings.trap, []
        if chosen:
            numbers = [integer("level", level, 0, LEVELS - 1) for level in chosen.values()]
            batches.append(trap.levels(self.settings.split, numbers, self.settings.salt))
        for text in texts.values():
            from mesa_gym.engine.maps import from_map  # rarely needed

            batches.append(from_map(trap, text))
        return [*chosen, *texts], trap.joined(batches) if batches else None

    def put_starts(self, rows: Ints, starts: State) -> Ints:
        """Store a start state for each environment in ``rows``; return the rows of ``starts``."""
        where = rows + (self.starts.state.n - len(self._slot))
        self.starts.put(where, starts)
        return where

    def put_states(self, rows: Ints, states: State) -> Ints:
        """Store a user's states; raise ValueError if they do not fit the trap."""
        like = self.starts.state.take(rows)
        return self.put_starts(rows, require_states(self.settings.trap, states, like))

    def _refill(self) -> None:
        # Fill each ring up to `_ahead` episodes; `row` and `episode` have an entry per new episode.
        chosen = (self._where[self._ring] >= 0).sum(axis=1)
        count = np.maximum(self._ahead - chosen, 0)
        row = np.repeat(np.arange(len(count)), count)
        start = np.repeat(np.cumsum(count) - count, count)
        episode = self._filled[row] + np.arange(len(row)) - start
        slots = self._ring[row, episode % self.slots]
        rows = pick_rows(self._stream[row], episode, self.settings)
        # A bank stores each level once, in the row of its number, for all environments.
        where = places = rows if self.banked else slots
        if self.banked:
            rows = places = np.unique(rows[~self._drawn[rows]])
        for drawn_rows, starts in draw_rows(self.settings, rows):
            self.starts.put(places[drawn_rows], starts)
        if self.banked:
            self._drawn[rows] = True
        self._where[slots] = where
        self._filled += count
        # At most all slots but one, because the current episode still uses its own.
        self._ahead = min(2 * self._ahead, self.slots - 1)


def bank_size(settings: Settings) -> int:
    """Return the number of levels that episodes are drawn from; with alpha, also shift levels."""
    return (settings.num_levels or LEVELS) * (1 + (settings.alpha > 0))


def bank_of(settings: Settings) -> State:
    """Return the start states of all ``num_levels`` levels; with alpha, also of shift levels."""
    rows = np.arange(bank_size(settings) if settings.num_levels else 0)
    return settings.trap.joined([starts for _, starts in draw_rows(settings, rows)])


def draw_rows(settings: Settings, rows: Ints) -> Iterator[tuple[Ints, State]]:
    """Yield, for each split, indices into ``rows``, int64 (m,), and their levels' start states."""
    number, shifted = read_rows(rows, settings)
    for flag, split in enumerate((settings.split, Split.SHIFT)):
        part = (shifted == flag).nonzero()[0]
        if part.size:
            yield part, settings.trap.levels(split, number[part] + LEVELS * flag, settings.salt)


def split_codes(settings: Settings, shifted: Numbers) -> Numbers:
    """Return the codes of splits; ``shifted`` is 1 for shift levels that ``alpha`` mixes in."""
    return settings.split.code + (Split.SHIFT.code - settings.split.code) * shifted


def environment_seeds(seed: int, n: int) -> list[int]:
    """Return the seeds of n environments under one seed, integers of 63 bits.

    Each seed is a hash of ``seed`` and the environment's index. Neighbouring seeds therefore give
    unrelated levels, and the first environments have the same seeds for every n.

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
    """Return alpha in two words, uint32 (2,), because some devices lack float64 and int64."""
    return np.array(divmod(math.ceil(alpha * 2**53), 2**32), np.uint32)


def pick_rows(
    stream: Numbers, episode: Numbers, settings: Settings, alpha: Numbers | None = None
) -> Numbers:
    """Return the levels of episodes 0, 1, ..., as rows of ``bank_of``.

    A row is a level's number; shift levels follow after ``num_levels`` rows, or after all numbers
    if ``num_levels`` is None. Streams and episodes are int64 (n,), of any array library. ``alpha``,
    two words of int64, replaces the share of shift levels in the settings.
    """
    # Two outputs per episode, so that alpha changes no level number of an episode.
    row = shift_right(outputs(stream, 2 * episode), 16)
    if settings.num_levels is not None:
        row = row % settings.num_levels
    if settings.alpha:
        high, low = split_alpha(settings.alpha).tolist() if alpha is None else alpha
        shifted = shift_right(outputs(stream, 2 * episode + 1), 11) < high * 2**32 + low
        row = row + shifted * (settings.num_levels or LEVELS)
    return row


def read_rows(rows: Numbers, settings: Settings) -> tuple[Numbers, Numbers]:
    """Return the level numbers of ``pick_rows``, and 1 for shift levels, else 0."""
    count = settings.num_levels or LEVELS
    return rows % count, rows // count
