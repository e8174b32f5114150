"""Actions of exact policies, in all solved states or in the reachable states.

A policy set is one byte per (step, state), bit a for action a; 0 means that the state is unknown.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from mesa_gym.engine import Ints, State
from mesa_gym.solver.graph import ACTION_COUNT, Codes, Graph
from mesa_gym.solver.numbering import StateNumbers
from mesa_gym.solver.solution import Solution, actions_in
from mesa_gym.solver.sweeps import Masks
from mesa_gym.traps import Trap

# The most entries of a table, at 13 bytes per entry; it is then written to disk.
MOST_ENTRIES = 1 << 20


class SolvedActions(NamedTuple):
    """The actions of a policy in all states of a graph.

    Attributes:
        graph: the states.
        masks: policy sets: entry t is uint8 (states reachable in t steps,).
    """

    graph: Graph
    masks: Masks

    def find(self, state: State, time: Ints) -> Codes:
        """Return the policy sets of states at steps ``time`` (n,), uint8 (n,)."""
        masks = np.zeros(state.n, dtype=np.uint8)
        number = self.graph.find(state)
        for t in np.unique(time):
            here = (time == t) & (number >= 0) & (number < len(self.masks[t]))
            masks[here] = self.masks[t][number[here]]
        return masks


class ActionTable:
    """The actions of a policy in the states that it can reach from some start states.

    An entry is a state, a span of steps, and the policy set that is valid at all of these steps.

    Attributes:
        starts: the start states, each on a different level.
        horizon: the time limit in steps.
        whole: whether all entries are stored; False if there were too many.
        first: int64 (entries,), ascending: an index of the state and the first step of the span.
        span: int32 (entries,), the number of steps.
        mask: uint8 (entries,), the policy set.

    Raises:
        ValueError: the states of all these levels together cannot be numbered.
    """

    def __init__(self, trap: Trap, starts: State, horizon: int) -> None:
        self.starts, self.horizon = starts, horizon
        self.numbers = StateNumbers(trap, starts)
        self._order = np.argsort(starts.level.key)
        self._keys = starts.level.key[self._order]
        self.whole = True
        self.first = np.empty(0, dtype=np.int64)
        self.span = np.empty(0, dtype=np.int32)
        self.mask = np.empty(0, dtype=np.uint8)

    def add(self, solution: Solution, masks: Masks) -> bool:
        """Add the actions of a policy on the levels of a solution; return whether there is room."""
        graph = solution.graph
        if not self.whole:
            return False
        number, time, mask = self._list_met(graph, masks)
        unique, place = np.unique(number, return_inverse=True)
        row, rank = graph.level_row[unique], graph.rank[unique]
        states = graph.numbers.unrank(graph.starts, row, rank).map(lambda array: array[..., 0, :])
        code = self._encode(states)[place] * self.horizon + time
        order = np.argsort(code)
        code, time, mask = code[order], time[order], mask[order]
        # A span continues while the next step of the state has an equal policy set.
        new = np.append(True, (np.diff(code) != 1) | (time[1:] == 0) | (mask[1:] != mask[:-1]))
        first, span = code[new], np.diff(np.append(new.nonzero()[0], len(code)))
        self.whole &= len(self.first) + len(first) <= MOST_ENTRIES and bool(code[0] >= 0)
        if self.whole:
            self.enter(
                np.append(self.first, first),
                np.append(self.span, span),
                np.append(self.mask, mask[new]),
            )
        return self.whole

    def _list_met(self, graph: Graph, masks: Masks) -> tuple[Ints, Ints, Codes]:
        """Return the numbers, steps and policy sets of all states that a policy can reach."""
        frontier, visited, entries = graph.start, list[tuple[Ints, Ints, Codes]](), 0
        successors = graph.successor.reshape(ACTION_COUNT, -1, len(graph))
        for t, mask in enumerate(masks):
            visited.append((frontier, np.full(len(frontier), t), mask[frontier]))
            after = successors[:, :, frontier].transpose(2, 0, 1)[actions_in(mask[frontier])]
            frontier = np.unique(after[after < len(graph)])
            entries += len(frontier)
            self.whole &= entries <= 4 * MOST_ENTRIES  # merging into spans reduces the number
            if not frontier.size or not self.whole:
                break
        numbers, times, sets = zip(*visited, strict=True)
        return np.concatenate(numbers), np.concatenate(times), np.concatenate(sets)

    def enter(self, first: Ints, span: Ints, mask: Codes) -> None:
        """Replace the table's entries by these."""
        order = np.argsort(first)
        self.first, self.mask = first[order], mask[order]
        self.span = span[order].astype(np.int32)

    def _encode(self, state: State) -> Ints:
        """Return an index of each state, int64 (n,), unique over levels; -1 for unknown states."""
        at = np.searchsorted(self._keys, state.level.key).clip(max=len(self._keys) - 1)
        row, rank = self._order[at], self.numbers.rank(state)
        solved = (self._keys[at] == state.level.key) & (rank >= 0)
        solved &= self.numbers.have_same_level(state, self.starts.take(row))
        return np.where(solved, row * self.numbers.count + rank, -1)

    def find(self, state: State, time: Ints) -> Codes:
        """Return the policy sets of states at steps ``time`` (n,), uint8 (n,)."""
        if not len(self.first):
            return np.zeros(state.n, dtype=np.uint8)
        code = self._encode(state)
        keys = code * self.horizon + time
        at = np.searchsorted(self.first, keys, side="right") - 1
        here = (code >= 0) & (at >= 0) & (keys < self.first[at] + self.span[at])
        return np.where(here, self.mask[at], 0).astype(np.uint8)
