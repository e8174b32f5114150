"""Levels as tables: states, actions, rewards and ends, for exact solvers and planners."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mesa_gym.engine import ACTIONS, Bools, Bytes, Floats, Ints
from mesa_gym.envs.checks import integer
from mesa_gym.envs.observations import planes_of
from mesa_gym.errors import shorten
from mesa_gym.solver.graph import TABLE, Graph
from mesa_gym.solver.numbering import StateNumbers
from mesa_gym.solver.values import explain_branching
from mesa_gym.traps import LEVELS, Split, Trap, as_trap
from mesa_gym.traps.levels import check_numbers

# The most states of a table, which takes about 60 bytes per state with two objectives.
MOST_TABLED = 20_000_000


@dataclass(frozen=True)
class Tables:
    """All transitions on some levels of a trap, as arrays over numbered states.

    State ``len(tables)`` is the absorbing end of every episode; it has no rewards or actions.

    Attributes:
        trap: the trap of the levels.
        split: the split of the levels.
        numbers: int64 (levels,), level numbers.
        next: int32 (states, 5), the state after each action; ``len(tables)`` if the episode ends.
        rewards: objective -> float64 (states, 5), the reward of each action.
        start: int64 (levels,), the state in which each level begins.
        level: int64 (states,), the number of each state's level.
        horizon: the time limit in steps.
        discounts: objective -> its discount.
    """

    trap: Trap
    split: Split
    numbers: Ints
    next: NDArray[np.int32]
    rewards: dict[str, Floats]
    start: Ints
    level: Ints
    horizon: int
    discounts: dict[str, float]
    _graphs: list[Graph] = field(repr=False)

    def __len__(self) -> int:
        return len(self.next)

    @property
    def ends(self) -> Bools:
        """Whether an action ends the episode, bool (states, 5)."""
        return self.next == len(self)

    def observe(self, states: object = None) -> Bytes:
        """Return observations, uint8 (n, height, width, channels).

        Args:
            states: int64 (n,), state numbers below ``len(tables)``; by default all, in order.

        Raises:
            ValueError: a number is not the number of a state.
        """
        numbers = np.arange(len(self)) if states is None else np.asarray(states)
        if numbers.dtype.kind not in "iu" or ((numbers < 0) | (numbers >= len(self))).any():
            raise ValueError(
                f"states are {shorten(states)}; expected integers from 0 to {len(self) - 1} (state"
                f" {len(self)}, the end, has no observation)"
            )
        shape = len(numbers), *self.trap.size, len(self.trap.channels)
        obs, first = np.zeros(shape, np.uint8), 0
        for graph in self._graphs:
            of_graph = np.flatnonzero((numbers >= first) & (numbers < first + len(graph)))
            if of_graph.size:
                number = numbers[of_graph] - first
                row, rank = graph.level_row[number].astype(np.int64), graph.rank[number]
                unranked = graph.numbers.unrank(graph.starts, row, rank)
                state = unranked.map(lambda array: array[..., 0, :])
                obs[of_graph] = planes_of(self.trap, state)
            first += len(graph)
        return obs


def tabulate(
    trap: str | type[Trap] | Trap, levels: int | ArrayLike, split: str = "train", salt: str = ""
) -> Tables:
    """Return all states of some levels, with the successor, reward and end of each action.

    The tables equal the environment bit for bit. Use them for value iteration, tabular learning,
    inverse reinforcement learning and planning.

    Args:
        trap: a name, an id, a class or a trap, such as ``CheeseCorner(size=7)``.
        levels: the number of levels, from level 0 on, or their numbers.
        split: the split of the levels.
        salt: an evaluator's secret; a different salt gives different levels.

    Raises:
        ValueError: the trap has no exact solver, its outcomes are random (an action then has
            several next states), there are no levels, or there are too many states.
    """
    family = as_trap(trap)
    if why := explain_branching(family):
        raise ValueError(f"{family!r} has no table of next states: {why}; use the environment")
    is_count = isinstance(levels, int | np.integer)
    numbers = np.arange(integer("levels", levels, 1, LEVELS)) if is_count else check_numbers(levels)
    if not len(numbers):
        raise ValueError("levels is empty; expected a number of levels, or their numbers")
    starts = family.levels(split, numbers, salt)
    most = max(1, TABLE // StateNumbers(family, starts).count)
    graphs, total = list[Graph](), 0
    for first in range(0, starts.n, most):
        graphs.append(Graph(family, starts.take(slice(first, first + most))))
        total += len(graphs[-1])
        if total > MOST_TABLED:
            raise ValueError(
                f"{len(graphs[-1].start) + first} levels of {family!r} have {total:,} states; a"
                f" table has at most {MOST_TABLED:,}: ask for fewer levels"
            )
    return _join(family, Split.of(split), numbers, graphs)


def _join(trap: Trap, split: Split, numbers: Ints, graphs: list[Graph]) -> Tables:
    """Concatenate graphs into one table with one column per action."""
    sizes = np.array([len(graph) for graph in graphs])
    firsts, total = np.cumsum(sizes) - sizes, int(sizes.sum())
    after = np.empty((total, len(ACTIONS)), np.int32)
    rewards = {x: np.empty(after.shape) for x in trap.objectives}
    start, level = [], []
    for graph, first in zip(graphs, firsts, strict=True):
        rows, successor = slice(first, first + len(graph)), graph.successor.T
        after[rows] = np.where(successor == len(graph), total, successor + first)
        for x, reward in rewards.items():
            reward[rows] = graph.payments[x][graph.paid[x]].T
        start.append(graph.start + first)
        level.append(graph.starts.level.number[graph.level_row])
    return Tables(
        trap,
        split,
        numbers,
        after,
        rewards,
        np.concatenate(start),
        np.concatenate(level),
        trap.horizon(split),
        {x: trap.discount(x) for x in trap.objectives},
        graphs,
    )
