"""What the agent sees, below its grid: the planes one by one, and the egocentric window."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mesa_gym.envs.observations import make_observation
from mesa_gym.grid import State
from mesa_gym.grid.plane import RGB
from mesa_gym.rendering import render_rgb
from mesa_gym.traps import Trap
from mesa_gym.viewer.pen import Box, Pen, as_surface
from mesa_gym.viewer.theme import CARD, INK, QUIET

HEIGHT = 112.0
LABEL = 13.0
EMPTY: RGB = (236, 237, 240)
LEAST_TILE = 4


class Sees:
    """Draws what is seen of a state.

    Args:
        trap: whose states.
    """

    def __init__(self, trap: Trap) -> None:
        self._local = make_observation(trap, "local")
        self._trap = trap

    def draw(self, pen: Pen, box: Box, state: State) -> None:
        """Draw small multiples, the planes from left to right and then the window, in a box."""
        schema = self._trap.schema
        room = box.height - LABEL - 2
        window = self._window(pen, state, room)
        wide = window.get_width() / pen.scale
        columns = len(schema.channels)
        step = (box.width - wide - 8) / columns
        tile = max(1, int(min(room / schema.height, (step - 4) / schema.width) * pen.scale))
        for k, (plane, channels) in enumerate(schema.channels.items()):
            x = box.left + k * step
            pen.text(plane.name, x, box.top, LABEL, INK, width=step - 3)
            layer = state.planes[0, :, :, channels[0]]
            pen.picture(as_surface(pen.pygame, _layer(layer, tile)), x, box.top + LABEL + 1)
        left = box.right - wide
        pen.text("local", left, box.top, LABEL, INK, width=wide)
        pen.picture(window, left, box.top + LABEL + 1)

    def _window(self, pen: Pen, state: State, room: float) -> Any:
        """The `local` observation as a picture: a row of what is held, then what is around."""
        seen = self._local.encode(state)[0]
        tile = max(LEAST_TILE, int(room * pen.scale / seen.shape[0]))
        picture = render_rgb(state.schema.planes, seen, tile)
        picture[tile - 1 : tile] = np.array(QUIET, dtype=np.uint8)
        return as_surface(pen.pygame, picture)


def _layer(layer: NDArray[np.uint8], tile: int) -> NDArray[np.uint8]:
    """A plane as a picture, set cells dark, with the grid's own edge around it."""
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
