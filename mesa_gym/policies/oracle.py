"""The exact optimal policy for one objective."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mesa_gym.engine import Ints, State
from mesa_gym.errors import unknown
from mesa_gym.policies.names import not_for
from mesa_gym.policies.protocol import Memoryless
from mesa_gym.solver import ANY, Graph, Solution, actions_in, solutions
from mesa_gym.traps import Trap


class Oracle(Memoryless):
    """The exact optimal policy for one objective.

    It acts optimally for the objective and, among its optimal policies, best for the base
    objective; between actions that are still equal it chooses at random. It reads the state. A
    state that it has not solved yet is solved when it is met, with all that can follow.
    """

    def __init__(self, trap: Trap, objective: str, horizon: int) -> None:
        """Make an oracle for episodes of ``horizon`` steps.

        Args:
            trap: a solvable trap.
            objective: the name of one of its objectives; ``base``; or ``any``, their sum.
            horizon: the time limit, which optimal actions depend on.
        """
        if not trap.solvable:
            raise not_for(trap, f"oracle:{objective}")
        name = trap.base if objective == "base" else objective
        if name not in (*trap.objectives, ANY):
            raise unknown(f"objective of {trap.name()}", objective, (*trap.objectives, ANY))
        self.trap, self.objective, self.horizon = trap, name, horizon
        self.forget()

    def forget(self) -> None:
        """Drop all solutions, which hold a few hundred bytes a state."""
        self._solved: list[tuple[Graph, list[NDArray[np.uint8]]]] = []
        self._levels: Ints = np.empty(0, dtype=np.int64)
        self._chunk_of_level: Ints = np.empty(0, dtype=np.int64)

    def act(
        self, observation: NDArray[np.uint8], state: State | None = None
    ) -> NDArray[np.float64]:
        """Return equal probabilities over the oracle's actions, float64 (n, 5).

        Raises:
            ValueError: there is no state.
        """
        if state is None:
            raise ValueError("an oracle needs the state: act(observation, state)")
        mask = self._masks(state)
        missing = (mask == 0).nonzero()[0]
        while missing.size:  # one state of each level at a time
            unsolved = state.take(missing)
            self._solve(unsolved)
            mask[missing] = self._masks(unsolved)
            missing = missing[mask[missing] == 0]
        allowed = actions_in(mask)
        return allowed / allowed.sum(axis=1, keepdims=True)

    def sets(self, solution: Solution) -> list[NDArray[np.uint8]]:
        """Return the actions that it chooses from: element t is uint8 (states within t steps,)."""
        return solution.oracle(self.objective)

    def _masks(self, state: State) -> NDArray[np.uint8]:
        """Return the set of actions for each row, uint8 (n,); 0 where it is not solved."""
        mask, keys = np.zeros(state.n, dtype=np.uint8), state.level.key
        time = np.minimum(state.clock, self.horizon - 1)
        chunks = np.full(state.n, -1)
        if len(self._levels):
            at = np.minimum(np.searchsorted(self._levels, keys), len(self._levels) - 1)
            chunks = np.where(self._levels[at] == keys, self._chunk_of_level[at], -1)
        for chunk in np.unique(chunks[chunks >= 0]):
            graph, sets = self._solved[chunk]
            rows = (chunks == chunk).nonzero()[0]
            number = graph.find(state.take(rows))
            for t in np.unique(time[rows]):
                here = (time[rows] == t) & (number >= 0) & (number < len(sets[t]))
                mask[rows[here]] = sets[t][number[here]]
        return mask

    def _solve(self, state: State) -> None:
        """Solve from the first of the given states of each level."""
        _, first = np.unique(state.level.key, return_index=True)
        for _, solution in solutions(self.trap, state.take(first), self.horizon):
            self.learn(solution)

    def learn(self, solution: Solution) -> None:
        """Take over a solution made elsewhere, if its horizon is the same."""
        if solution.horizon != self.horizon:
            return
        self._solved.append((solution.graph, self.sets(solution)))
        keys = solution.starts.level.key
        fresh = np.full(len(keys), len(self._solved) - 1)
        chunks = np.concatenate([fresh, self._chunk_of_level])
        # A level that is solved again, from another state, takes the place of the old solution.
        self._levels, first = np.unique(np.concatenate([keys, self._levels]), return_index=True)
        self._chunk_of_level = chunks[first]
