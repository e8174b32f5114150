"""Observations: four ways in which a state is shown to an agent, each for a whole batch."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from gymnasium.spaces import Box
from numpy.typing import NDArray

from mesa_gym.errors import unknown
from mesa_gym.grid import AGENT, WALL, Plane, Schema, State
from mesa_gym.rendering import render_rgb
from mesa_gym.traps import Trap

Bytes = NDArray[np.uint8]

TILE = 8  # pixels a cell of `rgb`
REACH = 2  # cells that `local` sees in each direction
SIGHT = 2 * REACH + 1
MOST_PLANES = 16  # of `symbolic`, whose table has a row for every set of planes


class Observation(ABC):
    """One kind of observation of one trap.

    Attributes:
        name: the kind, one of ``OBSERVATIONS``.
        space: what a single environment shows, uint8.
    """

    name: ClassVar[str]
    space: Box

    def __init__(self, trap: Trap) -> None:
        self.schema = trap.schema

    @abstractmethod
    def encode(self, state: State) -> Bytes:
        """What the agents see: a fresh uint8 array (n, *space.shape)."""


class PlanesObservation(Observation):
    """The stack of the trap's planes, 0 or 1, (height, width, channels)."""

    name = "planes"

    def __init__(self, trap: Trap) -> None:
        super().__init__(trap)
        self.space = _box((*trap.size, len(trap.schema.planes)), 1)

    def encode(self, state: State) -> Bytes:
        """A copy of the planes."""
        return state.planes.copy()


class SymbolicObservation(Observation):
    """Kind on top, colour, kind beneath: (height, width, 3), in Minigrid's manner.

    Kinds are the planes with a sprite and colours those without; codes count from 1 in the order
    of the trap's planes, 0 is nothing. The agent is on top of everything and the wall beneath
    everything (a held item stands in a wall cell); otherwise the later plane is on top.
    """

    name = "symbolic"

    def __init__(self, trap: Trap) -> None:
        super().__init__(trap)
        planes = list(self.schema.channels)
        if not trap.symbolic or len(planes) > MOST_PLANES:
            others = ", ".join(name for name in OBSERVATIONS if name != self.name)
            raise ValueError(
                f"{trap.name()} does not offer the observation 'symbolic', which cannot tell all"
                f" of its states apart; it offers {others}"
            )
        self._kinds, self._colours = _kinds_and_colours(self.schema)
        self._table, self._fits = _table(planes, self._kinds, self._colours)
        one_each = [channels[0] for channels in self.schema.channels.values()]
        self._channels = None if len(one_each) == len(self.schema.planes) else one_each
        high = np.empty((*trap.size, 3), dtype=np.uint8)
        # A trap without colours has 1 too: checkers warn of a Box whose bounds are equal.
        high[:] = len(self._kinds), max(1, len(self._colours)), len(self._kinds)
        self.space = Box(np.zeros_like(high), high, dtype=np.uint8)

    def encode(self, state: State) -> Bytes:
        """Codes of the three channels.

        Raises:
            ValueError: a cell holds more than two kinds or more than one colour.
        """
        planes = state.planes
        if self._channels is not None:
            planes = planes.take(self._channels, axis=-1)
        packed = np.packbits(planes, axis=-1, bitorder="little")
        sets = packed.view("<u2" if packed.shape[-1] == 2 else np.uint8)[..., 0]
        if not self._fits.take(sets).all():
            self._refuse(state, sets)
        return self._table.take(sets, axis=0)

    def _refuse(self, state: State, sets: NDArray[np.integer]) -> None:
        row, y, x = np.argwhere(~self._fits[sets])[0].tolist()
        found = [p.name for p in self.schema.channels if state.layer(p)[row, y, x]]
        raise ValueError(
            f"row {row} of the batch has {', '.join(found)} in the cell at row {y}, column {x};"
            " the symbolic observation can show at most two kinds and one colour in a cell:"
            " declare `symbolic = False` in the trap"
        )


class RgbObservation(Observation):
    """The picture of the grid, 8 pixels a cell, (8 height, 8 width, 3)."""

    name = "rgb"

    def __init__(self, trap: Trap) -> None:
        super().__init__(trap)
        height, width = trap.size
        self.space = _box((TILE * height, TILE * width, 3), 255)

    def encode(self, state: State) -> Bytes:
        """Pictures, red, green and blue from 0 to 255."""
        return render_rgb(self.schema.planes, state.planes, TILE)


