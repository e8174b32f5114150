"""Observations: encodings of a batch of states for an agent."""

from __future__ import annotations

from copy import copy
from typing import Any, ClassVar, Self

import numpy as np
from gymnasium.spaces import Box
from gymnasium.spaces import Text as TextSpace
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from mesa_gym.engine import ACTIONS, Bytes, Ints, State
from mesa_gym.engine.looks import EMPTY
from mesa_gym.engine.typed_maps import ROWS, SIGNS
from mesa_gym.errors import unknown
from mesa_gym.traps import Trap

RGB_TILE = 8  # pixels per cell of `rgb`


def planes_of(trap: Trap, state: State) -> Bytes:
    """Return the visible planes of a batch, (n, height, width, channels), one per channel."""
    planes: Bytes = trap.observe(state)
    if trap.channels != trap.planes:
        planes = planes.take([trap.channel[plane] for plane in trap.channels], axis=-1)
    return planes


class Observation:
    """One kind of observation of one trap: the unchanged planes, (height, width, channels).

    Kinds that only rearrange planes have one implementation for all array libraries.

    Attributes:
        name: the kind, one of ``OBSERVATIONS`` or ``text``.
        space: the space of a single environment, uint8 except for ``flat`` and text.
    """

    name: ClassVar[str] = "planes"
    space: Any

    def __init__(self, trap: Trap) -> None:
        self.trap = trap
        self.space = self._make_space()
        self._shape = self.space.shape

    def bound(self, rules: Trap, n: int) -> Self:
        """Return this observation for the array library of ``rules`` and batches of n states."""
        other = copy(self)
        other.trap = rules
        return other

    def _make_space(self) -> Box | TextSpace:
        return _box((*self.trap.size, len(self.trap.channels)))

    def encode(self, state: State) -> Any:
        """Return observations of a batch: a fresh array (n, *space.shape), or n texts.

        The array has the dtype of the space. Texts are a tuple of n str.
        """
        return self.from_planes(planes_of(self.trap, state), state)

    def from_planes(self, planes: Any, state: State) -> Any:
        """Return fresh observations from planes (n, height, width, channels)."""
        return planes.copy() if self.trap.xp is np else planes  # other libraries draw fresh ones

    def encode_rows(self, planes: Bytes, state: State, rows: Ints) -> Any:
        """Return the observations of the states at ``rows``, (m, ...)."""
        return self.from_planes(planes[rows], state)


class Flat(Observation):
    """The planes as one vector of float32, (height * width * channels,), for linear layers."""

    name = "flat"

    def _make_space(self) -> Box:
        return Box(0.0, 1.0, (self.trap.cells * len(self.trap.channels),))

    def from_planes(self, planes: Any, state: State) -> Any:
        """Return the planes flattened, (n, height * width * channels)."""
        flat, xp = planes.reshape(planes.shape[0], -1), self.trap.xp
        return flat.astype(np.float32) if xp is np else xp.astype(flat, xp.float32)


class ChannelsFirst(Observation):
    """The planes with channels first, (channels, height, width)."""

    name = "chw"

    def _make_space(self) -> Box:
        return _box((len(self.trap.channels), *self.trap.size))

    def from_planes(self, planes: Any, state: State) -> Any:
        """Return a copy of the planes as (n, channels, height, width)."""
        n, cells = planes.shape[0], self.trap.cells
        moved = planes.reshape(n, cells, -1).swapaxes(1, 2)
        return moved.reshape(-1).reshape(n, *self._shape)  # flattening makes the copy


class Rgb(Observation):
    """The picture of the grid, 8 pixels per cell, (8 height, 8 width, 3)."""

    name = "rgb"

    def _make_space(self) -> Box:
        return _box((RGB_TILE * self.trap.height, RGB_TILE * self.trap.width, 3), 255)

    def from_planes(self, planes: Bytes, state: State) -> Bytes:
        """Return the pictures, uint8 (n, 8 height, 8 width, 3)."""
        from mesa_gym.rendering import render_rgb  # rarely needed

        return render_rgb(self.trap, state if state.agent.ndim else state.batched(), RGB_TILE)

    def encode_rows(self, planes: Bytes, state: State, rows: Ints) -> Bytes:
        """Return the pictures of the states at ``rows``, uint8 (m, 8 height, 8 width, 3)."""
        return self.from_planes(planes, state.take(rows))


class Centred(Observation):
    """A window of planes around the agent below a row of held things, (side + 1, side, ...).

    Row 0 is the top wall row of the grid, where held things are drawn, without its first cell. The
    other rows are side x side cells with the agent in the middle. Cells outside the grid are all 0.
    The largest window, the default, contains every inner cell wherever the agent is. The smallest
    window still has room for all things that the agent can hold.

    Attributes:
        windows: for each cell of the agent, the cells in its window, int64 (cells, places).
        inside: 1 for places inside the grid, uint8 (cells, *space.shape).
    """

    name = "centred"
    _first: Any = np.zeros((0, 1), np.int64)  # for each state, its first cell in the batch

    def __init__(self, trap: Trap, side: int | None = None) -> None:
        least, most = max(3, sum(trap.held.values()) | 1), widest(*trap.size)
        self.side = most if side is None else side
        is_integer = isinstance(self.side, int | np.integer)
        if not is_integer or not least <= self.side <= most or self.side % 2 == 0:
            odd = f"an odd number from {least} to {most}"
            raise ValueError(f"agent_view_size must be {odd} for {trap!r}, got {side!r}")
        super().__init__(trap)

    def _make_space(self) -> Box:
        self.windows = windows_around(*self.trap.size, self.side)
        shape = self.side + 1, self.side, len(self.trap.channels)
        grid = np.ones(self.trap.size, dtype=np.uint8)
        self.inside = cut_windows(grid, self.side).repeat(shape[2], axis=1).reshape(-1, *shape)
        return _box(shape)

    def bound(self, rules: Trap, n: int) -> Self:
        """Return this observation for the array library of ``rules`` and batches of n states."""
        other = super().bound(rules, n)
        other._first = rules.arange(n)[:, None] * rules.cells
        other.windows = rules.asarray(self.windows)
        other.inside = rules.asarray(self.inside, "uint8")
        return other

    def from_planes(self, planes: Any, state: State) -> Any:
        """Return the windows around the agents, with one gather for the batch."""
        n = planes.shape[0]
        if self._first.shape[0] < n:
            self._first = self.trap.arange(n)[:, None] * self.trap.cells
        cells = self.windows[state.agent] + self._first[:n]
        flat = planes.reshape(n * self.trap.cells, -1)
        # NumPy's `take` needs a fifth of the time of indexing.
        window = flat.take(cells, axis=0) if self.trap.xp is np else flat[cells]
        window = window.reshape(n, *self._shape)
        window &= self.inside[state.agent]
        return window

    def encode_rows(self, planes: Bytes, state: State, rows: Ints) -> Bytes:
        """Return the windows around the agents of the states at ``rows``."""
        return self.from_planes(planes[rows], state._replace(agent=state.agent[rows]))


