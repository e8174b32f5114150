"""The agent's view, below its grid: the planes one by one, and the egocentric window."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mesa_gym.engine import RGB, State
from mesa_gym.envs.observations import make_observation
from mesa_gym.rendering import render_rgb
from mesa_gym.rendering.raster import MIN_TILE
from mesa_gym.traps import Trap
from mesa_gym.viewer.pen import Box, Pen, as_surface
from mesa_gym.viewer.theme import CARD, INK, QUIET

HEIGHT = 112.0
LABEL = 13.0
EMPTY: RGB = (236, 237, 240)


class Sees:
    """A drawing of what is seen of a state.

    Args:
        trap: whose states.
    """

    def __init__(self, trap: Trap) -> None:
        self._local, self._trap = make_observation(trap, "local"), trap
        # The cells in place of planes, to find which of them the window shows.
        cells: Any = np.arange(trap.cells).reshape(1, *trap.size, 1)
        self._every = cells.repeat(len(trap.channels), axis=-1)

    def draw(self, pen: Pen, box: Box, state: State) -> None:
        """Draw small multiples, the planes from left to right and then the window, in a box."""
        trap = self._trap
        room = box.height - LABEL - 2
        window = self._window(pen, state, room)
        wide = window.get_width() / pen.scale
        step = (box.width - wide - 8) / len(trap.planes)
        tile = max(1, int(min(room / trap.height, (step - 4) / trap.width) * pen.scale))
        planes = trap.observe(state)[0]
        for k, plane in enumerate(trap.planes):
            x = box.left + k * step
            pen.text(plane, x, box.top, LABEL, INK, width=step - 3)
            picture = _layer(planes[..., k], tile)
            pen.picture(as_surface(pen.pygame, picture), x, box.top + LABEL + 1)
        left = box.right - wide
        pen.text("local", left, box.top, LABEL, INK, width=wide)
        pen.picture(window, left, box.top + LABEL + 1)

    def _window(self, pen: Pen, state: State, room: float) -> Any:
        """Draw the `local` observation: a row of what is held, then what is around."""
        trap = self._trap
        cells = self._local.show(self._every, state)[0, ..., 0]
        tile = max(MIN_TILE, int(room * pen.scale / len(cells)))
        grid = render_rgb(trap, state, tile).reshape(trap.height, tile, trap.width, tile, 3)
        tiles = grid.swapaxes(1, 2).reshape(trap.cells, tile, tile, 3)[cells]
        rows, columns = cells.shape
        picture = tiles.swapaxes(1, 2).reshape(rows * tile, columns * tile, 3)
        picture[tile - 1 : tile] = np.array(QUIET, dtype=np.uint8)
        return as_surface(pen.pygame, picture)


def _layer(layer: NDArray[np.uint8], tile: int) -> NDArray[np.uint8]:
    """Draw a plane, set cells dark, with the grid's own edge around it."""
    large = layer.repeat(tile, axis=0).repeat(tile, axis=1)
    picture = np.where(large[..., None] > 0, np.array(INK), np.array(EMPTY)).astype(np.uint8)
    if tile > 3:
        lines = np.arange(0, large.shape[0], tile), np.arange(0, large.shape[1], tile)
        for axis, at in enumerate(lines):
            index: list[Any] = [slice(None), slice(None)]
            index[axis] = at
            empty = large[tuple(index)] == 0
            view = picture[tuple(index)]
            view[empty] = CARD
            picture[tuple(index)] = view
    return picture
