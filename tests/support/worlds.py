"""Worlds without rules, one that declares everything and one for drawing; sights of colours."""

from __future__ import annotations

import numpy as np

from mesa_gym.engine import LevelBuilder, Look, World
from mesa_gym.engine.maps import from_map
from mesa_gym.rendering import render_rgb
from mesa_gym.testing.sample import difference, name_arrays


class Zoo(World):
    """Not a trap: it has neither rules nor objectives."""

    things = {"key": 3, "door": 2, "tree": 4, "sign": 1, "spot": 2}
    traits = {"red": ("door", "key"), "wet": ("tree",), "odd": ("key",)}
    ground = ("lava",)
    held = {"key": 2, "tree": 1}
    vars = {"been": 2, "phase": 5}
    const = {"tour": 5}
    chance = {"wind": 3}
    shown_as = {"spot": None, "odd": None, "sign": "key", "wet": "lava"}
    marks = ("guide",)
    looks = {"lava": Look("~", (250, 90, 20)), "guide": Look("1", (0, 0, 0))}

    def show(self, state):
        yield "guide", self.read(state.level, "tour", state.vars["phase"])


def zoo_states(seed, n=4, size=(6, 7)):
    """Random legal states of n levels."""
    rng, zoo = np.random.default_rng(seed), Zoo(size)
    inside = np.pad(np.ones((size[0] - 2, size[1] - 2), bool), 1).ravel()
    open_cells = inside & (rng.random((n, zoo.cells)) < 0.7)
    open_cells[:, size[1] + 1] = True

    def somewhere(count):
        return np.array([rng.choice(np.flatnonzero(row), count) for row in open_cells]).T

    level = LevelBuilder(zoo, 0, rng.integers(0, 1 << 62, n))
    level.carve(open_cells)
    level.ground["lava"] = open_cells & (rng.random((n, zoo.cells)) < 0.1)
    level.start = somewhere(1)[0]
    for kind, slots in zoo.things.items():
        used = rng.random((slots, n)) < 0.8
        level.at[kind] = np.where(used, somewhere(slots), 0)
        level.there[kind] = used & (rng.random((slots, n)) < 0.8)
    for kinds in level.traits.values():
        for has in kinds.values():
            has[:] = rng.random(has.shape) < 0.3
    for name, most in zoo.held.items():
        level.held[name] = rng.integers(0, most + 1, n)
    level.vars = {"been": rng.random(n) < 0.5, "phase": rng.integers(0, 5, n)}
    level.const["tour"] = np.where(rng.random((n, 5)) < 0.8, somewhere(5).T, 0)
    state = level.states()
    state.level.key[:] = rng.integers(-1 << 63, 1 << 63, n)
    state.level.tables["wind"][:] = rng.integers(-1 << 63, 1 << 63, n)
    return zoo, state._replace(clock=rng.integers(0, 99, n))


def contents(zoo, state, row):
    """Every (name, cell) of one level, whether it is seen or not."""
    level = state.level
    yield "agent", int(state.agent[row])
    for ground in zoo.ground:
        yield from ((ground, cell) for cell in np.flatnonzero(zoo.table(level, ground)[row]))
    for kind, slots in zoo.things.items():
        for slot in range(slots):
            if state.there[kind][slot, row]:
                yield kind, int(state.at[kind][slot, row])
                for trait, kinds in level.traits.items():
                    if kind in kinds and kinds[kind][slot, row]:
                        yield trait, int(state.at[kind][slot, row])
    if guide := zoo.table(level, "tour")[row, state.vars["phase"][row]]:
        yield "guide", int(guide)


def cells_of(trap, state, name):
    """Return the cells with a kind, a trait or a ground layer."""
    return trap.layer(state, name)[0].nonzero()[0].tolist()


def same(trap, a, b):
    return difference(name_arrays(trap, a), name_arrays(trap, b)) is None


# -- drawn cells -----------------------------------------------------------------------------------
ITEMS = ("door", "key", "chest", "cheese")


class Shelf(World):
    """Two of each thing in every colour; a ghost is not seen."""

    things = {**dict.fromkeys(ITEMS, 2), "ghost": 1}
    traits = dict.fromkeys(("red", "green", "blue", "yellow"), ITEMS)
    held = {"key": 2}
    shown_as = {"ghost": None}


SHELF = Shelf((4, 5))
LOOKS = Shelf.looks


def cell(content, tile=32, world=SHELF):
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


# -- sight -----------------------------------------------------------------------------------------
# On linear RGB. Greyscale: ITU-R BT.709, section 3. The others: severity 1 in Machado, Oliveira and
# Fernandes 2009, A Physiologically-based Model for Simulation of Color Vision Deficiency, table 1.
SIGHTS = {
    "all": [1, 0, 0, 0, 1, 0, 0, 0, 1],
    "greyscale": [0.2126, 0.7152, 0.0722] * 3,
    "protanopia": [0.1523, 1.0526, -0.2049, 0.1145, 0.7863, 0.0992, -0.0039, -0.0481, 1.0520],
    "deuteranopia": [0.3673, 0.8607, -0.2280, 0.2801, 0.6725, 0.0474, -0.0118, 0.0429, 0.9689],
    "tritanopia": [1.2555, -0.0767, -0.1788, -0.0784, 0.9308, 0.1476, 0.0047, 0.6914, 0.3039],
}


def to_linear(colours, sight="all"):
    """Return colours of 0 to 255, (..., 3), in linear RGB of 0 to 1 as a sight has them."""
    share = np.asarray(colours) / 255
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    return np.clip(linear @ np.reshape(SIGHTS[sight], (3, 3)).T, 0, 1)


def contrast(a, b):
    """Return the contrast ratio of two colours by WCAG 2.1."""
    dark, light = sorted(float(to_linear(colour) @ SIGHTS["greyscale"][:3]) for colour in (a, b))
    return (light + 0.05) / (dark + 0.05)
