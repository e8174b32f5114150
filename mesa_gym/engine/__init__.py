"""The gridworld engine: random numbers, states, moves, level building, paths and maps.

It is independent of traps and objectives. The same source runs on NumPy, torch and JAX.
"""

from mesa_gym.engine.arrays import unstack
from mesa_gym.engine.building import LevelBuilder, hash_rows, pick
from mesa_gym.engine.looks import RGB, Look
from mesa_gym.engine.maps import from_map, to_map
from mesa_gym.engine.move import Move
from mesa_gym.engine.paths import FAR, distances, each_first, equidistant, off_route, toward
from mesa_gym.engine.state import (
    ACTIONS,
    STAY,
    Amounts,
    Array,
    Bools,
    Bytes,
    Cells,
    Floats,
    Ints,
    Level,
    Mask,
    Numbers,
    Payment,
    State,
)
from mesa_gym.engine.world import World

__all__ = [
    "ACTIONS",
    "FAR",
    "RGB",
    "STAY",
    "Amounts",
    "Array",
    "Bools",
    "Bytes",
    "Cells",
    "Floats",
    "Ints",
    "Level",
    "LevelBuilder",
    "Look",
    "Mask",
    "Move",
    "Numbers",
    "Payment",
    "State",
    "World",
    "distances",
    "each_first",
    "equidistant",
    "from_map",
    "hash_rows",
    "off_route",
    "pick",
    "to_map",
    "toward",
    "unstack",
]
