"""Samples for checks: levels, their reachable states, and arrays of states by name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, TypeVar

import numpy as np

from mesa_gym.engine import ACTIONS, Array, Bools, Floats, Move, State
from mesa_gym.engine.chance import below, bits, hash64
from mesa_gym.solver import Graph
from mesa_gym.traps import Split, Step, Trap

Part = TypeVar("Part")
# The number of start states; they are cheap to draw.
STARTS = 512


@dataclass(eq=False)
class Sample:
    """Levels 0 to ``levels`` - 1 of one split, and the successors of their states.

    Each attribute is computed when it is first read, then cached. Rules receive all arrays
    read-only.
    """

    trap: Trap
    split: Split
    levels: int

    @cached_property
    def starts(self) -> State:
        """The start states of the first 512 levels."""
        return freeze(self.trap.levels(self.split, np.arange(STARTS)))

    @cached_property
    def walk(self) -> State:
        """The states on one random walk from each start."""
        start = freeze(self.trap.levels(self.split, np.arange(self.levels)))
        return freeze(join_states([state for state, _ in episodes(self, start, "walk")]))

    @property
    def graph(self) -> Graph | None:
        """The solver's graph; None for a trap without an exact solver."""
        if isinstance(self._exploration, Exception):
            raise self._exploration
        return self._exploration

    @cached_property
    def _exploration(self) -> Graph | Exception | None:
        """The graph, None, or the error from exploring it, which each check then raises."""
        try:
            levels = self.trap.levels(self.split, np.arange(self.levels))
            return Graph(self.trap, levels) if self.trap.solvable else None
        except Exception as error:
            return error

    @cached_property
    def state(self) -> State:
        """Every reachable state, numbered as in the graph; without a graph, the walk's states."""
        if self.graph is None:
            return self.walk
        row, rank = self.graph.level_row.astype(np.int64), self.graph.rank
        states = self.graph.numbers.unrank(self.graph.starts, row, rank)
        return freeze(states.map(lambda array: array[..., 0, :]))

    @cached_property
    def steps(self) -> list[Step]:
        """The steps from ``state`` (n,) on each branch of the graph."""
        return every_branch(self.trap, self.state)

    @cached_property
    def ended(self) -> Bools:
        """The steps that end an episode, bool (branches, n)."""
        return np.stack([step.ended for step in self.steps])

    @cached_property
    def payments(self) -> dict[str, Floats]:
        """Objective name -> its payments, float64 (branches, n)."""
        return {x: np.stack([step.paid[x] for step in self.steps]) for x in self.steps[0].paid}

    @cached_property
    def final(self) -> State:
        """The states after steps that end an episode."""
        return join_states([step.state.take(step.ended) for step in self.steps])


# The cache has room for the four splits of one trap.
sample_of = lru_cache(maxsize=4)(Sample)


def episodes(sample: Sample, state: State, name: str) -> Iterator[tuple[State, Step]]:
    """Yield (states, step) for each time of random episodes from a start."""
    rows, horizon = np.arange(state.n), sample.trap.horizon(sample.split)
    words = bits(hash64(name), state.level.number, sample.split.value, 0, horizon)
    for chosen in below(words, len(ACTIONS)):
        step = freeze(sample.trap.step(state, freeze(chosen[rows])))
        yield state, step
        state, rows = freeze(step.state.take(~step.ended)), rows[~step.ended]


def every_action(trap: Trap, state: State) -> list[Step]:
    """Return the steps of states (n,) under each of the five actions."""
    return [freeze(trap.step(state, freeze(np.full(state.n, a)))) for a in range(len(ACTIONS))]


def list_branches(trap: Trap, n: int) -> Iterator[tuple[Array, dict[str, Array]]]:
    """Yield each action, int64 (n,), with each value of random outcomes: name -> array (n,)."""
    actions, outcomes = trap.branches()
    for branch, action in enumerate(actions):
        drawn = {name: np.full(n, values[branch]) for name, values in outcomes.items()}
        yield freeze(np.full(n, action)), drawn


def every_branch(trap: Trap, state: State) -> list[Step]:
    """Return one step of n states for each action and each possible random outcome.

    An impossible outcome leaves the state unchanged, pays 0 and ends the episode.
    """
    steps = []
    for action, outcomes in list_branches(trap, state.n):
        move = Move(trap, state, action, outcomes)
        after, rewards, ended = trap.complete(move)
        never = np.broadcast_to(move.likelihood, state.n) == 0
        rewards = {x: np.where(never, 0.0, pay) for x, pay in rewards.items()}
        steps.append(freeze(Step(after.replaced(never, state), rewards, ended | never)))
    return steps


def name_results(step: Step) -> dict[str, Array]:
    """Return name -> array for the results of a step, without the level."""
    state = step.state._replace(level={})._asdict()  # type: ignore[arg-type]
    return dict(leaves({**state, "paid": step.paid, "ended": step.ended}))


def join_states(states: list[State]) -> State:
    """Return one batch of several states with the same level tables."""
    return states[0].map(lambda *parts: np.concatenate(parts, axis=-1), *states[1:])


def choose_rows(state: State, most: int) -> State:
    """Return at most ``most`` rows of a batch, evenly spaced."""
    return freeze(state.take(np.linspace(0, state.n - 1, min(most, state.n)).astype(np.int64)))


def change_unseen(trap: Trap, state: State) -> State:
    """Return states with different hidden things, which look the same to the agent.

    A hidden kind has no plane, neither its own nor a trait's.
    """
    rng, there = np.random.default_rng(0), dict(state.there)
    for kind, cells in state.at.items():
        names = [kind, *(trait for trait, kinds in trap.traits.items() if kind in kinds)]
        if not any(trap.shown_as.get(name, name) for name in names):
            there[kind] = (cells > 0) & (rng.random(cells.shape) < 0.5)
    return state._replace(there=there)


def freeze(part: Part) -> Part:
    """Make every array in a nested result read-only, and return it."""
    for _, array in leaves(part):
        if isinstance(array, np.ndarray):
            array.flags.writeable = False
    return part


def name_arrays(trap: Trap, state: State) -> dict[str, Array]:
    """Return every array of a batch by name, with the batch as last axis; tables by level."""
    tables = {name: trap.table(state.level, name).T for name in trap.entries}
    level = state.level._replace(row=np.arange(state.n), tables=tables)
    return dict(leaves(state._replace(level=level)))


def leaves(part: object, name: str = "") -> Iterator[tuple[str, object]]:
    """Yield (path of names, value) for all values in nested dicts, tuples and object arrays."""
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


def difference(ours: object, expected: object) -> tuple[str, int] | None:
    """Return the first difference of two nested results: in values, types, dtypes or shapes.

    Returns:
        The name of a value, and the row in its last axis; None if the results are equal.
    """
    actual_leaves, expected_leaves = dict(leaves(ours)), dict(leaves(expected))
    for name in sorted(actual_leaves.keys() | expected_leaves.keys()):
        a, b = actual_leaves.get(name), expected_leaves.get(name)
        if not (isinstance(a, np.ndarray) and isinstance(b, np.ndarray)):
            if type(a) is not type(b) or a != b:
                return name, 0
        elif a.dtype != b.dtype or a.shape != b.shape:
            return name, 0
        elif a is not b and not np.array_equal(a, b, equal_nan=a.dtype.kind == "f"):
            return name, int((a != b).reshape(-1, a.shape[-1]).any(axis=0).argmax())
    return None