class LocalObservation(Observation):
    """A window of the planes around the agent under a row of what it holds, (6, 5, channels).

    Row 0 is the top wall row's cells 1 to 5; rows 1 to 5 are the 5x5 cells around the
    agent. What lies outside of the grid is wall.
    """

    name = "local"

    def __init__(self, trap: Trap) -> None:
        super().__init__(trap)
        self.space = _box((SIGHT + 1, SIGHT, len(trap.schema.planes)), 1)
        self._windows = _windows(*trap.size)

    def encode(self, state: State) -> Bytes:
        """The windows, one gather for the whole batch."""
        cells = self._windows[state.cell] + state.first[:, None]
        return state.flat.take(cells, axis=0).reshape(len(state), *self.space.shape)


_KINDS: dict[str, type[Observation]] = {
    kind.name: kind
    for kind in (PlanesObservation, SymbolicObservation, RgbObservation, LocalObservation)
}
OBSERVATIONS = tuple(_KINDS)


def make_observation(trap: Trap, name: str) -> Observation:
    """The observation of that name.

    Args:
        trap: whose states will be shown.
        name: one of ``OBSERVATIONS``.

    Raises:
        UnknownNameError: there is no such kind; the message names the nearest.
        ValueError: the trap does not offer it.
    """
    if name not in _KINDS:
        raise unknown("observation", name, OBSERVATIONS)
    return _KINDS[name](trap)


def decode(codes: Bytes, trap: Trap) -> Bytes:
    """The planes that a symbolic observation stands for.

    Args:
        codes: uint8 (..., 3), as ``SymbolicObservation.encode`` gives.
        trap: whose codes they are.

    Returns:
        uint8 (..., channels).
    """
    kinds, colours = _kinds_and_colours(trap.schema)
    nothing = np.zeros((1, len(trap.schema.planes)), dtype=np.uint8)
    kind_rows, colour_rows = (
        np.concatenate([nothing, [[p == q for q in trap.schema.planes] for p in group]])
        if group
        else nothing
        for group in (kinds, colours)
    )
    top, colour, beneath = np.moveaxis(codes, -1, 0)
    planes: Bytes = kind_rows[top] | colour_rows[colour] | kind_rows[beneath]
    return planes.astype(np.uint8)


def _box(shape: tuple[int, ...], high: int) -> Box:
    return Box(0, high, shape, dtype=np.uint8)


def _kinds_and_colours(schema: Schema) -> tuple[list[Plane], list[Plane]]:
    kinds = [p for p in schema.channels if p.sprite is not None]
    return kinds, [p for p in schema.channels if p.sprite is None]


def _table(
    planes: Sequence[Plane], kinds: Sequence[Plane], colours: Sequence[Plane]
) -> tuple[Bytes, NDArray[np.bool_]]:
    """The three codes of every set of planes, and which sets have codes.

    Row ``i`` is for the set that holds plane ``p`` when bit ``p`` of ``i`` is set.
    """
    sets = np.arange(1 << len(planes))
    present = {p: (sets >> bit & 1).astype(np.bool_) for bit, p in enumerate(planes)}
    table = np.zeros((len(sets), 3), dtype=np.uint8)
    upwards = [WALL, *(p for p in kinds if p not in (WALL, AGENT)), AGENT]
    for plane in upwards:
        rows = present[plane]
        table[rows, 2] = table[rows, 0]
        table[rows, 0] = kinds.index(plane) + 1
    for code, plane in enumerate(colours, start=1):
        table[present[plane], 1] = code
    kind_count = np.sum([present[p] for p in kinds], axis=0)
    colour_count = np.sum([present[p] for p in colours], axis=0)
    return table, (kind_count <= 2) & (colour_count <= 1)


def _windows(height: int, width: int) -> NDArray[np.int64]:
    """For an agent on each cell, the 30 cells that it sees, int64 (cells, 30)."""
    y, x = np.divmod(np.arange(height * width)[:, None], width)
    dy, dx = np.divmod(np.arange(SIGHT**2)[None, :], SIGHT)
    rows, columns = y + dy - REACH, x + dx - REACH
    held = np.broadcast_to(np.arange(1, SIGHT + 1), (height * width, SIGHT))
    rows = np.concatenate([np.zeros_like(held), rows], axis=1)
    columns = np.concatenate([held, columns], axis=1)
    inside = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
    # The bottom left corner, a wall in every grid, stands for all that lies outside.
    return np.where(inside, rows * width + columns, (height - 1) * width)
