"""States that a trap can have: a map written by hand is checked before it is played."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from mesa_gym.engine import ACTIONS, State
from mesa_gym.engine.map_grid import MapEntry, entries_of, place
from mesa_gym.engine.maps import IS, from_map, to_map
from mesa_gym.traps import Split, Trap


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
    for entry in _list_entries(trap, state):
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
    every = (entry for state in levels for entry in _list_entries(trap, state))
    # What has no place yet is in cell 0.
    return frozenset(entry.name for entry in every if 0 < entry.cell < trap.width)


def name_constants(trap: Trap) -> str:
    """Return why a map of a trap must stay as it was saved; "" where it can be changed."""
    if not trap.const:
        return ""
    return (
        f"{stem(trap)} keeps {' and '.join(trap.const)} beside the grid, which may name cells and"
        " would not fit a changed grid"
    )


def stem(trap: Trap) -> str:
    """Return a trap's name without its version."""
    return trap.name().rpartition("-")[0]


def require(holds: object, reason: str) -> None:
    """Raise a ValueError with a reason unless something holds."""
    if not holds:
        raise ValueError(reason)


def _list_entries(trap: Trap, state: State) -> list[MapEntry]:
    """Return all that a state has in its cells: ground, things, also those that are gone."""
    lines = to_map(trap, state, hidden=True).splitlines()
    grid = [line for line in lines if IS not in line]
    parts = [line.partition(IS) for line in lines if IS in line]
    return list(entries_of(trap, grid, {name: text for name, _, text in parts if len(name) == 1}))
