"""States of doors, and what lies where in a state, for tests."""

from __future__ import annotations

from mesa_gym.engine import State
from mesa_gym.engine.maps import from_map
from mesa_gym.testing.sample import difference, name_arrays
from mesa_gym.traps import Trap, find_trap

DOORS = """
    #######
    #A..1.#
    #.###.#
    #.2...#
    #.###.#
    #..2..#
    #######
    1 = door blue
    2 = key red
"""


def made(name: str, size: int | None = None) -> Trap:
    return find_trap(name)(size)


def doors(*changes: tuple[str, str]) -> State:
    text = DOORS
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return from_map(made("RedBlueDoors", 7), text)


def at(row: int, column: int, width: int = 7) -> int:
    return row * width + column


def cells_of(trap: Trap, state: State, name: str) -> list[int]:
    """Return the cells with a kind, a trait or a ground layer."""
    return trap.layer(state, name)[0].nonzero()[0].tolist()


def bare_cells(trap: Trap, state: State) -> list[int]:
    """Return the cells within the border on which nothing is, hidden things included."""
    taken = [trap.layer(state, name)[0] for name in ("agent", *trap.ground, *trap.things)]
    return [cell for cell in range(trap.cells) if not any(layer[cell] for layer in taken)]


def same(trap: Trap, a: State, b: State) -> bool:
    return difference(name_arrays(trap, a), name_arrays(trap, b)) is None
