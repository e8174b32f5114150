"""Pictures of single cells: what may be put there, what is carried, bare floor."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from mesa_gym.engine.looks import EMPTY
from mesa_gym.engine.maps import IS, from_map
from mesa_gym.rendering import render_rgb
from mesa_gym.traps import Trap

# What there is on a cell in a map's words, such as ("dish", "cheese") or ("key red",).
Content = tuple[str, ...]
AGENT: Content = ("agent",)
SYMBOL = "\N{BALLOT BOX}"  # no glyph of a trap


@lru_cache(maxsize=256)
def tile_of(trap: Trap, content: Content, side: int) -> NDArray[np.uint8]:
    """Return the picture of a cell, uint8 (side, side, 3); it is shared.

    Args:
        trap: whose things.
        content: what is on the cell.
        side: in pixels, at least 4.
    """
    # A room with the agent in its first cell, and what is to be seen in its second.
    agent = EMPTY if content == AGENT else trap.looks["agent"].glyph
    wall = trap.looks["wall"].glyph
    border, bare = wall * trap.width, wall + EMPTY * (trap.width - 2) + wall
    first = wall + agent + (SYMBOL if content else EMPTY) + bare[3:]
    lines = [border, first, *[bare] * (trap.height - 3), border]
    if content:
        lines.append(SYMBOL + IS + ", ".join(content))
    grid = render_rgb(trap, from_map(trap, "\n".join(lines)), side)[0]
    return grid[side : 2 * side, 2 * side : 3 * side]
