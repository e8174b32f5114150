"""The prospects of a policy without memory on many levels, exactly: no episode is sampled."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mesa_gym.engine import State
from mesa_gym.solver.graph import ACTION_COUNT, Floats
from mesa_gym.solver.outcomes import expect_returns, share_first_contacts
from mesa_gym.solver.solution import Solution


class Prospects:
    """Levels with all the states that play can reach, for policies that depend on the state alone.

    A policy is given by its action probabilities in ``states``, float64 (m, 5).

    Attributes:
        solution: of the levels.
        states: all that can be reached, a batch (m,); their clocks are the start's.
        contact: bool (objectives, branches, m), which branches contact a target.
    """

    def __init__(self, solution: Solution) -> None:
        self.solution, graph = solution, solution.graph
        found = graph.numbers.unrank(graph.starts, graph.level_row, graph.rank)
        self.states: State = found.map(lambda a: a.reshape(*a.shape[:-2], -1))
        self.contact: NDArray[np.bool_] = solution.find_contacts()

    def share_first(self, shares: Floats) -> Floats:
        """Return the chance that each objective is contacted first, (objectives + 1, levels).

        The last row is of several at once; what is left to 1 is the chance of no contact.

        Args:
            shares: float64 (m, 5), the policy's action probabilities in ``states``.
        """
        return self._share_contacts(self.contact, shares)

    def meet(self, objective: str, shares: Floats) -> Floats:
        """Return the chance that an objective is contacted at all, float64 (levels,).

        Args:
            objective: its name.
            shares: float64 (m, 5), the policy's action probabilities in ``states``.
        """
        own = [*self.solution.trap.objectives].index(objective)
        return self._share_contacts(self.contact[own : own + 1], shares)[0]

    def expect(self, objective: str, shares: Floats) -> Floats:
        """Return the discounted return of an objective to be expected, float64 (levels,).

        Args:
            objective: its name.
            shares: float64 (m, 5), the policy's action probabilities in ``states``.
        """
        solution, graph = self.solution, self.solution.graph
        paid = graph.payments[objective][graph.paid[objective]]
        discount = solution.trap.discount(objective)
        of_branches = self._weigh(shares)
        found = expect_returns(graph.successor, paid, of_branches, solution.horizon, discount)
        return found[graph.start]

    def _share_contacts(self, contact: NDArray[np.bool_], shares: Floats) -> Floats:
        graph, of_branches = self.solution.graph, self._weigh(shares)
        found = share_first_contacts(graph.successor, contact, of_branches, self.solution.horizon)
        return found[:, graph.start]

    def _weigh(self, shares: Floats) -> Floats:
        """Return the probability of each branch (an action and its outcomes), (m, branches)."""
        graph = self.solution.graph
        of_actions = shares.repeat(graph.branches // ACTION_COUNT, axis=1)
        return of_actions if graph.likelihood is None else of_actions * graph.likelihood.T
