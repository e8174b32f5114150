"""Exact values of every state of a graph with any number of steps left.

A ``Solution`` knows states at the steps at which they can be met. Whoever asks "what if the agent
stood there, now?" asks for states that cannot be met so soon, and finds them here.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mesa_gym.grid import Ints
from mesa_gym.solver.graph import Graph
from mesa_gym.solver.solution import TIE

Floats = NDArray[np.float64]


class TimeLeft:
    """What all that can follow from a state is worth, whatever time is left.

    Attributes:
        graph: every state that can be reached.
    """

    def __init__(self, graph: Graph, horizon: int) -> None:
        """Nothing is computed before it is asked for.

        Args:
            graph: of a solvable trap.
            horizon: the most steps that there can be left.
        """
        self.graph = graph
        self._trap, self._horizon = graph.trap, horizon
        self._tables: dict[str, Floats] = {}

    def values(self, objective: str) -> Floats:
        """V* of every state, float64 (horizon + 1, states + 1).

        Row k is with k steps left; the last column, always 0, is where an episode has ended.
        """
        if objective not in self._tables:
            table = np.zeros((self._horizon + 1, len(self.graph) + 1))
            rewards = self.graph.payments[objective][self.graph.paid[objective]]
            discount = self._trap.discount(objective)
            for left in range(1, self._horizon + 1):
                after = table[left - 1][self.graph.successor]
                table[left, :-1] = (rewards + discount * after).max(axis=0)
            self._tables[objective] = table
        return self._tables[objective]

    def action_values(self, objective: str, number: Ints, left: int) -> Floats:
        """Q* of an objective, float64 (n, 5).

        Args:
            objective: whose.
            number: int64 (n,), states by their number in the graph.
            left: steps before the end.
        """
        after = self.values(objective)[left - 1][self.graph.successor[:, number]]
        paid = self.graph.payments[objective][self.graph.paid[objective][:, number]]
        return (paid + self._trap.discount(objective) * after).T

    def optimal(self, objective: str, number: Ints, left: int) -> NDArray[np.bool_]:
        """Which actions are optimal, bool (n, 5).

        ``objective``, ``number`` and ``left`` are those of ``action_values``.
        """
        q = self.action_values(objective, number, left)
        return q >= q.max(axis=1, keepdims=True) - TIE
