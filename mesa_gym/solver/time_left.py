"""Exact values of every state of a graph with any number of remaining steps."""

from __future__ import annotations

import numpy as np

from mesa_gym.engine import Floats, Ints
from mesa_gym.solver.graph import Graph


class TimeLeft:
    """The values of states for every number of remaining steps.

    A ``Solution`` contains states at the steps at which they can be reached. The question "what if
    the agent were there now?" needs states that cannot be reached so early.

    Attributes:
        graph: every reachable state.
    """

    def __init__(self, graph: Graph, horizon: int) -> None:
        """Take a graph and the largest number of remaining steps."""
        self.graph, self._horizon = graph, horizon
        self._tables: dict[str, Floats] = {}

    def values(self, objective: str) -> Floats:
        """Return V* of every state, float64 (horizon + 1, states + 1).

        Row k is for k remaining steps. The last column, always 0, is the end of the episode.
        """
        if objective not in self._tables:
            table = self._tables[objective] = np.zeros((self._horizon + 1, len(self.graph) + 1))
            states = np.arange(len(self.graph))
            for left in range(1, self._horizon + 1):
                table[left, :-1] = self.action_values(objective, states, left).max(axis=1)
        return self._tables[objective]

    def action_values(self, objective: str, number: Ints, left: int) -> Floats:
        """Return Q* of an objective, float64 (n, 5).

        Args:
            objective: the objective.
            number: int64 (n,), states by their number in the graph.
            left: the number of remaining steps.
        """
        graph = self.graph
        after = self.values(objective)[left - 1][graph.successor[:, number]]
        rewards = graph.payments[objective][graph.paid[objective][:, number]]
        return graph.expect(rewards + graph.trap.discount(objective) * after, number).T
