"""Drawing levels: a batch at once, each level a pure function of its number."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from mesa_gym.grid.bits import UInt64s, below, bits
from mesa_gym.grid.plane import AGENT, WALL, Plane
from mesa_gym.grid.schema import Schema
from mesa_gym.grid.state import Bools, Ints, State

Count = int | Ints


class Draw:
    """A batch of levels being drawn.

    A layout (``mesa_gym.grid.layouts``) comes first; then objects are scattered over the cells
    that are still free. Every random choice names its ``site``, and a site may be used only
    once a level, since two uses would draw the same numbers.

    Attributes:
        key: 64-bit number of (trap, parameters, split, salt).
        level: int64 (n,), level numbers.
        attempt: how often these levels were rejected before.
        state: what has been drawn so far.
        free: bool (n, cells), open cells on which nothing stands yet.
        valid: bool (n,), the levels that no requirement has rejected.
        scattered: site -> int64 (n, most), the cells that ``scatter`` put objects on; -1 beyond a
            level's own count.
        given: the like of ``scattered``, to be taken instead of random cells; None for levels.
        chance: float64 (n,), where cells are given: how likely ``scatter`` is to choose just
            these, before any requirement.
    """

    def __init__(
        self,
        schema: Schema,
        key: int,
        level: Ints,
        attempt: int = 0,
        given: Mapping[str, Ints] | None = None,
    ) -> None:
        self.schema = schema
        self.key = key
        self.level = level
        self.attempt = attempt
        self.given = given
        self.scattered: dict[str, Ints] = {}
        self.chance: NDArray[np.float64] = np.ones(len(level))
        self.state = State(schema, len(level))
        self.state.level[:] = level
        self.free = np.zeros((len(level), schema.cells), dtype=np.bool_)
        self.valid = np.ones(len(level), dtype=np.bool_)
        self._sites: set[str] = set()

    def __len__(self) -> int:
        return len(self.level)

    def bits(self, site: str, count: int) -> UInt64s:
        """Random words, uint64 (n, count).

        Args:
            site: a name for what they are for, unique within the trap's drawing.
            count: words for each level.

        Raises:
            ValueError: the site was used before.
        """
        if site in self._sites:
            raise ValueError(f"site {site!r} is used twice in one level; name each use apart")
        self._sites.add(site)
        return bits(self.key, self.level, site, self.attempt, count)

    def integers(self, site: str, low: int, high: int) -> Ints:
        """A uniform integer from ``low`` to ``high`` for each level, int64 (n,).

        Args:
            site: a name for what it is for, unique within the trap's drawing.
            low: the least.
            high: the greatest; it can be drawn too.
        """
        return low + below(self.bits(site, 1)[:, 0], high - low + 1)

    def counts(self, **ranges: tuple[int, int]) -> list[Ints]:
        """One uniform count for each named (low, high) range, both included."""
        return [self.integers(f"count of {k}", low, high) for k, (low, high) in ranges.items()]

    def require(self, good: Bools) -> None:
        """Reject the levels in which ``good`` is False; they are drawn anew."""
        self.valid &= good

    def open_cells(self) -> Bools:
        """Cells without wall, bool (n, height, width)."""
        return ~self.state.layer(WALL)

    def scatter(
        self,
        plane: Plane,
        count: Count,
        among: Bools | None = None,
        attributes: tuple[Plane, ...] = (),
    ) -> Ints:
        """Put ``count`` objects on distinct free cells, every choice equally likely.

        Args:
            plane: the kind; its name is the site.
            count: objects a level, one number or int64 (n,).
            among: bool (n, cells), the only cells allowed.
            attributes: planes set on the same cells.

        Returns:
            int64 (n, most): the cells; -1 beyond a level's own count.
        """
        counts = np.broadcast_to(count, len(self))
        most = int(counts.max(initial=0))
        words = self.bits(plane.name, most)
        chosen = np.full((len(self), most), -1, dtype=np.int64)
        for i in range(most):
            allowed = self.free if among is None else self.free & among
            wanted = counts > i
            if self.given is None:
                cells, found = pick(allowed, words[:, i])
            else:
                cells, found = self._look_up(plane.name, i, allowed, wanted)
            self.require(found | ~wanted)
            rows = (wanted & found).nonzero()[0]
            self.place(plane, cells[rows], rows, attributes)
            chosen[rows, i] = cells[rows]
        self.scattered[plane.name] = chosen
        return chosen

    def _look_up(self, site: str, i: int, allowed: Bools, wanted: Bools) -> tuple[Ints, Bools]:
        """What was given, in place of a ``pick``; a cell that is not allowed rejects its level."""
        assert self.given is not None
        given = self.given.get(site, np.empty((len(self), 0), dtype=np.int64))
        # Nothing is allowed on cell 0, of the border: there are more objects than were given.
        cells = np.maximum(given[:, i], 0) if i < given.shape[1] else np.zeros_like(self.level)
        self.require(allowed[np.arange(len(self)), cells] | ~wanted)
        self.chance /= np.where(wanted, np.maximum(allowed.sum(axis=1), 1), 1)
        # What is rejected is drawn to its end all the same, with the object where it was given.
        return cells, np.ones(len(self), dtype=np.bool_)

    def place(
        self,
        plane: Plane,
        cells: Ints,
        rows: Ints | None = None,
        attributes: tuple[Plane, ...] = (),
    ) -> None:
        """Put one object at a given cell of each given row.

        Args:
            plane: its kind.
            cells: int64 (m,), flat cell indices, one for each of ``rows``.
            rows: int64 (m,), of the batch; by default all.
            attributes: planes that are set with it, such as its colour.
        """
        rows = np.arange(len(self)) if rows is None else rows
        for each in (plane, *attributes):
            self.state.add(each, cells, rows)
        self.free[rows, cells] = False

    def agent(self, among: Bools | None = None) -> Ints:
        """Put the agent on a free cell, int64 (n,); no object may come to stand there later."""
        return self.scatter(AGENT, 1, among)[:, 0]


def pick(allowed: Bools, words: UInt64s) -> tuple[Ints, Bools]:
    """A uniformly chosen allowed cell of each row.

    Args:
        allowed: bool (n, cells).
        words: uint64 (n,), random.

    Returns:
        int64 (n,) cells (0 where none is allowed) and bool (n,) whether one was.
    """
    ranks = np.cumsum(allowed, axis=1, dtype=np.uint16)
    total = ranks[:, -1].astype(np.int64)
    rank = below(words, total).astype(np.uint16)
    return (ranks > rank[:, None]).argmax(axis=1), total > 0
