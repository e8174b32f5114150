"""A world of things with colours, and pictures of its cells."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mesa_gym.engine import World
from mesa_gym.engine.maps import from_map
from mesa_gym.rendering import render_rgb

ITEMS = ("door", "key", "chest", "cheese")


class Shelf(World):
    """Two of each thing in every colour; a ghost is not seen."""

    things = {**dict.fromkeys(ITEMS, 2), "ghost": 1}
    traits = dict.fromkeys(("red", "blue", "yellow"), ITEMS)
    held = {"key": 2}
    shown_as = {"ghost": None}


SHELF = Shelf((4, 5))
LOOKS = Shelf.looks


def cell(content: str, tile: int = 32, world: World = SHELF) -> NDArray[np.uint8]:
    """Return the picture of a cell that holds what a map's legend says."""
    rows = ["#####", "#..A#", "#...#", "#####"]
    if "agent" in content:
        rows[1] = "#...#"
    row, column = (0, 3) if "wall" in content else (1, 1)
    if content:
        rows[row] = rows[row][:column] + "?" + rows[row][column + 1 :]
    text = "\n".join([*rows, *([f"? = {content}"] if content else [])])
    picture = render_rgb(world, from_map(world, text), tile)[0]
    return picture[row * tile : (row + 1) * tile, column * tile : (column + 1) * tile]
