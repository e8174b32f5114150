"""Editing a state: what if the door were red?

Pure functions on a batch of one: the state given is not changed, and what is returned is legal
(``require_legal``). What moves is what is visible, with its once-marks; hidden planes belong to
their cells and stay there. Arrays beside the grid are not touched.
"""

from __future__ import annotations

import numpy as np

from mesa_gym.grid import AGENT, WALL, State
from mesa_gym.traps import Trap
from mesa_gym.viewer.legal import described, only_agent, place_name, require_legal, stem
from mesa_gym.viewer.seen import Content, cell_codes, look

__all__ = [
    "Content",
    "bring",
    "contents",
    "move",
    "only_agent",
    "put",
    "remove",
    "require_legal",
    "standing",
]


def contents(trap: Trap) -> tuple[Content, ...]:
    """The sets of planes that objects of this trap are made of, found by looking.

    Those that occur together in an inner cell, in levels of all splits and along play of them;
    without agent, wall and bare floor. Always the same for a trap; looking takes a moment, once.
    """
    return look(trap).contents()


def standing(state: State, cell: int) -> Content:
    """The visible planes of a cell but for the agent, each once."""
    return tuple(
        plane
        for plane, channels in state.schema.channels.items()
        if plane != AGENT and state.flat[cell, channels[0]]
    )


def move(trap: Trap, state: State, here: int, there: int) -> State:
    """Move what stands on a cell to a bare one.

    From the agent's cell it is the agent alone that moves, and it may come to stand on things.

    Args:
        trap: the rules.
        state: a batch of one.
        here: flat cell index.
        there: flat cell index.

    Raises:
        ValueError: it cannot be; the message says why.
    """
    after = state.copy()
    if here == state.cell[0]:
        _require_inner(state, there)
        if there == here:
            raise ValueError(f"the agent is at {place_name(state.schema, here)} already")
        after.stand(np.array([there]))
        return _checked(trap, state, after)
    _require_editable(trap, state, here)
    _require_editable(trap, state, there)
    if not state.flat[here].any():
        raise ValueError(f"there is nothing to move at {place_name(state.schema, here)}")
    if state.flat[there].any():
        found = described(standing(state, there))
        raise ValueError(
            f"{place_name(state.schema, there)} is taken by {found}; remove that first"
        )
    marks = _own_marks(state)
    after.flat[[here, there]] = after.flat[[there, here]]
    after.hidden_flat[there, marks] = after.hidden_flat[here, marks]
    after.hidden_flat[here, marks] = 0
    return _checked(trap, state, after)


def remove(trap: Trap, state: State, cell: int) -> State:
    """Take away what stands on a cell.

    Args:
        trap: the rules.
        state: a batch of one.
        cell: flat cell index.

    Raises:
        ValueError: it cannot be; the message says why.
    """
    _require_editable(trap, state, cell)
    if not state.flat[cell].any():
        raise ValueError(f"there is nothing to remove at {place_name(state.schema, cell)}")
    after = state.copy()
    _clear(after, cell)
    return _checked(trap, state, after)


def put(trap: Trap, state: State, content: Content, cell: int) -> State:
    """Put an object, or a wall, on a cell in place of what stands there; it has yet to pay once.

    Args:
        trap: the rules.
        state: a batch of one.
        content: visible planes.
        cell: flat cell index.

    Raises:
        ValueError: it cannot be; the message says why.
    """
    return _checked(trap, state, _with(trap, state, content, cell))


def bring(trap: Trap, state: State, content: Content, cell: int) -> State:
    """``put``, but of what levels have no more of, the one that is elsewhere is taken from there.

    So the fire can be put into the chute, whose levels have one fire, and the cheese off its dish.
    What it leaves stays if levels have that alone (the hearth, the dish), and goes along
    otherwise (the colour of a door).

    Args:
        trap: the rules.
        state: a batch of one.
        content: visible planes.
        cell: flat cell index.

    Raises:
        ValueError: it cannot be; the message says why.
    """
    after, seen = _with(trap, state, content, cell), look(trap)
    for plane in content:
        channels = state.schema.channels[plane]
        elsewhere = np.flatnonzero(after.planes[0, 1:, :, channels[0]]) + state.schema.width
        elsewhere = elsewhere[elsewhere != cell]
        scarce = plane.sprite is not None and plane != WALL
        if scarce and len(elsewhere) == 1 and seen.most[channels[0]] == 1:
            other = int(elsewhere[0])
            _require_editable(trap, state, other)
            after.flat[other, channels] = 0
            if plane in state.schema.once_channel:
                after.hidden_flat[other, state.schema.once_channel[plane]] = 0
            if int(cell_codes(after)[0, other]) not in seen.codes:
                _clear(after, other)
    return _checked(trap, state, after)


def _with(trap: Trap, state: State, content: Content, cell: int) -> State:
    """A copy with an object on a cell, legal or not."""
    schema = state.schema
    for plane in content:
        if plane == AGENT or plane not in schema.channels:
            there = ", ".join(p.name for p in schema.channels if p != AGENT)
            raise ValueError(f"{plane.name} cannot be put; {stem(trap)} has {there}")
    if not content:
        raise ValueError("nothing was chosen to put; remove takes away what is there")
    _require_editable(trap, state, cell)
    after = state.copy()
    _clear(after, cell)
    for plane in content:
        after.add(plane, np.array([cell]))
        if plane in schema.once_channel:
            after.hidden_flat[cell, schema.once_channel[plane]] = 1
    return after


def _checked(trap: Trap, before: State, after: State) -> State:
    after.recount()
    require_legal(trap, after, before)
    return after


def _clear(state: State, cell: int) -> None:
    state.flat[cell] = 0
    state.hidden_flat[cell, _own_marks(state)] = 0


def _own_marks(state: State) -> list[int]:
    """The hidden channels of the once-marks of visible planes, which go where these go."""
    schema = state.schema
    return [mark for plane, mark in schema.once_channel.items() if plane in schema.channels]


def _require_inner(state: State, cell: int) -> None:
    """Raise unless a cell lies within the border."""
    height, width = state.schema.height, state.schema.width
    row, column = divmod(cell, width)
    if row == 0:
        where = place_name(state.schema, cell)
        raise ValueError(f"{where} is in the top row, where signs and held things are shown")
    if not (0 < row < height - 1 and 0 < column < width - 1):
        raise ValueError(f"{place_name(state.schema, cell)} is in the border, which stays wall")


def _require_editable(trap: Trap, state: State, cell: int) -> None:
    """Raise unless what stands on a cell, apart from the agent, can be changed."""
    _require_inner(state, cell)
    if reason := only_agent(trap):
        raise ValueError(reason)
    if cell == state.cell[0]:
        raise ValueError(
            f"the agent stands at {place_name(state.schema, cell)}; move it away first"
        )
