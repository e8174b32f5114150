"""Edited states: what if the door were red? Changing them, and checking them.

Edits are pure functions on a batch of one, and return another state that the trap can have, or
raise a ValueError that says why there is none. Things that the agent cannot see belong to their
cells and stay there.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

import numpy as np

from mesa_gym.engine import ACTIONS, LevelBuilder, State
from mesa_gym.engine.map_grid import MapEntry, entries_of, fill, place
from mesa_gym.engine.maps import IS, from_map, to_map
from mesa_gym.traps import Split, Trap


def list_editable(trap: Trap) -> tuple[list[str], list[str], list[str]]:
    """Return the kinds, the traits and the ground layers that can be edited, by name."""
    hung = find_hanging(trap) - {"wall"}
    grounds = [name for name in _keep_visible(trap, trap.ground) if name not in hung]
    return _kinds(trap), list(trap.traits), grounds


def only_agent(trap: Trap) -> str:
    """Return why nothing except the agent can be changed; "" where other things can."""
    if not trap.const:
        return ""
    return (
        f"{stem(trap)} keeps {join_words(trap.const)} beside the grid, which may name cells and"
        " would not fit an edited grid: only the agent can be moved"
    )


def editable(trap: Trap, cell: int) -> bool:
    """Return whether a cell is within the border, or where things hang in it."""
    row, column = divmod(cell, trap.width)
    highest = 0 if find_hanging(trap) & set(trap.things) else 1
    return highest <= row < trap.height - 1 and 0 < column < trap.width - 1


def things_at(trap: Trap, state: State, cell: int) -> list[MapEntry]:
    """Return the visible ground and things on a cell, apart from the agent."""
    return [e for e in _entries(trap, state) if e.cell == cell and e.there and _shows(trap, e)]


def names_at(trap: Trap, state: State, cell: int) -> list[str]:
    """Return the visible contents of a cell, in a map's words, such as "key red"."""
    found = things_at(trap, state, cell)
    return [" ".join([entry.name, *_keep_visible(trap, entry.traits)]) for entry in found]


def move(trap: Trap, state: State, here: int, there: int) -> State:
    """Move what is on a cell to a bare one; from the agent's cell, the agent alone."""
    entries, where = _entries(trap, state), place(trap, there)
    if here == state.agent[0]:
        _require_inside(trap, there)
        require(there != here, f"the agent is at {where} already")
        solid = ("wall", *trap.things)
        found = [e.name for e in entries if e.cell == there and e.there and e.name in solid]
        require(not found, f"{where} has {join_words(found)}: the agent cannot be put there")
        moved = [e._replace(cell=there) if e.name == "agent" else e for e in entries]
        return _rebuild_state(trap, state, moved)
    _require_editable(trap, state, here)
    _require_editable(trap, state, there)
    names = names_at(trap, state, there)
    require(things_at(trap, state, here), f"there is nothing to move at {place(trap, here)}")
    require(not names, f"{where} is taken by {join_words(names)}; remove that first")
    # What is gone keeps its cell, to which it may come back: it goes along, or makes room.
    swap = {here: there, there: here}
    moved = [e._replace(cell=swap.get(e.cell, e.cell)) if _shows(trap, e) else e for e in entries]
    return _rebuild_state(trap, state, moved)


def remove(trap: Trap, state: State, cell: int) -> State:
    """Take away what is on a cell."""
    _require_editable(trap, state, cell)
    require(things_at(trap, state, cell), f"there is nothing to remove at {place(trap, cell)}")
    return _rebuild_state(trap, state, _clear_cell(trap, _entries(trap, state), cell))


