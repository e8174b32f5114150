"""Editing a state: what if the door were red?

Pure functions on a batch of one, which return another legal one (``require_legal``). Things that
the agent cannot see belong to their cells and stay there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from mesa_gym.engine import Array, State
from mesa_gym.engine.map_grid import place
from mesa_gym.traps import Trap
from mesa_gym.viewer.legal import listed, only_agent, places_of, require_legal, stem
from mesa_gym.viewer.tiles import Content


def offered(trap: Trap) -> tuple[list[str], list[str], list[str]]:
    """Return the kinds, the traits and the ground layers that can be edited, by name."""
    inside = places_of(trap).inside
    grounds = [name for name in _seen(trap, trap.ground) if name in inside or name == "wall"]
    return _kinds(trap), list(trap.traits), grounds


def things_at(trap: Trap, state: State, cell: int) -> list[tuple[str, int]]:
    """Return the things that are seen on a cell: kinds and slots."""
    return [
        (kind, int(slot))
        for kind in _kinds(trap)
        for slot in np.flatnonzero((state.there[kind] & (state.at[kind] == cell))[:, 0])
    ]


def ground_at(trap: Trap, state: State, cell: int) -> list[str]:
    """Return the ground layers that are seen on a cell; none in the top row, which stays wall."""
    grounds = _seen(trap, trap.ground) if cell >= trap.width else []
    return [name for name in grounds if trap.layer(state, name)[0, cell]]


def traits_of(state: State, kind: str, slot: int) -> list[str]:
    """Return the traits that a thing has."""
    kinds = state.level.traits.items()
    return [trait for trait, having in kinds if kind in having and having[kind][slot, 0]]


def contents_at(trap: Trap, state: State, cell: int) -> Content:
    """Return what is seen on a cell apart from the agent."""
    things = [
        " ".join([kind, *_seen(trap, traits_of(state, kind, slot))])
        for kind, slot in things_at(trap, state, cell)
    ]
    return (*ground_at(trap, state, cell), *things)


def move(trap: Trap, state: State, here: int, there: int) -> State:
    """Move what is on a cell to a bare one; from the agent's cell, the agent alone.

    Args:
        trap: the rules.
        state: a batch of one.
        here: flat cell index.
        there: flat cell index.

    Raises:
        ValueError: it cannot be; the message says why.
    """
    if here == state.agent[0]:
        return _with_agent(trap, state, there)
    _require_editable(trap, state, here)
    _require_editable(trap, state, there)
    if not contents_at(trap, state, here):
        raise ValueError(f"there is nothing to move at {place(trap, here)}")
    if found := contents_at(trap, state, there):
        raise ValueError(f"{place(trap, there)} is taken by {listed(found)}; remove that first")
    # What is gone keeps its cell, to which it may come back: it goes along, or makes room.
    at = {
        kind: np.where(cells == here, there, np.where(cells == there, here, cells))
        for kind, cells in state.at.items()
        if kind in _kinds(trap)
    }
    grounds = ground_at(trap, state, here)
    changes = {(name, cell): cell == there for name in grounds for cell in (here, there)}
    return _checked(trap, _with_ground(trap, state, changes)._replace(at=state.at | at))


def remove(trap: Trap, state: State, cell: int) -> State:
    """Take away what is on a cell.

    Args:
        trap: the rules.
        state: a batch of one.
        cell: flat cell index.

    Raises:
        ValueError: it cannot be; the message says why.
    """
    _require_editable(trap, state, cell)
    if not contents_at(trap, state, cell):
        raise ValueError(f"there is nothing to remove at {place(trap, cell)}")
    return _checked(trap, _cleared(trap, state, cell))


def put(trap: Trap, state: State, name: str, cell: int) -> State:
    """Put a thing or a ground layer on a cell, beside what is there; a wall replaces that.

    A thing takes a slot of its kind in which none is, with the traits of that slot. The only
    thing of a kind with one slot is taken from where it is.

    Args:
        trap: the rules.
        state: a batch of one.
        name: a kind or a ground layer.
        cell: flat cell index.

    Raises:
        ValueError: it cannot be; the message says why.
    """
    kinds, _, grounds = offered(trap)
    if name not in (*kinds, *grounds):
        raise ValueError(f"{name} cannot be put; {stem(trap)} has {listed([*kinds, *grounds])}")
    _require_editable(trap, state, cell)
    if name in grounds and cell < trap.width:
        raise ValueError(f"{place(trap, cell)} is in the top row, which stays wall")
    if trap.layer(state, name)[0, cell]:
        raise ValueError(f"there is {name} at {place(trap, cell)} already")
    if name == "wall":
        _require_left(trap, state, cell)
        state = _cleared(trap, state, cell)
    elif "wall" in ground_at(trap, state, cell):
        state = _with_ground(trap, state, {("wall", cell): False})
    if name in grounds:
        return _checked(trap, _with_ground(trap, state, {(name, cell): True}))
    slot = _slot_for(trap, state, name, cell)
    at = _written(state.at, name, slot, cell)
    return _checked(trap, state._replace(at=at, there=_written(state.there, name, slot, True)))


def toggle(trap: Trap, state: State, trait: str, cell: int) -> State:
    """Give a trait to the things on a cell that can have it, or take it from those that have it.

    Args:
        trap: the rules.
        state: a batch of one.
        trait: its name.
        cell: flat cell index.

    Raises:
        ValueError: it cannot be; the message says why.
    """
    if reason := only_agent(trap):
        raise ValueError(reason)
    kinds = state.level.traits[trait]
    things = [(kind, slot) for kind, slot in things_at(trap, state, cell) if kind in kinds]
    if not things:
        raise ValueError(f"nothing at {place(trap, cell)} can be {trait}: {listed(kinds)} can")
    for kind, slot in things:
        kinds = _written(kinds, kind, slot, not kinds[kind][slot, 0])
    level = state.level._replace(traits=state.level.traits | {trait: kinds})
    return _checked(trap, state._replace(level=level))


# -- writing ---------------------------------------------------------------------------------------


def _with_agent(trap: Trap, state: State, cell: int) -> State:
    """Return the state with the agent on another cell, on which no thing is."""
    _require_inside(trap, cell)
    if cell == state.agent[0]:
        raise ValueError(f"the agent is at {place(trap, cell)} already")
    found = [name for name in ("wall", *trap.things) if trap.layer(state, name)[0, cell]]
    if found:
        raise ValueError(f"{place(trap, cell)} has {listed(found)}: the agent cannot be put there")
    return _checked(trap, state._replace(agent=np.array([cell])))


def _with_ground(trap: Trap, state: State, changes: Mapping[tuple[str, int], bool]) -> State:
    """Return the state with tables of its own, and in them (layer, cell) -> whether it is set."""
    own = trap.joined([state])
    for (name, cell), there in changes.items():
        own.level.tables[name][cell] = there
    return own


def _cleared(trap: Trap, state: State, cell: int) -> State:
    """Return the state without what is seen on a cell; what is gone keeps its cell."""
    there = state.there
    for kind, slot in things_at(trap, state, cell):
        there = _written(there, kind, slot, False)
    changes = {(name, cell): False for name in ground_at(trap, state, cell)}
    return _with_ground(trap, state, changes)._replace(there=there)


def _written(part: dict[str, Array], kind: str, slot: int, value: int | bool) -> dict[str, Array]:
    """Return kind -> (slots, 1) with one slot written."""
    array = part[kind].copy()
    array[slot, 0] = value
    return part | {kind: array}


def _slot_for(trap: Trap, state: State, kind: str, cell: int) -> int:
    """Return the slot for a new thing: the one that was on its cell, a fresh one, any free one."""
    at, free = state.at[kind][:, 0], ~state.there[kind][:, 0]
    if len(free) > 1 and not free.any():
        raise ValueError(
            f"there are {len(free)} {kind} already, as many as {stem(trap)} has room for; remove"
            " one first"
        )
    return int((free * (1 + (at == 0) + 2 * (at == cell))).argmax())


# -- what is refused -------------------------------------------------------------------------------


def _checked(trap: Trap, after: State) -> State:
    require_legal(trap, after)
    return after


def _require_inside(trap: Trap, cell: int) -> None:
    """Raise unless a cell lies within the border."""
    row, column = divmod(cell, trap.width)
    if row == 0:
        where = place(trap, cell)
        raise ValueError(f"{where} is in the top row, where signs and held things are shown")
    if not (row < trap.height - 1 and 0 < column < trap.width - 1):
        raise ValueError(f"{place(trap, cell)} is in the border, which stays wall")


def _require_editable(trap: Trap, state: State, cell: int) -> None:
    """Raise unless what is on a cell, apart from the agent, can be changed."""
    if not (places_of(trap).above and 0 < cell < trap.width - 1):
        _require_inside(trap, cell)
    if reason := only_agent(trap):
        raise ValueError(reason)
    if cell == state.agent[0]:
        raise ValueError(f"the agent stands at {place(trap, cell)}; move it away first")


def _require_left(trap: Trap, state: State, cell: int) -> None:
    """Raise if chance may bring something back to a cell."""
    for kind in trap.things if trap.chance else ():
        if (~state.there[kind] & (state.at[kind] == cell)).any():
            raise ValueError(f"{place(trap, cell)} cannot be wall: {kind} may come back there")


def _kinds(trap: Trap) -> list[str]:
    """Return the kinds that are seen, by themselves or by traits that they can have."""
    by_traits = {kind for trait in _seen(trap, trap.traits) for kind in trap.traits[trait]}
    return [kind for kind in trap.things if kind in by_traits or _seen(trap, [kind])]


def _seen(trap: Trap, names: Iterable[str]) -> list[str]:
    return [name for name in names if trap.shown_as.get(name, name)]
