"""Start states as tables with a row per level, which compiled environments read."""

from __future__ import annotations

from math import prod
from typing import Any, NamedTuple

import numpy as np

from mesa_gym.engine import Array, Numbers, State
from mesa_gym.errors import require_extra

with require_extra("jax"):
    import jax


class LevelTables(NamedTuple):
    """The start states of levels; compiled code reads them as constants or takes them.

    Attributes:
        begins: int32 (levels, n), the arrays that steps change.
        stays: int32 (levels, m), the arrays that no step changes.
        ground: the constant part of each level's observation: planes, uint8 (levels, bytes), or the
            ``listed`` inputs, int32 (levels, most).
        entries: name -> the flat table of ``Level.tables``, (levels * entries,).
    """

    begins: Array
    stays: Array
    ground: Array
    entries: dict[str, Array]


class StateColumns:
    """Converts states, whose arrays are (..., levels), to rows of one table, and back.

    One gather then reads all arrays. ``like`` is a state with the same arrays.
    """

    def __init__(self, like: State) -> None:
        arrays, self._tree = jax.tree.flatten(like)
        self._shapes = [(array.shape[:-1], array.dtype) for array in arrays]

    def tabulate(self, state: State) -> Numbers:
        """Return a NumPy table of NumPy arrays, int32 (levels, columns)."""
        arrays = jax.tree.leaves(state)
        flat = [array.astype(np.int32).reshape(-1, array.shape[-1]) for array in arrays]
        return np.vstack(flat).T if flat else np.zeros((1, 0), np.int32)

    def take(self, table: Array, row: Array) -> State:
        """Return the arrays of the level ``row`` of a table."""
        fields, leaves, first = table[row], list[Array](), 0
        for shape, dtype in self._shapes:
            part, first = fields[first : first + prod(shape)], first + prod(shape)
            leaves.append(part.reshape(shape).astype(dtype))
        return jax.tree.unflatten(self._tree, leaves)


def merge(choose: Any, first: State, second: State) -> State:
    """Apply ``choose`` to each pair of arrays of two states; an array of the first may be None."""
    return jax.tree.map(choose, first, second, is_leaf=lambda array: array is None)


def narrow(array: Any) -> Any:
    """Return a NumPy array with 32-bit integers; JAX would compile one program per conversion."""
    if array.dtype == np.int64:
        wide, array = array, array.astype(np.int32)
        if (lost := wide[wide != array]).size:
            raise ValueError(f"a level holds the number {lost[0]:,}; JAX takes numbers below 2**31")
    return array


def narrow_starts(starts: State) -> State:
    """Return start states without clock, numbers and tables, and with 32-bit integers."""
    level = starts.level._replace(row=None, number=None, key=None, tables={})
    return jax.tree.map(narrow, starts._replace(level=level, clock=None))
