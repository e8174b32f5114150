"""The states that a trap's first levels can reach, and arrays of states by name.

All arrays are handed to the rules read-only.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mesa_gym.engine import ACTIONS, Array, Bools, State, combined
from mesa_gym.engine.chance import below, bits, hash64
from mesa_gym.solver import Graph, StateNumbers
from mesa_gym.traps import Split, Step, Trap


@dataclass(frozen=True)
class Explored:
    """States of some levels, n of them, and what each action does there.

    Attributes:
        levels: how many; the first states are their starts.
        state: every reachable state; for a trap that is not solvable, those of one random walk a
            level.
        graph: the solver's, whose numbers are the rows of ``state``; None where there is none.
        steps: of the n states under each of the five actions.
        ended: bool (5, n).
        paid: objective name -> float64 (5, n).
        final: the states after which an episode had ended.
    """

    levels: int
    state: State
    graph: Graph | None
    steps: list[Step]
    ended: Bools
    paid: dict[str, NDArray[np.float64]]
    final: State


# One trap's four splits; the next trap's take their place.
@lru_cache(maxsize=4)
def explore(trap: Trap, split: Split, levels: int) -> Explored:
    """Return what can be reached from levels 0 to ``levels`` - 1."""
    graph, starts = None, trap.levels(split, np.arange(levels))
    if trap.solvable:
        graph = Graph(trap, starts)
        found = StateNumbers(trap, starts).unrank(
            starts, graph.level_row.astype(np.int64), graph.rank
        )
        state = frozen(found.map(lambda array: array[..., 0, :]))
    else:
        state = walk(trap, split, levels)
    steps = every_action(trap, state)
    return Explored(
        levels,
        state,
        graph,
        steps,
        np.stack([step.ended for step in steps]),
        {x: np.stack([step.paid[x] for step in steps]) for x in steps[0].paid},
        together([step.state.take(step.ended) for step in steps]),
    )


def walk(trap: Trap, split: Split, levels: int) -> State:
    """Return the states on one random walk from each of levels 0 to ``levels`` - 1."""
    state, states = frozen(trap.levels(split, np.arange(levels))), list[State]()
    while state.n and len(states) < trap.horizon(split):
        words = bits(hash64("walk"), state.level.number, "step", len(states), 1)
        states.append(state)
        state, _, ended = trap.step(state, frozen(below(words[0], len(ACTIONS))))
        state = frozen(state.take(~ended))
    return frozen(together(states))


def every_action(trap: Trap, state: State) -> list[Step]:
    """Return the steps of a batch (n,) under each of the five actions."""
    return [frozen(trap.step(state, frozen(np.full(state.n, a)))) for a in range(len(ACTIONS))]


def results_of(step: Step) -> dict[str, Array]:
    """Return all that a step gave, by name, except the level."""
    state = dict(zip(State._fields[1:], step.state[1:], strict=True))
    return dict(leaves({**state, "paid": step.paid, "ended": step.ended}))


def together(states: list[State]) -> State:
    """Return the rows of states over the same tables as one state."""
    return combined(lambda *arrays: np.concatenate(arrays, axis=-1), *states)


def some(state: State, most: int) -> State:
    """Return at most so many rows, chosen evenly."""
    rows = np.linspace(0, state.n - 1, min(most, state.n)).astype(np.int64)
    return frozen(state.take(rows))


def unseen(trap: Trap) -> list[str]:
    """Return the kinds that no plane shows, neither themselves nor by a trait."""
    names = {
        kind: (kind, *(trait for trait, kinds in trap.traits.items() if kind in kinds))
        for kind in trap.things
    }
    shown = trap.shown_as
    return [kind for kind in names if not any(shown.get(name, name) for name in names[kind])]


def otherwise_unseen(trap: Trap, state: State) -> State:
    """Return states that look the same to the agent, with others of the things it cannot see."""
    rng, there = np.random.default_rng(0), dict(state.there)
    for kind in unseen(trap):
        cells = state.at[kind]
        there[kind] = (cells > 0) & (rng.random(cells.shape) < 0.5)
    return state._replace(there=there)


def frozen(part: Any) -> Any:
    """Make every array in a nested result read-only, and return it."""
    for _, array in leaves(part):
        if isinstance(array, np.ndarray):
            array.flags.writeable = False
    return part


def arrays_of(trap: Trap, state: State) -> dict[str, Array]:
    """Return every array of a batch by name, batch last; tables as each level's own entries."""
    tables = {name: trap.table(state.level, name).T for name in trap.entries}
    level = state.level._replace(row=np.arange(state.n), tables=tables)
    return dict(leaves(state._replace(level=level)))


def leaves(part: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Yield all values in dicts, tuples and arrays of objects, with the names that lead there."""
    items: Any
    if isinstance(part, dict):
        items = part.items()
    elif isinstance(part, tuple):
        items = zip(getattr(part, "_fields", range(len(part))), part, strict=True)
    elif isinstance(part, np.ndarray) and part.dtype == object:
        items = enumerate(part)
    else:
        yield name, part
        return
    for key, value in items:
        yield from leaves(value, f"{name}.{key}" if name else f"{key}")


class Difference(NamedTuple):
    """The first difference of two results: the name of an array, and its row."""

    name: str
    row: int

    def __str__(self) -> str:
        return f"`{self.name}`, row {self.row}"


def difference(ours: dict[str, Any], theirs: dict[str, Any]) -> Difference | None:
    """Return the first difference in values, or in types, dtypes and shapes.

    Args:
        ours: named values; arrays are (..., n).
        theirs: what they should be.
    """
    for name in sorted(ours.keys() | theirs.keys()):
        a, b = ours.get(name), theirs.get(name)
        if not (isinstance(a, np.ndarray) and isinstance(b, np.ndarray)):
            if type(a) is not type(b) or a != b:
                return Difference(name, 0)
        elif a.dtype != b.dtype or a.shape != b.shape:
            return Difference(name, 0)
        elif a is not b and not np.array_equal(a, b, equal_nan=a.dtype.kind == "f"):
            return Difference(name, int((a != b).reshape(-1, a.shape[-1]).any(axis=0).argmax()))
    return None