class Text(Observation):
    """The map as text, with a legend, the held things, and the names of the actions.

    The text contains the information of the planes and no more, with the trap's names of planes. A
    cell shows the signs of all its planes, so that a sign has one meaning in every text.
    """

    name = "text"

    def _make_space(self) -> TextSpace:
        trap = self.trap
        self._signs = {plane: trap.looks[plane].glyph for plane in trap.planes}
        self._cells: dict[int, str] = {}
        height, width, count = *trap.size, len(trap.planes)
        full = [[(1 << count) - 1] * width] * height
        longest = self._text(full, np.ones(count, np.uint8), np.full(count, width, np.uint8))
        return TextSpace(len(longest), charset=frozenset(longest))

    def from_planes(self, planes: Bytes, state: State) -> tuple[str, ...]:
        """Return a text for each state."""
        channels = [self.trap.channels.index(plane) for plane in self.trap.planes]
        visible = planes[..., channels]
        codes = visible @ (1 << np.arange(len(channels)))
        present, top = visible.max(axis=(1, 2)), visible[:, 0].sum(axis=1)
        return tuple(map(self._text, codes.tolist(), present, top))

    def _text(self, codes: list[list[int]], present: Bytes, top: Bytes) -> str:
        """Return the text of one state from its cells, its visible planes and its top row."""
        rows = [[self._cell(code) for code in row] for row in codes]
        wide = max(len(cell) for row in rows for cell in row)
        lines = [" ".join(cell.ljust(wide) for cell in row).rstrip() for row in rows]
        planes = list(self._signs)
        legend = [f"{EMPTY} = nothing"]
        legend += [f"{self._signs[planes[i]]} = {planes[i]}" for i in np.flatnonzero(present)]
        if self.trap.held:
            held = [kind for kind in self.trap.held for _ in range(top[planes.index(kind)])]
            legend.append(f"held, in the top row: {', '.join(held) or 'nothing'}")
        return "\n".join([ROWS, *lines, SIGNS, *legend, f"actions: {', '.join(ACTIONS)}"])

    def _cell(self, code: int) -> str:
        if code not in self._cells:
            signs = [sign for bit, sign in enumerate(self._signs.values()) if code >> bit & 1]
            self._cells[code] = "".join(signs) or EMPTY
        return self._cells[code]


_EACH = (Observation, Rgb, Centred, Flat, ChannelsFirst)
_KINDS: dict[str, type[Observation]] = {kind.name: kind for kind in (*_EACH, Text)}
OBSERVATIONS = tuple(kind.name for kind in _EACH)  # the kinds that are arrays


def make_observation(trap: Trap, name: str, agent_view_size: int | None = None) -> Observation:
    """Return the observation named ``name``; ``agent_view_size`` is the side of ``centred``.

    Raises:
        UnknownNameError: the kind is unknown; the message suggests the nearest name.
        ValueError: the side does not fit, or the kind has no window.
    """
    if not isinstance(name, str) or name not in _KINDS:
        pictures = name in ("pixels", "image", "pixel", "images")
        raise unknown("observation", name, _KINDS, Rgb.name if pictures else None)
    if agent_view_size is None:
        return _KINDS[name](trap)
    if name != Centred.name:
        raise ValueError(f"agent_view_size needs observation='centred', got {name!r}")
    return Centred(trap, agent_view_size)


def widest(height: int, width: int) -> int:
    """Return the side of the smallest window that contains all inner cells from any inner cell."""
    return 2 * max(height, width) - 5


def windows_around(height: int, width: int, side: int) -> Ints:
    """Return the cells in the window of each cell, int64 (cells, (side + 1) * side).

    The bottom left corner, a wall in every grid, represents all cells outside the grid.
    """
    cells = np.arange(height * width).reshape(height, width)
    return cut_windows(cells, side, cells[-1, 0])


def cut_windows(grid: NDArray[Any], side: int, outside: int = 0) -> NDArray[Any]:
    """Return the top row and the window around each cell, (cells, (side + 1) * side)."""
    around = np.pad(grid, side // 2, constant_values=outside)
    windows = sliding_window_view(around, (side, side)).reshape(-1, side**2)
    top = np.pad(grid[0, 1:-1], (0, side), constant_values=outside)[:side]
    return np.concatenate([np.broadcast_to(top, (len(windows), side)), windows], axis=1)


def _box(shape: tuple[int, ...], high: int = 1) -> Box:
    return Box(np.uint8(0), high, shape, dtype=np.uint8)
