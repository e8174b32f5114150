"""A state to edit, for tests of editing."""

from __future__ import annotations

from mesa_gym.grid import State, from_map
from mesa_gym.testing.explored import arrays_of, difference
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
    return from_map(text, made("RedBlueDoors", 7).schema)


def at(row: int, column: int, width: int = 7) -> int:
    return row * width + column


def same(a: State, b: State) -> bool:
    return difference(arrays_of(a), arrays_of(b)) is None
