"""Building a batch of levels, where each level is a pure function of its number."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mesa_gym.engine.chance import below, bits, hash64, mix, streams
from mesa_gym.engine.layouts import Words, blocks, maze
from mesa_gym.engine.paths import distances, equidistant
from mesa_gym.engine.shapes import as_cell_mask, require_one_each
from mesa_gym.engine.state import Bools, Bytes, Cells, Ints, Level, Mask, State
from mesa_gym.engine.world import World

# Attempts to draw a layout on the right side of the held-out hash; each succeeds in 1 of 2 cases.
LAYOUTS = 64
MILLION = 1_000_000


class LevelBuilder:
    """A batch of levels under construction.

    A layout (``maze``, ``blocks`` or ``carve``) comes first. Then things are scattered over the
    cells that are still free. Every random choice names its ``site``, and a site may be used only
    once per level, because two uses would draw equal numbers. A mask of cells may have the shape
    (n, cells) or (n, height, width).

    Attributes:
        world: the trap.
        key: 64-bit number of (trap, version, size, split, salt).
        number: int64 (n,), level numbers.
        attempt: the number of times these levels were rejected before.
        side: int64 (n,), which half of all levels is allowed, 0 or 1 by a hash; None for both.
        held_out: whether the hash for ``side`` is of the walls only, else of the whole level.
        at, there: kind -> (slots, n), as in ``State``.
        traits: trait -> kind -> bool (slots, n).
        ground: layer -> bool (n, cells).
        held, vars: name -> (n,).
        const: name -> int64 (n, entries).
        free: bool (n, cells), open cells that are still empty.
        valid: bool (n,), the levels that satisfy all requirements so far.
    """

    def __init__(
        self, world: World, key: int, number: Ints, attempt: int = 0, side: Ints | None = None
    ) -> None:
        n, self.world, self.key, self.number = len(number), world, key, number
        self.attempt, self.side, self.held_out = attempt, side, False
        self.at = {k: np.zeros((slots, n), np.int64) for k, slots in world.things.items()}
        self.there = {k: np.zeros((slots, n), np.bool_) for k, slots in world.things.items()}
        self.traits = {
            trait: {kind: np.zeros((world.things[kind], n), np.bool_) for kind in kinds}
            for trait, kinds in world.traits.items()
        }
        self.ground = {name: np.zeros((n, world.cells), np.bool_) for name in world.ground}
        self.held = {kind: np.zeros(n, np.int64) for kind in world.held}
        self.vars: dict[str, NDArray[Any]] = {
            name: np.zeros(n, np.bool_ if values == 2 else np.int64)
            for name, values in world.vars.items()
        }
        self.const = {name: np.zeros((n, size), np.int64) for name, size in world.const.items()}
        self.start = np.zeros(n, np.int64)
        self.free = np.zeros((n, world.cells), np.bool_)
        self.valid = np.ones(n, np.bool_)
        self._used = {kind: np.zeros(n, np.int64) for kind in world.things}
        self._sites: set[str] = set()

    def __len__(self) -> int:
        return len(self.number)

    # -- chance ----------------------------------------------------------------------------------

    def bits(self, site: str, count: int) -> Ints:
        """Return random words, int64 (count, n).

        Args:
            site: a name for their purpose, unique within the trap's drawing.
            count: the number of words per level.

        Raises:
            ValueError: the site was used before.
        """
        if site in self._sites:
            raise ValueError(
                f"site {site!r} is used twice in one level; give each use its own site"
            )
        self._sites.add(site)
        return bits(self.key, self.number, site, self.attempt, count)

    def integers(self, site: str, low: int, high: int) -> Ints:
        """Draw a uniform integer from ``low`` to ``high`` inclusive at a ``site``, int64 (n,)."""
        drawn: Ints = low + below(self.bits(site, 1)[0], high - low + 1)
        return drawn

    def events(self, site: str, share: float) -> Bools:
        """Draw an event of probability ``share`` at a ``site``, bool (n,).

        Args:
            site: as for ``bits``.
            share: the probability, to a millionth.
        """
        drawn: Bools = self.integers(site, 0, MILLION - 1) < share * MILLION
        return drawn

    def require(self, good: Mask) -> None:
        """Reject the levels in which ``good``, bool (n,), is False; they are generated again."""
        require_one_each("require", "good", good, len(self), "bool")
        self.valid &= good

    # -- layouts ---------------------------------------------------------------------------------

    def maze(self, loops: int | None = None) -> None:
        """Carve a perfect maze with ``loops`` more passages opened; see ``layouts.maze``."""
        self._draw_layout(lambda words: maze(self.world.size, words, loops))

    def blocks(self) -> None:
        """Carve a room with blocks; see ``layouts.blocks``."""
        self._draw_layout(lambda words: blocks(self.world.size, words))

    def carve(self, open_cells: Mask) -> None:
        """Use the author's layout, a mask of open cells; the outermost cells must be closed."""
        self.held_out = False  # too few layouts may be on a side, so the whole level decides
        self.free = self._as_mask("carve", "open_cells", open_cells).copy()
        self.ground["wall"][:] = ~self.free

    def _as_mask(self, call: str, name: str, mask: Mask) -> Bools:
        return as_cell_mask(call, name, mask, len(self), self.world.size)

    def _draw_layout(self, layout: Callable[[Words], Bools]) -> None:
        """Draw layouts until each hashes to ``side``: training and held-out splits differ in it."""
        open_cells = layout(self.bits)
        for turn in range(1, LAYOUTS):
            wrong = np.zeros(0, dtype=np.int64)
            if self.side is not None:
                wrong = np.flatnonzero(hash_rows(open_cells) & 1 != self.side)
            if not wrong.size:
                break
            open_cells[wrong] = layout(partial(self._draw_bits_again, wrong, turn))
        else:
            raise RuntimeError(f"no layout of {self.world!r} is held out; choose a larger size")
        self.carve(open_cells)
        self.held_out = True

    def _draw_bits_again(self, rows: Ints, turn: int, site: str, count: int) -> Ints:
        return bits(self.key, self.number[rows], f"{site} {turn}", self.attempt, count)

    @property
    def open_cells(self) -> Bools:
        """The cells without walls, bool (n, height, width)."""
        return ~self.ground["wall"].reshape(len(self), *self.world.size)

    def passable(self, blocking: str) -> Bools:
        """Return open cells without kind or ground layer ``blocking``, bool (n, height, width)."""
        blocked = self.world.layer(self.states(), blocking)
        return self.open_cells & ~blocked.reshape(len(self), *self.world.size)

    def cell(self, row: int, column: int) -> Ints:
        """Return one cell for all levels, int64 (n,); negative indices count from the end."""
        height, width = self.world.size
        return np.full(len(self), row % height * width + column % width)

    def steps_from(self, cell: Cells) -> Ints:
        """Return walking distances from a cell, int64 (n, cells); -1 for unreachable cells."""
        require_one_each("steps_from", "cell", cell, len(self))
        return distances(self.open_cells, cell)

    def equidistant(self, place: Cells, other: Cells) -> Bools:
        """Return the cells that are equally far from two places, bool (n, cells)."""
        require_one_each("equidistant", "place", place, len(self))
        require_one_each("equidistant", "other", other, len(self))
        return equidistant(self.open_cells, place, other)

    # -- things ----------------------------------------------------------------------------------

    def scatter(
        self,
        kind: str,
        count: int | Ints = 1,
        among: Mask | None = None,
        traits: tuple[str, ...] = (),
        site: str | None = None,
    ) -> Ints:
        """Put ``count`` things on distinct free cells, chosen uniformly.

        Args:
            kind: a kind of things, or a ground layer.
            count: the number of things per level, one number or int64 (n,).
            among: a mask of the allowed cells; by default all.
            traits: the traits of each thing.
            site: the name of this random choice; by default the kind.

        Returns:
            int64 (most, n): the cells; -1 beyond a level's ``count``.
        """
        if isinstance(count, np.ndarray):
            require_one_each("scatter", "count", count, len(self))
        counts = np.broadcast_to(count, len(self))
        if among is not None:
            among = self._as_mask("agent" if kind == "agent" else "scatter", "among", among)
        words = self.bits(site or kind, int(counts.max(initial=0)))
        chosen = np.full(words.shape, -1, dtype=np.int64)
        for i, word in enumerate(words):
            cells, enough = pick(self.free if among is None else self.free & among, word)
            self.require(enough | (counts <= i))
            rows = np.flatnonzero(enough & (counts > i))
            chosen[i, rows] = cells[rows]
            self.put(kind, cells[rows], rows, traits)
        return chosen

    def put(
        self,
        kind: str,
        cells: Cells,
        rows: Ints | None = None,
        traits: tuple[str, ...] = (),
        there: bool | Bools = True,
    ) -> None:
        """Put one thing into the next slot of its kind, or a ground layer on one cell.

        Args:
            kind: a kind of things, or a ground layer; ``agent`` moves the agent.
            cells: int64 (m,), one for each of ``rows``; -1 puts nothing.
            rows: int64 (m,), rows of the batch; by default all.
            traits: the thing's traits.
            there: bool, or bool (m,): False reserves the cell for a thing that appears later.
        """
        rows = np.arange(len(self)) if rows is None else rows
        require_one_each("put", "cells", cells, len(rows))
        if (cells < 0).any():  # padding of `scatter`, or a level that is rejected
            there = np.broadcast_to(there, cells.shape)[cells >= 0]
            rows, cells = rows[cells >= 0], cells[cells >= 0]
        if kind == "agent":
            self.start[rows] = cells
        elif kind in self.ground:
            self.ground[kind][rows, cells] = True
        else:
            slot = self._used[kind][rows]
            self._used[kind][rows] += 1
            self.at[kind][slot, rows], self.there[kind][slot, rows] = cells, there
            for trait in traits:
                self.traits[trait][kind][slot, rows] = True
        self.free[rows, cells] = False

    def agent(self, among: Mask | None = None) -> Ints:
        """Put the agent on a free cell, int64 (n,), on which no other thing is put."""
        return self.scatter("agent", 1, among)[0]

    # -- the result ------------------------------------------------------------------------------

    def states(self) -> State:
        """Return the start states of all drawn levels, including rejected levels."""
        rows, key = np.arange(len(self)), streams(self.key, self.number, "level")
        tables: dict[str, Ints | Bools] = {name: x.ravel() for name, x in self.ground.items()}
        tables |= {name: entries.ravel() for name, entries in self.const.items()}
        tables |= {name: streams(0, key, name) for name in self.world.seeds}
        level = Level(rows, self.number, key, tables, self.traits)
        return State(level, 0 * rows, self.start, self.at, self.there, self.held, self.vars)


def pick(allowed: Bools, words: Ints) -> tuple[Ints, Bools]:
    """Choose one of the allowed cells of each row uniformly.

    Args:
        allowed: bool (n, cells).
        words: int64 (n,), random.

    Returns:
        int64 (n,) cells (0 without an allowed cell) and bool (n,), whether a cell was allowed.
    """
    ranks = np.cumsum(allowed, axis=1, dtype=np.uint16)
    total = ranks[:, -1].astype(np.int64)
    rank = below(words, total).astype(np.uint16)
    return (ranks > rank[:, None]).argmax(axis=1), total > 0


def hash_rows(flags: Bools | Bytes) -> Ints:
    """Return a 64-bit hash of each row of flags, int64 (n,), equal on every platform.

    Args:
        flags: bool or uint8 0 and 1, (n, ...).
    """
    packed = np.packbits(flags.reshape(len(flags), -1), axis=1)
    words = np.zeros((len(flags), -(-packed.shape[1] // 8) * 8), dtype=np.uint8)
    words[:, : packed.shape[1]] = packed
    value = np.full(len(flags), hash64("row"))
    for column in words.view("<i8").T:
        value = mix(value ^ column)
    return value
