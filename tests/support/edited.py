"""States of doors, and the contents of cells, for tests."""

from mesa_gym.engine.maps import from_map
from mesa_gym.testing.sample import difference, name_arrays
from mesa_gym.traps import find_trap

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


def made(name, size=None):
    return find_trap(name)(size)


def doors(*changes):
    text = DOORS
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return from_map(made("RedBlueDoors", 7), text)


def at(row, column, width=7):
    return row * width + column


def cells_of(trap, state, name):
    """Return the cells with a kind, a trait or a ground layer."""
    return trap.layer(state, name)[0].nonzero()[0].tolist()


def bare_cells(trap, state):
    """Return the cells within the border on which nothing is, hidden things included."""
    taken = [trap.layer(state, name)[0] for name in ("agent", *trap.ground, *trap.things)]
    return [cell for cell in range(trap.cells) if not any(layer[cell] for layer in taken)]


def same(trap, a, b):
    return difference(name_arrays(trap, a), name_arrays(trap, b)) is None
