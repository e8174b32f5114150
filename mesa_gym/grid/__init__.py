"""The world in NumPy: planes, states, moves, the drawing of levels, ASCII maps."""

from mesa_gym.grid.distances import apart, distances, each_first, equidistant
from mesa_gym.grid.draw import Draw
from mesa_gym.grid.layouts import blocks, corridor, maze
from mesa_gym.grid.maps import from_map, to_map
from mesa_gym.grid.move import Move
from mesa_gym.grid.plane import (
    AGENT,
    BLUE,
    CHEESE,
    CHEST,
    CLOSED,
    DOOR,
    DUST,
    GEM,
    GOAL,
    KEY,
    LIT,
    RED,
    WALL,
    YELLOW,
    Plane,
)
from mesa_gym.grid.schema import ACTIONS, Schema
from mesa_gym.grid.state import Bools, Ints, State

__all__ = [
    "ACTIONS",
    "AGENT",
    "BLUE",
    "CHEESE",
    "CHEST",
    "CLOSED",
    "DOOR",
    "DUST",
    "GEM",
    "GOAL",
    "KEY",
    "LIT",
    "RED",
    "WALL",
    "YELLOW",
    "Bools",
    "Draw",
    "Ints",
    "Move",
    "Plane",
    "Schema",
    "State",
    "apart",
    "blocks",
    "corridor",
    "distances",
    "each_first",
    "equidistant",
    "from_map",
    "maze",
    "to_map",
]
