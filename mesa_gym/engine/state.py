"""States: which things exist in a batch of levels, and where.

A level has *kinds* of things, each with a fixed number of *slots*. A slot has a cell, and a flag
whether the thing is still there. States are immutable: a step returns a new state, which shares
all unchanged arrays with the old one. The batch is the last axis of every array and may have any
shape: ``()`` for one level of NumPy scalars, ``(n,)``, or ``(1, n)`` with actions ``(5, 1)``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bytes = NDArray[np.uint8]
# Arrays of any library (NumPy, torch, JAX) or NumPy scalars, (n,) unless stated otherwise.
Cells = Any  # int64, ``row * width + column``
Numbers = Any  # int64: actions, counts, variables, random words
Mask = Any  # bool
Amounts = Any  # float64: rewards
Array = Any  # any of these
Payment = Mask | Mapping[float, Mask]
"""The rows that are paid 1, or amount -> the rows that are paid this amount (amounts add up)."""

ACTIONS = ("left", "down", "right", "up", "act")
STAY = ACTIONS.index("act")


class Level(NamedTuple):
    """The fixed data of a batch of levels, which no step changes.

    Attributes:
        row: int64 (n,), the row of each level in the tables.
        number: int64 (n,), level numbers.
        key: int64 (n,), one 64-bit number for (trap, version, size, split, salt, level).
        tables: name -> flat array (levels * entries,) for all levels of a bank: ground layers
            (bool, one entry per cell), constants, and seeds of random numbers. All batches of the
            bank share them.
        traits: trait -> kind -> bool (slots, n), which things have the trait.
    """

    row: Numbers
    number: Numbers
    key: Numbers
    tables: dict[str, Array]
    traits: dict[str, dict[str, Mask]]


class State(NamedTuple):
    """The data that a step may change, and the fixed data of the level.

    Attributes:
        level: the fixed data.
        clock: int64 (n,), steps taken.
        agent: int64 (n,), the agent's cell, ``row * width + column``.
        at: kind -> int64 (slots, n), cells; a slot that was never used is at cell 0.
        there: kind -> bool (slots, n), which things are there.
        held: kind -> int64 (n,), the number that the agent holds.
        vars: name -> int64 or bool (n,).
    """

    level: Level
    clock: Numbers
    agent: Cells
    at: dict[str, Cells]
    there: dict[str, Mask]
    held: dict[str, Numbers]
    vars: dict[str, Array]

    @property
    def n(self) -> int:
        """The number of levels in the batch."""
        return len(self.agent)

    def map(self, function: Callable[..., Array], *states: State) -> State:
        """Return the state with a function applied to every array except the tables.

        Args:
            function: takes an array of this state and the corresponding arrays of ``states``.
            states: states of the same world.
        """

        def apply(*parts: Any) -> Any:
            if isinstance(parts[0], dict):
                return {name: apply(*[part[name] for part in parts]) for name in parts[0]}
            return function(*parts)

        levels = [state.level._replace(tables={}) for state in (self, *states)]
        level = Level(*map(apply, *levels))._replace(tables=self.level.tables)
        return State(level, *map(apply, self[1:], *[other[1:] for other in states]))

    def take(self, rows: Array) -> State:
        """Return the given rows of a batch, in their order; the tables are shared.

        Args:
            rows: int64 (m,), bool (n,) or a slice.
        """
        if isinstance(rows, np.ndarray):
            # Indexing would put the slots of a level side by side in memory, which is slower later.
            indices = rows.nonzero()[0] if rows.dtype == np.bool_ else rows
            return self.map(lambda array: array.take(indices, axis=-1))
        return self.map(lambda array: array[..., rows])

    def read_only(self) -> State:
        """Return the state as read-only views, for code of users: policies and traps."""
        tables = {name: _protect(table) for name, table in self.level.tables.items()}
        state = self.map(_protect)
        return state._replace(level=state.level._replace(tables=tables))

    def single(self, row: int) -> State:
        """Return one level of a batch without the batch axis, on NumPy scalars."""
        return self.map(lambda array: array[row] if array.ndim == 1 else array[:, row].copy())

    def batched(self) -> State:
        """Return a state without batch axis as a batch of one; ``single(0)`` is the inverse."""
        return self.map(lambda array: np.asarray(array)[..., None])

    def replaced(self, mask: Mask, other: State, where: Callable[..., Array] = np.where) -> State:
        """Return the state with the rows in ``mask`` taken from another state.

        Args:
            mask: bool (n,).
            other: n states over the same tables.
            where: the array library's ``where``.
        """
        return self.map(lambda old, new: where(mask, new, old), other)


def _protect(array: Array) -> Array:
    """Return a NumPy array as a read-only view; other values unchanged."""
    view = array.view()
    view.flags.writeable = False
    return view