def put(trap: Trap, state: State, name: str, cell: int) -> State:
    """Put a thing or a ground layer on a cell, beside what is there; a wall replaces that.

    A thing takes a slot of its kind in which none is, with the traits of that slot. The only
    thing of a kind with one slot is taken from where it is.
    """
    (kinds, _, grounds), where = list_editable(trap), place(trap, cell)
    known = [*kinds, *grounds]
    require(name in known, f"{name} cannot be put; {stem(trap)} has {join_words(known)}")
    _require_editable(trap, state, cell)
    above = cell < trap.width
    require(not (above and name in grounds), f"{where} is in the top row, which stays wall")
    alike = any(entry.name == name for entry in things_at(trap, state, cell))
    require(not alike, f"there is {name} at {where} already")
    entries = _entries(trap, state)
    if name == "wall":
        gone = [e.name for e in entries if trap.seeds and e.cell == cell and not e.there]
        require(not gone, f"{where} cannot be wall: {join_words(gone)} may come back there")
        entries = _clear_cell(trap, entries, cell)
    elif not above:
        entries = [e for e in entries if (e.name, e.cell) != ("wall", cell)]
    if name in grounds:
        return _rebuild_state(trap, state, [*entries, MapEntry(cell, name)])
    return _rebuild_state(trap, state, _place_thing(trap, entries, name, cell))


def toggle(trap: Trap, state: State, trait: str, cell: int) -> State:
    """Give a trait to the things on a cell that can have it, or take it from those that have it."""
    require(not only_agent(trap), only_agent(trap))
    found = [e for e in things_at(trap, state, cell) if e.name in trap.traits[trait]]
    can = join_words(trap.traits[trait])
    require(found, f"nothing at {place(trap, cell)} can be {trait}: {can} can")
    changed = [
        e._replace(traits=sorted({*e.traits} ^ {trait})) if e in found else e
        for e in _entries(trap, state)
    ]
    return _rebuild_state(trap, state, changed)


# -- what a trap can have --------------------------------------------------------------------------


def require_legal(trap: Trap, state: State) -> None:
    """Raise unless a state is one that the trap can have.

    It is if a map can show it (a closed border, the agent and all things on open cells, hands and
    variables within their limits), in the top row hangs only what levels hang there, no two
    things that show on one plane share a cell, every observation that the trap offers can show
    it, and all five actions can be taken, not all of which end the episode.

    Args:
        trap: the rules.
        state: a batch of one.

    Raises:
        ValueError: the first reason why not, in words.
    """
    from_map(trap, to_map(trap, state, hidden=True))
    for entry in _entries(trap, state):
        where, above, hangs = place(trap, entry.cell), entry.cell < trap.width, find_hanging(trap)
        misplaced = entry.name in trap.things and entry.there and above != (entry.name in hangs)
        how = f"in {stem(trap)} {'hangs' if entry.name in hangs else 'cannot hang'} in the top row"
        require(not misplaced, f"{where} holds {entry.name}, which {how}")
    shown = set()
    for plane, cells, there in trap.dots(state):
        for cell in (cells if there is None else cells[there]).ravel().tolist():
            twice = f"two things at {place(trap, cell)} would both show as {plane}"
            require((plane, cell) not in shown, twice)
            shown.add((plane, cell))
    every = state.take(np.zeros(len(ACTIONS), dtype=np.int64))
    try:
        ended = trap.step(every, np.arange(len(ACTIONS))).ended
    except Exception as error:
        raise ValueError(
            f"the rules of {stem(trap)} fail on this state ({type(error).__name__}: {error})"
        ) from error
    require(not ended.all(), "the episode would be over whatever is done next")


@lru_cache(maxsize=16)
def find_hanging(trap: Trap) -> frozenset[str]:
    """Return the kinds and ground layers that level 0 of any split has in the top row.

    Raises:
        ValueError: the trap has no levels of its size.
    """
    try:
        levels = [trap.levels(split, [0]) for split in Split]
    except RuntimeError as error:
        raise ValueError(f"levels of {trap!r} cannot be drawn: {error}") from error
    every = (entry for state in levels for entry in _entries(trap, state))
    # What has no place yet is in cell 0.
    return frozenset(entry.name for entry in every if 0 < entry.cell < trap.width)


def stem(trap: Trap) -> str:
    """Return a trap's name without its version."""
    return trap.name().rpartition("-")[0]


