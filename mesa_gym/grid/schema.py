"""What the arrays of a trap's states hold: channels, hidden channels, the top row, variables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from mesa_gym.grid.plane import AGENT, WALL, Plane

# A declared array: dtype and shape of one level's entry.
ArraySpec = tuple[type[np.generic], tuple[int, ...]]

ACTIONS = ("left", "down", "right", "up", "act")


@dataclass(frozen=True, eq=False)
class Schema:
    """The layout of a trap's states at one size.

    Attributes:
        height: of the grid in cells, border walls included.
        width: the same.
        planes: the visible planes, one entry a channel; a plane that is repeated for
            salience has several entries.
        hidden: planes for measuring only, never part of an observation.
        once: planes whose cells pay once; each has a hidden channel of marks.
        held: the most items of a kind that the agent can hold; they are drawn in the top wall
            row, each kind in its own run of cells from the left.
        signs: planes that a level may show in the top wall row to stay there.
        vars: declared arrays of the state that steps change.
        const: those that never change.
        channels: plane -> its visible channels.
        hidden_channel: hidden plane -> its hidden channel.
        once_channel: plane -> the hidden channel of its marks.
        hidden_count: channels of ``State.hidden``: hidden planes, then once-marks.
        slots: held plane -> the first and one past the last cell of its run in the top row.
        offsets: int64 (5,), what each action adds to the agent's cell.
    """

    height: int
    width: int
    planes: tuple[Plane, ...]
    hidden: tuple[Plane, ...] = ()
    once: tuple[Plane, ...] = ()
    held: Mapping[Plane, int] = field(default_factory=dict)
    signs: tuple[Plane, ...] = ()
    vars: Mapping[str, ArraySpec] = field(default_factory=dict)
    const: Mapping[str, ArraySpec] = field(default_factory=dict)

    channels: dict[Plane, tuple[int, ...]] = field(init=False)
    hidden_channel: dict[Plane, int] = field(init=False)
    once_channel: dict[Plane, int] = field(init=False)
    hidden_count: int = field(init=False)
    slots: dict[Plane, tuple[int, int]] = field(init=False)
    offsets: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        self._check()
        put = object.__setattr__
        visible = dict.fromkeys(self.planes)
        put(
            self,
            "channels",
            {p: tuple(i for i, q in enumerate(self.planes) if q == p) for p in visible},
        )
        put(self, "hidden_channel", {p: i for i, p in enumerate(self.hidden)})
        put(self, "once_channel", {p: len(self.hidden) + i for i, p in enumerate(self.once)})
        put(self, "hidden_count", len(self.hidden) + len(self.once))
        slots, start = {}, 1
        for plane, most in self.held.items():
            slots[plane] = (start, start + most)
            start += most
        put(self, "slots", slots)
        put(self, "offsets", np.array([-1, self.width, 1, -self.width, 0], dtype=np.int64))

    def _check(self) -> None:
        for plane in (AGENT, WALL):
            if self.planes.count(plane) != 1:
                raise ValueError(f"planes must hold {plane.name!r} exactly once")
        known = {*self.planes, *self.hidden}
        if len({p.name for p in known}) < len(known) or len({p.glyph for p in known}) < len(known):
            raise ValueError("two planes of a trap share a name or a glyph")
        if set(self.planes) & set(self.hidden):
            raise ValueError("a plane is either visible or hidden, not both")
        for plane in (*self.once, *self.held, *self.signs):
            if plane not in known:
                raise ValueError(f"{plane.name!r} is in once, held or signs but no plane is it")
        room = self.width - 2
        if sum(self.held.values()) > room:
            raise ValueError(
                f"held: {sum(self.held.values())} items do not fit the top row's {room} cells"
            )

    @property
    def cells(self) -> int:
        """Cells of the grid, border included."""
        return self.height * self.width

    def cell(self, row: int, column: int) -> int:
        """The flat index of a row and column; negative ones count from the far border."""
        return (row % self.height) * self.width + column % self.width
