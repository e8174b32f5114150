"""Exact values and optimal actions of any objective, by backward sweeps over a state graph."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from mesa_gym.grid import ACTIONS, State
from mesa_gym.solver.graph import ACTION_COUNT, Graph
from mesa_gym.traps import Trap

Floats = NDArray[np.float64]
Masks = list[NDArray[np.uint8]]

# Two actions whose values differ by less are equally good.
TIE = 1e-9
STAY = ACTIONS.index("act")
# The oracle of the sum of all objectives: an agent to whom they are the same.
ANY = "any"
_BIT = (1 << np.arange(ACTION_COUNT, dtype=np.uint8))[:, None]


class Solution:
    """What time-limited, discounted episodes can earn on a batch of levels.

    Values are of the state at a step: the time left matters. At step ``t`` only states within
    t steps of a start are solved. A policy set is one byte a (step, state), bit a for action a.

    Attributes:
        starts: the levels' start states; not to be changed.
        graph: the reachable states.
        horizon: the time limit in steps.
    """

    def __init__(self, trap: Trap, starts: State, horizon: int) -> None:
        self.trap = trap
        self.starts = starts
        self.horizon = horizon
        self.graph = Graph(trap, starts)
        self._optimal: dict[str, tuple[Floats, Masks]] = {}
        self._oracle: dict[str, Masks] = {}
        self._tables: dict[str, list[NDArray[np.float32]]] = {}

    def optimum(self, objective: str) -> Floats:
        """The optimal discounted return of each level, float64 (levels,)."""
        return self._solve(objective)[0]

    def optimal(self, objective: str) -> Masks:
        """The optimal actions: element t is uint8 (states within t steps,)."""
        return self._solve(objective)[1]

    def action_values(self, objective: str, visited: NDArray[np.int32]) -> Floats:
        """Q* of every action at given states and steps, read while one sweep passes.

        Args:
            objective: whose.
            visited: int32 (horizon, k), as ``Graph.follow`` gives them: row t holds states within
                t steps of a start, -1 for none.

        Returns:
            float64 (horizon, k, 5); 0 where there is no state.
        """
        values = np.zeros((*visited.shape, ACTION_COUNT))

        def read(t: int, q: Floats) -> Floats:
            there = visited[t] >= 0
            values[t, there] = q[:, visited[t, there]].T
            best: Floats = q.max(axis=0)
            return best

        self._sweep(objective, read)
        return values

    def value_table(self, objective: str) -> list[NDArray[np.float32]]:
        """Q* of everything, made once: element t is float32 (states within t steps, 5)."""
        if objective not in self._tables:
            table: list[NDArray[np.float32]] = [np.empty((0, 5), dtype=np.float32)] * self.horizon

            def keep(t: int, q: Floats) -> Floats:
                table[t] = q.T.astype(np.float32)
                best: Floats = q.max(axis=0)
                return best

            self._sweep(objective, keep)
            self._tables[objective] = table
        return self._tables[objective]

    def uniform(self, objective: str) -> Floats:
        """The expected return of acting uniformly at random, float64 (levels,)."""
        return self._sweep(objective, lambda t, q: q.mean(axis=0))

    def staying(self, objective: str) -> Floats:
        """The return of action 4 for ever, float64 (levels,)."""
        return self._sweep(objective, lambda t, q: q[STAY])

    def floor(self, objective: str) -> Floats:
        """The better of acting at random and of staying: no goal is needed; float64 (levels,)."""
        return np.maximum(self.uniform(objective), self.staying(objective))

    def best(self, objective: str, among: str) -> Floats:
        """The greatest return in one objective among policies optimal for another, (levels,)."""
        allowed = self.optimal(among)
        return self._sweep(objective, lambda t, q: _restricted(q, allowed[t]).max(axis=0))

    def worst(self, objective: str, among: str) -> Floats:
        """The least return in one objective among policies optimal for another, (levels,)."""
        allowed = self.optimal(among)
        return self._sweep(objective, lambda t, q: -_restricted(-q, allowed[t]).max(axis=0))

    def oracle(self, objective: str) -> Masks:
        """The actions of ``oracle:<objective>``: element t is uint8 (states within t steps,).

        Optimal for the objective and, among its optimal policies, best for the base objective:
        what came out of training is competent on that, whatever it pursues first.
        """
        if objective == self.trap.base:
            return self.optimal(objective)
        if objective not in self._oracle:
            allowed = self.optimal(objective)
            chosen: Masks = [np.empty(0, dtype=np.uint8)] * self.horizon

            def choose(t: int, q: Floats) -> Floats:
                q = _restricted(q, allowed[t])
                best = q.max(axis=0)
                chosen[t] = _packed(q >= best - TIE)
                return best

            self._sweep(self.trap.base, choose)
            self._oracle[objective] = chosen
        return self._oracle[objective]

    def _solve(self, objective: str) -> tuple[Floats, Masks]:
        if objective not in self._optimal:
            masks: Masks = [np.empty(0, dtype=np.uint8)] * self.horizon

            def choose(t: int, q: Floats) -> Floats:
                best = q.max(axis=0)
                masks[t] = _packed(q >= best - TIE)
                return best

            self._optimal[objective] = self._sweep(objective, choose), masks
        return self._optimal[objective]

    def _rewards(self, objective: str) -> Floats:
        """float64 (5, states)."""
        if objective == ANY:
            return np.sum([self._rewards(x) for x in self.trap.objectives], axis=0)
        return self.graph.payments[objective][self.graph.paid[objective]]

    def _sweep(self, objective: str, choose: Callable[[int, Floats], Floats]) -> Floats:
        """Backward induction; ``choose(t, q)`` maps q (5, m) to the values (m,) at step t.

        Returns:
            float64 (levels,): the values of the start states at step 0.
        """
        graph = self.graph
        discount = self.trap.discount(objective)
        rewards = self._rewards(objective)
        # One entry more, always 0: where an action ends the episode.
        after = np.zeros(len(graph) + 1)
        for t in reversed(range(self.horizon)):
            m = graph.within[min(t, len(graph.within) - 1)]
            q = after.take(graph.successor[:, :m])
            q *= discount
            q += rewards[:, :m]
            after = np.zeros(len(graph) + 1)
            after[:m] = choose(t, q)
        return after[graph.start]


def actions_in(mask: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Which actions a policy set holds: uint8 (n,) -> bool (n, 5)."""
    return (mask[:, None] >> np.arange(ACTION_COUNT, dtype=np.uint8)) & 1 == 1


def _packed(chosen: NDArray[np.bool_]) -> NDArray[np.uint8]:
    return np.bitwise_or.reduce(chosen * _BIT, axis=0)


def _restricted(q: Floats, mask: NDArray[np.uint8]) -> Floats:
    return np.where(mask & _BIT, q, -np.inf)
