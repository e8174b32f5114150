"""States in rows that can be overwritten: start states, and those of running episodes."""

from __future__ import annotations

from typing import Literal

import numpy as np

from mesa_gym.engine import Array, Ints, LevelBuilder, State
from mesa_gym.envs.observations import Bytes, planes_of
from mesa_gym.envs.settings import Settings


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