def join_words(words: Iterable[str]) -> str:
    """Return words as people list them: "red, blue and yellow"."""
    every = list(words)
    return " and ".join(filter(None, [", ".join(every[:-1]), *every[-1:]]))


def require(holds: object, reason: str) -> None:
    """Raise a ValueError with a reason unless something holds."""
    if not holds:
        raise ValueError(reason)


def _require_inside(trap: Trap, cell: int) -> None:
    (row, column), where = divmod(cell, trap.width), place(trap, cell)
    require(row > 0, f"{where} is in the top row, where signs and held things are shown")
    inside = row < trap.height - 1 and 0 < column < trap.width - 1
    require(inside, f"{where} is in the border, which stays wall")


def _require_editable(trap: Trap, state: State, cell: int) -> None:
    """Raise unless what is on a cell, apart from the agent, can be changed."""
    if not editable(trap, cell):
        _require_inside(trap, cell)
    require(not only_agent(trap), only_agent(trap))
    stands = f"the agent stands at {place(trap, cell)}; move it away first"
    require(cell != state.agent[0], stands)


def _entries(trap: Trap, state: State) -> list[MapEntry]:
    """Return all that a state has in its cells: ground, things, also those that are gone."""
    lines = to_map(trap, state, hidden=True).splitlines()
    grid = [line for line in lines if IS not in line]
    parts = [line.partition(IS) for line in lines if IS in line]
    return list(entries_of(trap, grid, {name: text for name, _, text in parts if len(name) == 1}))


def _rebuild_state(trap: Trap, state: State, entries: list[MapEntry]) -> State:
    """Return the state with other entries in its cells, if the trap can have it."""
    builder = LevelBuilder(trap, 0, np.zeros(1, dtype=np.int64))
    fill(trap, builder, entries)
    own, made = trap.joined([state]).level, builder.states()
    kept = {name: own.tables[name] for name in (*trap.const, *trap.seeds)}
    new = made.level
    level = own._replace(traits=new.traits, tables=new.tables | kept, row=new.row)
    after = state._replace(level=level, agent=made.agent, at=made.at, there=made.there)
    require_legal(trap, after)
    return after


def _clear_cell(trap: Trap, entries: list[MapEntry], cell: int) -> list[MapEntry]:
    """Return the entries without the visible ones on a cell; gone things keep their cell."""
    gone = [e for e in entries if e.cell == cell and _shows(trap, e)]
    left = [e._replace(there=False) if e in gone else e for e in entries]
    return [e for e in left if e.there or e.name in trap.things]


def _place_thing(trap: Trap, entries: list[MapEntry], kind: str, cell: int) -> list[MapEntry]:
    """Return the entries with a thing more: one that was on its cell, a fresh one, any free one."""
    mine, slots = [e for e in entries if e.name == kind], trap.things[kind]
    back = [e for e in mine if not e.there and e.cell == cell]
    free = [e for e in mine if not e.there] or (mine if slots == 1 else [])
    if not back and len(mine) < slots:
        return [*entries, MapEntry(cell, kind)]
    full = f"there are {slots} {kind} already, as many as {stem(trap)} has room for"
    require(back or free, f"{full}; remove one first")
    taken = (back or free)[0]
    return [e._replace(cell=cell, there=True) if e is taken else e for e in entries]


def _kinds(trap: Trap) -> list[str]:
    """Return the visible kinds, by themselves or by traits that they can have."""
    by_traits = {kind for trait in _keep_visible(trap, trap.traits) for kind in trap.traits[trait]}
    return [kind for kind in trap.things if kind in by_traits or _keep_visible(trap, [kind])]


def _shows(trap: Trap, entry: MapEntry) -> bool:
    """Return whether an entry is visible and can be edited; the top row stays wall."""
    ground = entry.name in trap.ground and entry.cell >= trap.width
    return entry.name in (_keep_visible(trap, [entry.name]) if ground else _kinds(trap))


def _keep_visible(trap: Trap, names: Iterable[str]) -> list[str]:
    return [name for name in names if trap.shown_as.get(name, name)]
