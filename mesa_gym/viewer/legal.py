"""The states that a trap can have, and why others are refused."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from mesa_gym.engine import ACTIONS, State
from mesa_gym.engine.map_grid import place
from mesa_gym.engine.maps import from_map, to_map
from mesa_gym.envs.observations import make_observation
from mesa_gym.traps import Split, Trap

LEVELS = 32  # of each split, to find what hangs in the top row


class Places(NamedTuple):
    """Where levels of a trap have what there is, by name.

    Attributes:
        above: kinds in the top row.
        inside: kinds and ground layers within the border.
    """

    above: frozenset[str]
    inside: frozenset[str]


def require_legal(trap: Trap, state: State) -> None:
    """Raise unless a state is one that the trap can have.

    It is if a map can show it (a closed border, the agent and all things on open cells, hands and
    variables within their limits), only what levels hang in the top row hangs there, no two
    things that show on one plane share a cell, every observation that the trap offers can show
    it, and all five actions can be taken, not all of which end the episode.

    Args:
        trap: the rules.
        state: a batch of one.

    Raises:
        ValueError: the first reason why not, in words.
    """
    from_map(trap, to_map(trap, state, hidden=True))
    _require_places(trap, state)
    _require_planes(trap, state)
    if trap.symbolic:
        make_observation(trap, "symbolic").encode(state)
    _require_steps(trap, state)


def only_agent(trap: Trap) -> str:
    """Return why nothing except the agent can be changed; "" where other things can."""
    if not trap.const:
        return ""
    return (
        f"{stem(trap)} keeps {listed(trap.const)} beside the grid, which may name cells and would"
        " not fit an edited grid: only the agent can be moved"
    )


@lru_cache(maxsize=16)
def places_of(trap: Trap) -> Places:
    """Return where levels of all splits have things and ground; looking takes a moment, once.

    Raises:
        ValueError: the trap has no levels of its size.
    """
    above, inside = set(), set()
    for split in Split:
        try:
            state = trap.levels(split, range(LEVELS))
        except RuntimeError as error:
            raise ValueError(f"levels of {trap!r} cannot be drawn: {error}") from error
        for name in (*trap.ground, *trap.things):
            cells = trap.layer(state, name).reshape(-1, *trap.size)
            if name in trap.things and cells[:, 0].any():
                above.add(name)
            if cells[:, 1:-1, 1:-1].any():
                inside.add(name)
    return Places(frozenset(above), frozenset(inside))


# -- words -----------------------------------------------------------------------------------------


def stem(trap: Trap) -> str:
    """Return a trap's name without its version."""
    return trap.name().rpartition("-")[0]


def listed(words: Iterable[str]) -> str:
    """Return words as people list them: "red, blue and yellow"."""
    every = list(words)
    return " and ".join(filter(None, [", ".join(every[:-1]), *every[-1:]]))


# -- one check each --------------------------------------------------------------------------------


def _require_places(trap: Trap, state: State) -> None:
    """Raise unless only what levels hang in the top row hangs there, and nothing else does."""
    above, inside = places_of(trap)
    for kind in trap.things:
        for cell in state.at[kind][state.there[kind]].tolist():
            if cell < trap.width and kind not in above:
                raise ValueError(
                    f"{place(trap, cell)} holds {kind}; on no level of {stem(trap)} does that hang"
                    " in the top row"
                )
            if cell >= trap.width and kind in above - inside:
                raise ValueError(
                    f"{place(trap, cell)} holds {kind}, which in {stem(trap)} hangs in the top row"
                )


def _require_planes(trap: Trap, state: State) -> None:
    """Raise if two things that show on one plane share a cell."""
    seen = set()
    for plane, cells, there in trap.dots(state):
        for cell in (cells if there is None else cells[there]).ravel().tolist():
            if (plane, cell) in seen:
                raise ValueError(f"two things at {place(trap, cell)} would both show as {plane}")
            seen.add((plane, cell))


def _require_steps(trap: Trap, state: State) -> None:
    """Raise unless all actions can be taken, and not all of them end the episode."""
    try:
        every = state.take(np.zeros(len(ACTIONS), dtype=np.int64))
        ended = trap.step(every, np.arange(len(ACTIONS))).ended
    except Exception as error:
        raise ValueError(
            f"the rules of {stem(trap)} fail on this state ({type(error).__name__}: {error})"
        ) from error
    if ended.all():
        raise ValueError("the episode would be over whatever is done next")
