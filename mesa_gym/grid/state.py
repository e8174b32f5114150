"""The state of a batch of levels: plain arrays, the batch axis first."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mesa_gym.grid.plane import AGENT, Plane
from mesa_gym.grid.schema import Schema

Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]

_VIEWS = ("flat", "hidden_flat", "first")


class State:
    """States of n levels of one trap.

    Attributes:
        schema: what the channels are.
        planes: uint8 (n, height, width, channels), 0 or 1, C-contiguous: what the agent sees.
        hidden: uint8 (n, height, width, hidden channels): for measuring only.
        cell: int64 (n,), the agent's cell as ``row * width + column``.
        clock: int64 (n,), steps taken.
        level: int64 (n,), level numbers.
        key: uint64 (n,), one number for (trap, parameters, split, salt, level).
        vars: the arrays that the schema declares and steps change, by name.
        const: those that never change.
        count: int64 (n, channels), set cells of each plane outside the top row. Derived
            from ``planes``; ``recount`` after writing to them directly.
        flat: ``planes`` as (n * cells, channels), a view.
        hidden_flat: the same of ``hidden``.
        first: int64 (n,), index in ``flat`` of each level's first cell.
    """

    __slots__ = (
        "cell",
        "clock",
        "const",
        "count",
        "first",
        "flat",
        "hidden",
        "hidden_flat",
        "key",
        "level",
        "planes",
        "schema",
        "vars",
    )

    def __init__(self, schema: Schema, n: int) -> None:
        """Make n levels with nothing in them, not even walls."""
        shape = (n, schema.height, schema.width)
        self.schema = schema
        self.planes = np.zeros((*shape, len(schema.planes)), dtype=np.uint8)
        self.hidden = np.zeros((*shape, schema.hidden_count), dtype=np.uint8)
        self.cell = np.zeros(n, dtype=np.int64)
        self.clock = np.zeros(n, dtype=np.int64)
        self.level = np.zeros(n, dtype=np.int64)
        self.key = np.zeros(n, dtype=np.uint64)
        self.count = np.zeros((n, len(schema.planes)), dtype=np.int64)
        self.vars: dict[str, np.ndarray] = {
            k: np.zeros((n, *s), dtype=t) for k, (t, s) in schema.vars.items()
        }
        self.const: dict[str, np.ndarray] = {
            k: np.zeros((n, *s), dtype=t) for k, (t, s) in schema.const.items()
        }
        self._make_views()

    def _make_views(self) -> None:
        n, cells = len(self.cell), self.schema.cells
        self.flat = self.planes.reshape(n * cells, self.planes.shape[3])
        self.hidden_flat = self.hidden.reshape(n * cells, self.hidden.shape[3])
        self.first = np.arange(n, dtype=np.int64) * cells

    def __len__(self) -> int:
        return len(self.cell)

    def _arrays(self) -> list[np.ndarray]:
        fixed: list[np.ndarray]
        fixed = [self.planes, self.cell, self.clock, self.level, self.key, self.count]
        if self.schema.hidden_count:
            fixed.append(self.hidden)
        return [*fixed, *self.vars.values(), *self.const.values()]

    def _map(self, function: Callable[[np.ndarray], np.ndarray]) -> State:
        out = object.__new__(State)
        out.schema = self.schema
        for name in ("planes", "hidden", "cell", "clock", "level", "key", "count"):
            setattr(out, name, function(getattr(self, name)))
        out.vars = {k: function(v) for k, v in self.vars.items()}
        out.const = {k: function(v) for k, v in self.const.items()}
        out._make_views()
        return out

    def __getstate__(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__ if name not in _VIEWS}

    def __setstate__(self, fields: dict[str, Any]) -> None:
        # Views that were pickled or deep-copied would no longer share memory with their arrays.
        for name, value in fields.items():
            setattr(self, name, value)
        self._make_views()

    def take(self, rows: Ints) -> State:
        """A new state of the given rows, in their order; it shares no memory with this one."""
        return self._map(lambda array: array.take(rows, axis=0))

    def copy(self) -> State:
        """A deep copy."""
        return self._map(np.ndarray.copy)

    def put(self, rows: Ints, other: State, other_rows: Ints) -> None:
        """Overwrite ``rows`` with rows of another state of the same schema.

        Args:
            rows: int64 (m,), of this state.
            other: where they come from; it is not changed.
            other_rows: int64 (m,), of that.
        """
        for mine, theirs in zip(self._arrays(), other._arrays(), strict=True):
            mine[rows] = theirs.take(other_rows, axis=0)

    def recount(self) -> None:
        """Recompute ``count`` from ``planes``."""
        self.count[:] = self.planes[:, 1:].sum(axis=(1, 2), dtype=np.int64)

    def add(self, plane: Plane, cells: Ints, rows: Ints | slice = slice(None)) -> None:
        """Set a visible or hidden plane at one cell of each given row (drawing, not stepping).

        Args:
            plane: a plane of the schema; all of its channels are set.
            cells: int64, flat cell indices, one for each of ``rows``.
            rows: which levels.
        """
        where = self.first[rows] + cells
        if plane in self.schema.hidden_channel:
            self.hidden_flat[where, self.schema.hidden_channel[plane]] = 1
            return
        for channel in self.schema.channels[plane]:
            self.flat[where, channel] = 1
        if plane == AGENT:
            self.cell[rows] = cells

    def stand(self, cells: Ints) -> None:
        """Put the agents elsewhere, whatever is there; nothing else changes.

        Args:
            cells: int64 (n,), flat cell indices.
        """
        self.layer(AGENT)[:] = False
        self.cell[:] = cells
        self.flat[self.first + cells, self.schema.channels[AGENT][0]] = 1

    def mark_once(self) -> None:
        """Set every once-mark: each cell of a ``once`` plane will pay."""
        for plane, mark in self.schema.once_channel.items():
            if plane in self.schema.hidden_channel:
                source = self.hidden[..., self.schema.hidden_channel[plane]]
            else:
                source = self.planes[..., self.schema.channels[plane][0]]
            self.hidden[..., mark] = source

    def layer(self, plane: Plane) -> Bools:
        """The cells of a visible or hidden plane, bool (n, height, width), a view."""
        if plane in self.schema.hidden_channel:
            layer = self.hidden[..., self.schema.hidden_channel[plane]]
        else:
            layer = self.planes[..., self.schema.channels[plane][0]]
        return layer.view(np.bool_)

    def held(self, plane: Plane) -> Ints:
        """How many items of a kind the agent holds, int64 (n,)."""
        start, stop = self.schema.slots[plane]
        channel = self.schema.channels[plane][0]
        return self.planes[:, 0, start:stop, channel].sum(axis=1, dtype=np.int64)
