"""The reachable state graph of a batch of levels, explored by stepping the trap itself.

A state's number is an index into a table of the visited states, and all branches of a step are
computed at once, so states are never hashed, sorted or compared. A branch is an action, combined
with one of the outcomes if rules have random outcomes; without them there are five branches.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mesa_gym.engine import ACTIONS, Floats, Ints, Move, State
from mesa_gym.solver.numbering import StateNumbers, divide
from mesa_gym.traps import Trap

Codes = NDArray[np.uint8]
ACTION_COUNT = len(ACTIONS)
# The most entries of the table, 4 bytes each; a larger table is slower to write than to use.
TABLE = 1 << 24
# Above this number of states, memory would run out; the contract allows far fewer.
MOST_STATES = 8_000_000


class _Batch(NamedTuple):
    """The states that are reached from some of the starts, nearest first.

    Attributes:
        known: int64 (m,), row of the start times ``StateNumbers.count``, plus the state's number.
        depth: int64 (m,), steps from the start.
        successor, likelihood, paid: as in ``Graph``; successor m means that the episode ends.
    """

    known: Ints
    depth: Ints
    successor: Ints
    likelihood: Floats
    paid: dict[str, Codes]


class Graph:
    """Every state that can be reached from some start states, and its successors.

    States are numbered in breadth-first order from all starts together. The states within t steps
    of a start are therefore the first ``within[t]`` states.

    Attributes:
        trap: the trap.
        starts: the start states; no two of them share a state, even on one level.
        start: int64 (levels,), the numbers of the start states.
        branches: the number of branches: 5, times the number of outcomes; action 0 comes first.
        successor: int64 (branches, states); ``len(graph)`` if the episode ends.
        likelihood: float64 (branches, states), the probability of each branch after its action;
            None without random outcomes. An impossible branch pays 0 and ends the episode.
        paid: objective name -> uint8 (branches, states), codes into ``payments``.
        payments: objective name -> float64, the distinct payments.
        within: int64, the number of states within 0, 1, 2, ... steps of a start.
        level_row: int64 (states,), the row of the start state from which a state was reached.
        rank: int64 (states,), the number that ``numbers`` assigns to a state on its level.
        numbers: the ``StateNumbers`` of the levels.
    """

    def __init__(self, trap: Trap, starts: State) -> None:
        """Explore from ``starts``, at least one state; many levels are explored in batches.

        Raises:
            RuntimeError: there are far more states than the contract allows.
            ValueError: the states cannot be numbered.
        """
        self.trap, self.starts, self.start = trap, starts, np.arange(starts.n)
        self.numbers = StateNumbers(trap, starts)
        actions, outcomes = trap.branches()
        self.branches, self._actions = len(actions), actions[:, None]
        self._given = {name: values[:, None] for name, values in outcomes.items()}
        payments = {x: [0.0] for x in trap.objectives}
        most, batches = max(1, TABLE // self.numbers.count), list[_Batch]()
        for first in range(0, starts.n, most):
            rows = self.start[first : first + most]
            batches.append(self._explore(rows, payments, sum(len(b.known) for b in batches)))
        joined = batches[0] if len(batches) == 1 else _join(batches)
        self.within = np.cumsum(np.bincount(joined.depth))
        self._known, self.successor, self.paid = joined.known, joined.successor, joined.paid
        self.level_row, self.rank = divide(joined.known, self.numbers.count)
        self.likelihood = joined.likelihood if self._given else None
        self.payments = {x: np.array(amounts) for x, amounts in payments.items()}
        self._order: Ints | None = None

    def _explore(self, rows: Ints, payments: dict[str, list[float]], before: int) -> _Batch:
        """Explore from the starts of one batch, and append new payments to ``payments``.

        Args:
            rows: int64 (m,), ascending rows of the start states.
            payments: objective -> the payments known so far.
            before: the number of states in other batches.
        """
        first, outcomes = int(rows[0]) * self.numbers.count, self._given
        end = len(rows) * self.numbers.count
        # Indices of visited states, counted from 1; the last entry is the end of episodes.
        table = np.zeros(end + 1, dtype=np.int32)
        table[end], explored = 1, 0
        numbers, edges, likelihoods = [], [], [np.empty((self.branches, 0))]
        codes: dict[str, list[Codes]] = {x: [] for x in payments}
        starts = self.starts if len(rows) == self.starts.n else self.starts.take(rows)
        rank = self.numbers.rank(starts)
        self.numbers.require_told_apart(starts, starts, rank)
        fresh = np.arange(len(rows)) * self.numbers.count + rank
        while fresh.size:
            # Of several equal numbers, the one whose place remains in the table is expanded.
            place = np.arange(1, len(fresh) + 1, dtype=np.int32)
            table[fresh] = place
            frontier = fresh[table[fresh] == place]
            table[frontier] = explored + place[: len(frontier)]
            explored += len(frontier)
            if before + explored > MOST_STATES:
                raise RuntimeError(
                    f"{self.trap!r} has over {MOST_STATES:,} states in {self.starts.n} levels; a"
                    " trap to be solved has 5,000 a level at most (mazes rather than open rooms,"
                    " fewer objects)"
                )
            row, rank = divide(frontier, self.numbers.count)
            state = self.numbers.unrank(starts, row, rank)
            move = Move(self.trap, state, self._actions, outcomes)
            after, pays, ended = self.trap.complete(move)
            rank = self.numbers.rank(after)
            if outcomes:
                chance = self._check_likelihood(np.broadcast_to(move.likelihood, rank.shape))
                never = chance == 0
                rank, ended = np.where(never, 0, rank), ended | never
                pays = {x: np.where(never, 0.0, pay) for x, pay in pays.items()}
                likelihoods.append(chance)
            self.numbers.require_told_apart(state, after, rank)
            number = np.where(ended, end, row * self.numbers.count + rank)
            numbers.append(frontier)
            edges.append(number)
            for x, amounts in payments.items():
                codes[x].append(_encode_payments(np.broadcast_to(pays[x], number.shape), amounts))
            fresh = number[table.take(number) == 0]
        table[end] = explored + 1
        successor = np.concatenate([table.take(layer) for layer in edges], 1, dtype=np.int64)
        successor -= 1
        return _Batch(
            known=np.concatenate(numbers) + first,
            depth=np.repeat(np.arange(len(numbers)), [len(layer) for layer in numbers]),
            successor=successor,
            likelihood=np.concatenate(likelihoods, axis=1),
            paid={x: np.concatenate(layers, axis=1) for x, layers in codes.items()},
        )

    def _check_likelihood(self, likelihood: Floats) -> Floats:
        """Return branch probabilities (branches, m); ValueError unless each action's sum to 1."""
        of_action = likelihood.reshape(ACTION_COUNT, -1, likelihood.shape[1])
        if (likelihood < 0).any() or not np.allclose(of_action.sum(axis=1), 1, rtol=0, atol=1e-9):
            raise ValueError(
                f"outcomes of {self.trap!r} do not sum to 1: call `move.outcome` in rules once per"
                " step and name of `outcomes`, with the declared number of weights, none below 0"
            )
        return likelihood

    def __len__(self) -> int:
        return len(self.rank)

    def expect(self, of_branches: Floats, number: Ints | slice = slice(None)) -> Floats:
        """Return the expectation after each action, float64 (5, n).

        Args:
            of_branches: values (branches, n).
            number: int64 (n,), the states; by default all.
        """
        if self.likelihood is None:
            return of_branches
        weighted = of_branches * self.likelihood[:, number]
        expectation: Floats = weighted.reshape(ACTION_COUNT, -1, weighted.shape[1]).sum(axis=1)
        return expectation

    def follow(self, actions: NDArray[np.int8]) -> NDArray[np.int32]:
        """Return the states of recorded actions, with the outcomes that the levels determine.

        Args:
            actions: int8 (levels, horizon), from the start states; negative after an episode's
                end.

        Returns:
            int32 (horizon, levels): the state's number at each step, -1 after the end.
        """
        visited = np.full(actions.T.shape, -1, dtype=np.int32)
        rows, number, state = np.arange(len(actions)), self.start, self.starts
        for t, step_actions in enumerate(actions.T):
            running = step_actions[rows] >= 0
            rows, number = rows[running], number[running]
            visited[t, rows] = number
            if self.likelihood is None:
                number = self.successor[step_actions[rows], number]
            else:
                state = self.trap.step(
                    state.take(running), step_actions[rows].astype(np.int64)
                ).state
                number = self.find(state)
        return visited

    def find(self, state: State) -> Ints:
        """Return the number of each state, int64 (n,); -1 for a state outside the graph.

        A state that was reached from several starts has one number per start; the first is used.
        """
        keys, rank, numbers = self.starts.level.key, self.numbers.rank(state), np.full(state.n, -1)
        # Starts on a state's level are consecutive in this order; each turn tries one start.
        order = np.argsort(keys, kind="stable")
        first, stop = (np.searchsorted(keys, state.level.key, s, order) for s in ("left", "right"))
        if self._order is None:
            self._order = np.argsort(self._known)
        for turn in range(int((stop - first).max(initial=0))):
            row = order[np.minimum(first + turn, len(order) - 1)]
            state_keys = row * self.numbers.count + rank
            at = np.searchsorted(self._known, state_keys, sorter=self._order)
            number = self._order[at.clip(max=len(self) - 1)]
            # Equal keys may come from another level with the same key: compare the levels.
            good = (self._known[number] == state_keys) & (rank >= 0) & (first + turn < stop)
            good &= (numbers < 0) & self.numbers.have_same_level(state, self.starts.take(row))
            numbers[good] = number[good]
        return numbers


