"""The states of running episodes, in rows that new episodes overwrite, and their planes."""

from __future__ import annotations

from itertools import islice
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from mesa_gym.engine import Array, Bytes, Cells, Ints, Mask, Numbers, State
from mesa_gym.traps import Trap

# A view of one channel of all cells, uint8.
View = NDArray[np.uint8]
# A channel, cells in it, and the value of each cell, 0 or 1.
Spot = tuple[View, Cells, Array]


class StateRows:
    """A batch of states whose arrays are views of two matrices.

    Args:
        state: the initial states; they are copied, except the tables.
        order: "C" for states that are stepped, "F" for states that are copied from.

    Attributes:
        state: the states, which change when rows are overwritten.
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
            pool, count = int(array.dtype == np.bool_), 1 if array.ndim == 1 else len(array)
            rows, left[pool] = left[pool][:count], left[pool][count:]
            return rows[0] if array.ndim == 1 else rows

        self.state = state.map(view)

    def __reduce__(self) -> tuple[type[StateRows], tuple[State, str]]:
        # Pickled or copied views would no longer share memory with the matrices.
        return StateRows, (self.state, self.order)

    def hold(self, state: State) -> None:
        """Copy the states after a step into the matrices, unless the arrays are already views."""
        pairs = [(self.state.clock, state.clock), (self.state.agent, state.agent)]
        for target, values in zip(self.state[3:], state[3:], strict=True):
            if values is not target:
                pairs += zip(target.values(), values.values(), strict=True)
        # Rules may swap views between fields, so a view is copied before any field is written.
        for x, y in [(x, y if y.base is None else y.copy()) for x, y in pairs if y is not x]:
            x[...] = y

    def copy(self, rows: Ints, source: StateRows, where: Ints) -> None:
        """Overwrite ``rows`` with the rows of ``source`` at ``where``; both need equal tables."""
        for target, values in zip(self.matrices, source.matrices, strict=True):
            target[:, rows] = values.T.take(where, axis=0).T


class LivePlanes:
    """Planes of one environment or of n, updated as the states change.

    Two guarantees of the engine make this possible: the planes never change at cell 0, and two
    things on the same plane never share a cell.

    Attributes:
        planes: uint8 (n, height, width, channels), repeated planes included; n is 1 for one
            environment. Copy them before you return them.
    """

    def __init__(self, trap: Trap, n: int | None = None, planes: Any = 0) -> None:
        """Start from ``planes``, (n, cells * channels); n=None is one state without batch axis."""
        self._trap, self._n = trap, n
        count = len(trap.channels)
        flat = np.zeros((n or 1) * trap.cells * count, dtype=np.uint8)
        self.planes = flat.reshape(n or 1, *trap.size, count)
        self._rows = flat.reshape(n or 1, -1)
        self._rows[:] = planes
        self._marked: list[Spot] = []  # marks that are drawn, or [] if unknown
        self._first: Any = 0 if n is None else np.arange(n) * trap.cells
        self._spread = np.tile(self._first, max(trap.things.values(), default=1))
        self._views: dict[str, list[View]] = {plane: [] for plane in trap.planes}
        for index, plane in enumerate(trap.channels):
            self._views[plane].append(flat[index::count])
        places = iter(range(1, trap.width))  # cells for held things, from the left of the top row
        self._hands = {x: np.array([*islice(places, most)]) for x, most in trap.held.items()}
        self._kinds = {kind: views for kind in trap.things if (views := self._find_views(kind))}

    def _find_views(self, kind: str) -> list[tuple[str | None, list[View]]]:
        """Return (trait or None, views of its plane) for each plane on which a kind is drawn."""
        trap = self._trap
        names: dict[str | None, str] = {None: kind}
        names |= {trait: trait for trait, kinds in trap.traits.items() if kind in kinds}
        planes = {trait: trap.shown_as.get(name, name) for trait, name in names.items()}
        return [(trait, self._views[plane]) for trait, plane in planes.items() if plane]

    def __reduce__(self) -> tuple[type[LivePlanes], tuple[object, ...]]:
        # Pickled or copied views would no longer share memory with the planes.
        return LivePlanes, (self._trap, self._n, self._rows.copy())

    def begin(self, rows: Ints, planes: Bytes) -> None:
        """Overwrite ``rows`` with planes of new states, uint8 (m, height * width * channels)."""
        self._rows[rows] = planes
        self._marked = []

    def follow(self, before: State, after: State) -> None:
        """Redraw the planes where one step changed the state from ``before`` to ``after``."""
        first, agents = self._first, self._views["agent"]
        painted: list[Spot] = []
        # Erase everything before painting: one thing may move to another's former cell.
        for view in agents:
            view[first + before.agent] = 0
        for kind in self._kinds:
            was, now = before.there[kind], after.there[kind]
            if after.at[kind] is not before.at[kind]:
                self._erase(self._spots(kind, was, before))
                painted += self._spots(kind, now, after)
            elif now is not was:
                changed = self._spots(kind, was != now, after)
                self._erase(changed)
                painted += [(view, cells[there], 1) for view, cells, there in changed]
        if self._trap.marks:
            self._erase(self._marked or self._marks(before))
            self._marked = self._marks(after)
            painted += self._marked
        for view, cells, value in painted:
            view[cells] = value
        for view in agents:
            view[first + after.agent] = 1
        if after.held is not before.held:
            for kind in self._trap.held:
                self._follow_hand(kind, before.held[kind], after.held[kind])

    def _erase(self, spots: list[Spot]) -> None:
        for view, cells, _ in spots:
            view[cells] = 0

    def _spots(self, kind: str, mask: Mask, state: State) -> list[Spot]:
        """Return the spots of the things in ``mask``; the value is whether the thing is there."""
        indices = mask.ravel().nonzero()[0]
        if not indices.size:
            return []
        cells = self._spread[indices] + state.at[kind].ravel()[indices]
        there = state.there[kind].ravel()[indices]
        spots: list[Spot] = []
        for trait, views in self._kinds[kind]:
            has = state.level.traits[trait][kind].ravel()[indices] if trait else slice(None)
            spots += [(view, cells[has], there[has]) for view in views]
        return spots

    def _marks(self, state: State) -> list[Spot]:
        """Return the spots of the trap's marks; a mark in cell 0 is not drawn."""
        return [
            (view, self._first + cell, cell > 0)
            for plane, cell in self._trap.show(state)
            for view in self._views[plane]
        ]

    def _follow_hand(self, kind: str, old: Numbers, new: Numbers) -> None:
        """Redraw the held things of a kind in the top row."""
        if new is not old:
            held = np.asarray(new).reshape(-1)
            rows = (held != old).nonzero()[0]
            place = self._hands[kind]
            visible = held[rows, None] > place - place[0]
            for view in self._views[kind]:
                view[self._spread[rows, None] + place] = visible
