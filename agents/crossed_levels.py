"""Crossing: a child has the things of one level, and the layout of another level."""

from __future__ import annotations

import numpy as np

from mesa_gym.engine.building import pick
from mesa_gym.engine.state import Bools, Ints, State
from mesa_gym.engine.world import World


def cross(world: World, things_of: State, layouts_of: State, words: Ints) -> tuple[State, Bools]:
    """Return start states with things of some levels, the layout of others, and a random start.

    The layout is the walls and the ``layout_things``. Every other thing and ground layer stays in
    its cell, so a child never changes where an objective pays. Walls and layout things are removed
    from these cells.

    Args:
        world: the contents of the levels.
        things_of: start states of n levels; children keep these levels' numbers and keys.
        layouts_of: start states of n other levels.
        words: int64 (n,), random; they select the start among the free cells.

    Returns:
        The children, and which of them have a free cell to start from, bool (n,).

    Raises:
        ValueError: the world declares no ``layout_things``.
    """
    rows, level, layout = np.arange(things_of.n), things_of.level, list_layout(world)
    tables = {name: world.table(level, name) for name in world.entries}
    used = np.zeros((things_of.n, world.cells), dtype=np.bool_)
    for name in (*world.ground, *world.things):
        if name != "wall" and name not in layout:
            used |= world.layer(things_of, name)
    filled = tables["wall"] = world.table(layouts_of.level, "wall") & ~used
    at, there = dict(things_of.at), dict(things_of.there)
    traits = {trait: dict(slots_of) for trait, slots_of in level.traits.items()}
    for kind in layout:
        at[kind] = layouts_of.at[kind]
        there[kind] = layouts_of.there[kind] & ~used[rows, at[kind]]
        filled = filled | world.layer(layouts_of, kind)
        for trait in traits:
            if kind in traits[trait]:
                traits[trait][kind] = layouts_of.level.traits[trait][kind]
    agent, fits = pick(~(filled | used), words)
    flat = {name: table.ravel() for name, table in tables.items()}
    level = level._replace(row=rows, tables=flat, traits=traits)
    return things_of._replace(level=level, agent=agent, at=at, there=there), fits


def list_layout(world: World) -> tuple[str, ...]:
    """Return the ``layout_things`` of a world; ValueError if it declares none."""
    if world.layout_things is None:
        raise ValueError(
            f"{world!r} declares no `layout_things`, so its levels cannot be crossed: the layout"
            " may decide whether objectives agree"
        )
    return world.layout_things
