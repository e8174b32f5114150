"""A move: what one step did, for a whole batch of levels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mesa_gym.grid.bits import UInt64s, outputs, streams
from mesa_gym.grid.plane import AGENT, Plane
from mesa_gym.grid.state import Bools, Ints, State


class Move:
    """One step of a batch, as rules and objectives see it.

    ``on``, ``into``, ``left`` and ``first`` speak of the world before any rule wrote; ``holds``,
    ``count`` and ``none_left`` of the world as it is when they are asked. Writers change one
    cell of each row in which ``where`` is true.

    Attributes:
        state: the batch, changed in place.
        action: int64 (n,), 0 to 4.
        origin: int64 (n,), the agent's cell before the move.
        moved: bool (n,), whether the agent changed its cell; known once ``blocked`` was asked.
        facts: what rules found out and objectives or ``ends`` need, by name.
    """

    __slots__ = (
        "_entered",
        "_first",
        "_hidden",
        "_into",
        "_left",
        "_offset",
        "_origin_index",
        "_target_index",
        "action",
        "facts",
        "moved",
        "origin",
        "state",
    )

    moved: Bools

    def __init__(self, state: State, action: Ints) -> None:
        self.state = state
        self.action = action
        self.origin = state.cell
        self._offset = state.schema.offsets[action]
        self._origin_index = state.first + state.cell
        self._target_index = self._origin_index + self._offset
        # Planes hold only 0 and 1, so the bytes can be read as booleans without a comparison.
        self._entered = state.flat.take(self._target_index, axis=0).view(np.bool_)
        self._hidden: dict[int, Bools] = {}
        self._into: dict[Plane, Bools] = {}
        self._first: dict[Plane, Bools] = {}
        self._left: Bools | None = None
        self.facts: dict[str, np.ndarray] = {}

    @property
    def target(self) -> Ints:
        """The cell that the action leads to (its own cell for ``act``), int64 (n,)."""
        return self.origin + self._offset

    def go(self, blocked: Bools) -> None:
        """Move the agents that are not blocked."""
        state = self.state
        step = self._offset * ~blocked
        self.moved = step.astype(np.bool_)
        state.cell = self.origin + step
        agent = state.flat[:, state.schema.channels[AGENT][0]]
        agent[self._origin_index] = 0
        agent[self._origin_index + step] = 1

    # -- the world before the rules ------------------------------------------------------------

    def on(self, plane: Plane) -> Bools:
        """Whether the target cell held the plane, entered or not, bool (n,)."""
        schema = self.state.schema
        if plane in schema.hidden_channel:
            return self._hidden_target(schema.hidden_channel[plane])
        return self._entered[:, schema.channels[plane][0]]

    def into(self, plane: Plane) -> Bools:
        """Whether the agent moved and the entered cell held the plane, bool (n,)."""
        found = self._into.get(plane)
        if found is None:
            found = self._into[plane] = self.moved & self.on(plane)
        return found

    def left(self, plane: Plane) -> Bools:
        """Whether the agent moved off a cell with a visible plane (not the agent), bool (n,)."""
        return self.moved & self._origin_cells()[:, self.state.schema.channels[plane][0]]

    def first(self, plane: Plane) -> Bools:
        """Whether the agent entered a cell of a ``once`` plane that was still marked, bool (n,)."""
        found = self._first.get(plane)
        if found is None:
            mark = self._hidden_target(self.state.schema.once_channel[plane])
            found = self._first[plane] = self.moved & mark
        return found

    # -- the world as it is now ----------------------------------------------------------------

    def holds(self, plane: Plane, at_least: int = 1) -> Bools:
        """Whether the agent holds ``at_least`` that many of the kind ``plane``, bool (n,)."""
        schema = self.state.schema
        slot = schema.slots[plane][0] + at_least - 1
        # A copy, not a view: what a rule was told must not change when it then takes or spends.
        return self.state.planes[:, 0, slot, schema.channels[plane][0]].astype(np.bool_)

    def count(self, plane: Plane) -> Ints:
        """How many cells outside the top row hold the plane, int64 (n,)."""
        return self.state.count[:, self.state.schema.channels[plane][0]].copy()

    def none_left(self, plane: Plane) -> Bools:
        """Whether no cell outside the top row holds the plane, bool (n,)."""
        found: Bools = self.state.count[:, self.state.schema.channels[plane][0]] == 0
        return found

    # -- writing ---------------------------------------------------------------------------------

    def set(self, plane: Plane, where: Bools, at: Ints | None = None) -> None:
        """Set a plane in one cell of each level.

        Args:
            plane: any but the agent's.
            where: bool (n,), in which levels.
            at: int64 (n,), flat cell indices; by default the target cells.
        """
        self._write(plane, where, at, 1)

    def clear(self, plane: Plane, where: Bools, at: Ints | None = None) -> None:
        """Clear a plane; the arguments are those of ``set``: plane, where, at."""
        self._write(plane, where, at, 0)

    def take(self, plane: Plane, where: Bools) -> None:
        """Take an item, ``plane``, off the target cell into the agent's hold, in rows ``where``."""
        self.clear(plane, where)
        self.gain(plane, where)

    def gain(self, plane: Plane, where: Bools) -> None:
        """Add a held ``plane`` in rows ``where``; more than the declared most raises ValueError."""
        self._hold(plane, where, 1)

    def spend(self, plane: Plane, where: Bools) -> None:
        """Remove a held ``plane`` in rows ``where``; holding none raises ValueError."""
        self._hold(plane, where, -1)

    def bits(self, site: str, count: int) -> UInt64s:
        """Random words, uint64 (n, count): a function of level, clock and site alone."""
        state = self.state
        stream = streams(0, state.key, site)
        index = state.clock[:, None] * count + np.arange(count)
        return outputs(stream[:, None], index)

    def clear_marks(self) -> None:
        """Clear the once-marks of the cells that were entered; the last act of a step."""
        for plane, mark in self.state.schema.once_channel.items():
            rows = self.first(plane).nonzero()[0]
            if rows.size:
                self.state.hidden_flat[self._target_index[rows], mark] = 0

    def _hidden_target(self, channel: int) -> Bools:
        """What the target cell held in a hidden channel; read when it is first asked."""
        found = self._hidden.get(channel)
        if found is None:
            found = self.state.hidden_flat[:, channel][self._target_index].view(np.bool_)
            self._hidden[channel] = found
        return found

    def _origin_cells(self) -> NDArray[np.bool_]:
        if self._left is None:
            self._left = self.state.flat.take(self._origin_index, axis=0).view(np.bool_)
        return self._left

    def _write(self, plane: Plane, where: Bools, at: Ints | None, value: int) -> None:
        rows = where.nonzero()[0]
        if not rows.size:
            return
        state = self.state
        if at is None:
            index = self._target_index[rows]
        else:
            self._origin_cells()  # read the left cell before anything in it can change
            index = state.first[rows] + at[rows]
        if plane in state.schema.hidden_channel:
            self._hidden_target(state.schema.hidden_channel[plane])  # likewise
            state.hidden_flat[index, state.schema.hidden_channel[plane]] = value
            return
        for channel in state.schema.channels[plane]:
            layer = state.flat[:, channel]
            state.count[rows, channel] += value - layer[index].astype(np.int64)
            layer[index] = value

    def _hold(self, plane: Plane, where: Bools, change: int) -> None:
        rows = where.nonzero()[0]
        if not rows.size:
            return
        state, schema = self.state, self.state.schema
        start, stop = schema.slots[plane]
        channels = schema.channels[plane]
        held = np.add.reduce(state.planes[rows, 0, start:stop, channels[0]], axis=1, dtype=np.int64)
        after = held + change
        if np.count_nonzero((after < 0) | (after > stop - start)):
            raise ValueError(
                f"a rule makes the agent hold {'fewer than 0' if change < 0 else 'too many'}"
                f" {plane.name!r}; the trap declares at most {stop - start}"
            )
        # The first free cell of the run, or its last item.
        slot = np.minimum(held, after) + start
        for channel in channels:
            state.planes[rows, 0, slot, channel] = change > 0