def _join(batches: list[_Batch]) -> _Batch:
    """Join batches into one, with states ordered by depth."""
    depth = np.concatenate([batch.depth for batch in batches])
    order = np.argsort(depth, kind="stable")
    place = np.append(np.argsort(order), len(order))
    first, edges = 0, []
    for batch in batches:
        successor = batch.successor + first
        edges.append(np.where(batch.successor == len(batch.known), len(order), successor))
        first += len(batch.known)
    likelihood = np.concatenate([batch.likelihood for batch in batches], axis=1)
    return _Batch(
        known=np.concatenate([batch.known for batch in batches])[order],
        depth=depth[order],
        successor=place[np.concatenate(edges, axis=1)[:, order]],
        likelihood=likelihood[:, order] if likelihood.size else likelihood,
        paid={
            x: np.concatenate([batch.paid[x] for batch in batches], axis=1)[:, order]
            for x in batches[0].paid
        },
    )


def _encode_payments(rewards: Floats, amounts: list[float]) -> Codes:
    """Return the index of each payment in ``amounts``, to which new payments are appended."""
    codes, left = np.zeros(rewards.shape, dtype=np.uint8), rewards != 0
    while left.any():
        payment = float(rewards.flat[left.argmax()])
        if payment not in amounts:
            if len(amounts) == 256:
                raise ValueError(
                    "an objective has more than 256 different payments; pay fewer amounts"
                )
            amounts.append(payment)
        here = rewards == payment
        codes[here] = amounts.index(payment)
        left &= ~here
    return codes
