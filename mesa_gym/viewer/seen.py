"""What levels of a trap and play along them show: found by looking, with no rule of any trap."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from mesa_gym.grid import ACTIONS, AGENT, WALL, Ints, Plane, Schema, State
from mesa_gym.traps import Split, Trap

Content = tuple[Plane, ...]

# Of each split, at 81 cells: levels whose start is looked at, and levels that are played.
STARTS, PLAYED = 256, 24
CELLS = 81
LEAST = 8
MOST_STEPS = 128


@dataclass
class Seen:
    """What there is in the states from which play goes on.

    Attributes:
        schema: of the trap's states.
        codes: what inner cells hold, as ``cell_codes`` writes it.
        most, least: int64 (channels,), cells below the top row that hold each plane.
        hidden: uint8 (height, width, hidden planes), as in every state; cells of ``wanders`` aside.
        wanders: bool (hidden planes,), which are not in the same cells in all states.
        signs: what the top row shows that stays there, with the arrays that go with it.
        arrays_vary: whether two states with the same signs have other arrays beside the grid.
        stuck: whether there is a state in which every action ends the episode.
    """

    schema: Schema
    hidden: NDArray[np.uint8]
    wanders: NDArray[np.bool_]
    most: Ints
    least: Ints
    codes: set[int] = field(default_factory=set)
    signs: dict[bytes, bytes] = field(default_factory=dict)
    arrays_vary: bool = False
    stuck: bool = False

    @classmethod
    def nothing(cls, state: State) -> Seen:
        """Before anything was looked at but which hidden planes the first state has."""
        schema, count = state.schema, state.count[0]
        own = len(schema.hidden)
        hidden, wanders = state.hidden[0, ..., :own].copy(), np.zeros(own, dtype=np.bool_)
        return cls(schema, hidden, wanders, count.copy(), count.copy())

    def add(self, state: State) -> None:
        """Look at a batch of states."""
        if not len(state):
            return
        self.codes.update(np.unique(inner(cell_codes(state), state.schema)).tolist())
        self.most = np.maximum(self.most, state.count.max(axis=0))
        self.least = np.minimum(self.least, state.count.min(axis=0))
        hidden = state.hidden[..., : len(self.wanders)]
        self.wanders |= (hidden != self.hidden).any(axis=(0, 1, 2))
        if self.schema.signs or self.schema.vars or self.schema.const:
            for signs, arrays in zip(sign_codes(state), beside(state), strict=True):
                self.arrays_vary |= self.signs.setdefault(signs, arrays) != arrays

    def contents(self) -> tuple[Content, ...]:
        """The sets of planes that objects are made of, in the order of the trap's planes."""
        planes, seen = list(self.schema.channels), set()
        for code in self.codes:
            held = tuple(p for i, p in enumerate(planes) if code >> i & 1)
            if held and AGENT not in held and WALL not in held:
                seen.add(held)
        return tuple(sorted(seen, key=lambda held: [planes.index(p) for p in held]))


_known: dict[tuple[type[Trap], str], Seen] = {}


def look(trap: Trap) -> Seen:
    """What levels of all splits show, and states that play along them reaches.

    Always the same for a trap of one size with its parameters; kept once it was asked.

    Raises:
        ValueError: the trap has no levels of its size.
    """
    name = type(trap), repr(trap)
    if name not in _known:
        _known[name] = _look(trap)
    return _known[name]


def _look(trap: Trap) -> Seen:
    # As much work on a larger grid, but for its longer episodes.
    starts, played = (max(LEAST, k * CELLS // trap.schema.cells) for k in (STARTS, PLAYED))
    try:
        levels = [trap.levels(split, np.arange(starts)) for split in Split]
    except Exception as error:
        raise ValueError(f"levels of {trap!r} cannot be drawn to be looked at: {error}") from error
    seen = Seen.nothing(levels[0])
    for state in levels:
        seen.add(state)
    first = np.arange(played)
    limits = np.repeat([min(trap.horizon(split), MOST_STEPS) for split in Split], played)
    start = State(trap.schema, len(limits))
    for i, state in enumerate(levels):
        start.put(i * played + first, state, first)
    for after, stuck in _play(trap, start, limits):
        seen.add(after)
        seen.stuck |= stuck
    return seen


def _play(trap: Trap, state: State, limits: Ints) -> Iterator[tuple[State, bool]]:
    """Walk about, always to where one was least often, and never into an episode's end.

    Args:
        trap: the rules.
        state: of levels at their start.
        limits: int64 (n,), how many steps of each level to walk.

    Yields:
        The states that any action leads to and from which play goes on, and whether some state
        had none of those.
    """
    rng = np.random.default_rng(0)
    visits = np.zeros((len(state), trap.schema.cells))
    while len(state):
        rows = np.arange(len(state))
        visits[rows, state.cell] += 1
        children, ended, dislike = [], [], []
        for action in range(len(ACTIONS)):
            after, outcome = trap.step(state, np.full(len(state), action))
            children.append(after)
            ended.append(outcome.ended)
            dislike.append(np.where(outcome.ended, np.inf, visits[rows, after.cell]))
        over = np.all(ended, axis=0)
        for after, end in zip(children, ended, strict=True):
            yield after.take((~end).nonzero()[0]), bool(over.any())
        chosen = (np.array(dislike) + rng.random((len(children), len(state)))).argmin(axis=0)
        state = children[0]
        for action, after in enumerate(children):
            taken = (chosen == action).nonzero()[0]
            state.put(taken, after, taken)
        going = (~over & (state.clock < limits)).nonzero()[0]
        state, visits, limits = state.take(going), visits[going], limits[going]


# -- what a state holds, as numbers ----------------------------------------------------------------


def cell_codes(state: State) -> NDArray[np.uint64]:
    """The planes of each cell as bits of a number, uint64 (n, cells).

    Visible planes come first, then hidden ones, then once-marks; of these only the marks in the
    agent's own cell, since anywhere else they say what has been, and not what there is.
    """
    schema = state.schema
    layers = [state.planes[..., channels[0]] for channels in schema.channels.values()]
    layers += [state.hidden[..., i] for i in range(len(schema.hidden))]
    agent = state.planes[..., schema.channels[AGENT][0]]
    layers += [state.hidden[..., i] & agent for i in schema.once_channel.values()]
    codes = np.zeros((len(state), schema.height, schema.width), dtype=np.uint64)
    for bit, layer in enumerate(layers):
        codes |= layer.astype(np.uint64) << np.uint64(bit)
    return codes.reshape(len(state), -1)


def inner(cells: NDArray[np.uint64], schema: Schema) -> NDArray[np.uint64]:
    """Of what there is for each cell, (n, cells), that within the border."""
    return cells.reshape(-1, schema.height, schema.width)[:, 1:-1, 1:-1]


def sign_codes(state: State) -> list[bytes]:
    """The part of each top row that is there to stay."""
    channels = list(chain.from_iterable(state.schema.channels[p] for p in state.schema.signs))
    return [row.tobytes() for row in state.planes[:, 0][..., channels]]


def beside(state: State) -> list[bytes]:
    """The arrays that each state keeps beside the grid."""
    arrays = [*state.vars.values(), *state.const.values()]
    return [b"".join(array[row].tobytes() for array in arrays) for row in range(len(state))]
