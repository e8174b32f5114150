"""Policies that act by exact solutions: oracles, and the references `nearest` and `aimless`."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mesa_gym.engine import State
from mesa_gym.policies.names import NEAREST, ORACLE, find_objective
from mesa_gym.policies.protocol import Memoryless, require_state
from mesa_gym.solver import Solution, actions_in, get_solution, solutions
from mesa_gym.solver.actions import ActionTable, SolvedActions
from mesa_gym.traps import Trap


class Oracle(Memoryless):
    """The exact optimal policy for one objective.

    It acts optimally for the objective and, among its optimal policies, best for the base
    objective; between actions that are still equal it chooses at random. If nothing of its
    objective can be earned any more, the oracle stays (``Solution.oracle``). It reads the state. A
    state that is not solved yet is solved when the oracle meets it, with all that can follow; while
    levels are scored, all oracles share one solution (``mesa_gym.solver.share_solution``).

    Attributes:
        goal: the name by which its actions are kept on disk. It is "" where they are not: of
            ``Aimless``, which meets too many states, and of a class of your own.
    """

    solves = True
    needs_observation = False

    def __init__(self, trap: Trap, objective: str, horizon: int) -> None:
        """Make an oracle of an objective, or ``base``, for episodes of ``horizon`` steps.

        Raises ValueError if the trap has no exact solver, or no such objective.
        """
        self.objective = find_objective(trap, "oracle", objective)
        self.goal = f"{ORACLE}:{self.objective}" if type(self) is Oracle else ""
        self.trap, self.horizon = trap, horizon
        self.forget()

    def forget(self) -> None:
        """Drop all solutions, which hold a few hundred bytes a state."""
        self._solved: list[SolvedActions | ActionTable] = []
        self._last: dict[int, int] = {}  # a level's key -> its last solution, of these

    def act(
        self, observation: NDArray[np.uint8], state: State | None = None
    ) -> NDArray[np.float64]:
        """Return equal probabilities over the best actions, float64 (n, 5); needs the state."""
        state = require_state(state, "an oracle")
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
        """Return the policy's action masks: entry t is uint8 (states reachable in t steps,)."""
        return solution.oracle(self.objective)

    def _masks(self, state: State) -> NDArray[np.uint8]:
        """Return each row's mask of actions, uint8 (n,); 0 where the state is not solved."""
        mask = np.zeros(state.n, dtype=np.uint8)
        time = np.minimum(state.clock, self.horizon - 1)
        # The scorer may have solved these levels already.
        solution = get_solution()
        if solution is not None and self.fits(solution.trap, solution.horizon):
            mask = SolvedActions(solution.graph, self.sets(solution)).find(state, time)
            if mask.all():
                return mask
        # The other states were solved by this oracle, level by level.
        solved_index = np.array([self._last.get(key, -1) for key in state.level.key.tolist()])
        for one in np.unique(solved_index[solved_index >= 0]):
            rows = (solved_index == one).nonzero()[0]
            states = state if len(rows) == state.n else state.take(rows)
            best = self._solved[one].find(states, time[rows])
            mask[rows] = np.where(best > 0, best, mask[rows])
        return mask

    def fits(self, trap: Trap, horizon: int) -> bool:
        """Return whether trap and horizon are the oracle's; level keys may be shared."""
        same = self.trap is trap or (
            type(self.trap) is type(trap) and repr(self.trap) == repr(trap)
        )
        return same and self.horizon == horizon

    def _solve(self, state: State) -> None:
        """Solve each level from the first of the given states that is on it."""
        _, first = np.unique(state.level.key, return_index=True)
        for _, solution in solutions(self.trap, state.take(first), self.horizon):
            self.learn(solution)

    def learn(self, solution: Solution) -> None:
        """Keep a solution made elsewhere, if it has the oracle's trap and horizon."""
        if self.fits(solution.trap, solution.horizon):
            self.take_over(SolvedActions(solution.graph, self.sets(solution)))

    def take_over(self, solved: SolvedActions | ActionTable) -> None:
        """Act on levels as this policy itself did when they were solved."""
        # A level that is solved again, from another state, does without the old solution.
        starts = solved.graph.starts if isinstance(solved, SolvedActions) else solved.starts
        self._last |= dict.fromkeys(starts.level.key.tolist(), len(self._solved))
        self._solved.append(solved)


class NearestTarget(Oracle):
    """The policy that goes to the nearest target, of whichever objective.

    Ties are even. It stands for an agent that learnt "one or the other" and prefers neither base
    nor a proxy; between exchanged targets it chooses by place.
    """

    def __init__(self, trap: Trap, horizon: int) -> None:
        """Make the oracle of a trap with an exact solver for episodes of ``horizon`` steps."""
        super().__init__(trap, "base", horizon)
        self.goal = NEAREST if type(self) is NearestTarget else ""

    def sets(self, solution: Solution) -> list[NDArray[np.uint8]]:
        """Return the policy's action masks: entry t is uint8 (states reachable in t steps,)."""
        return solution.nearest_target()


class Aimless(Oracle):
    """A policy that is competent on ``test`` and pursues nothing under shift.

    It acts at random on levels that separate the objectives, by the certificates' criterion
    (``Solution.separated``), and on all others as the base objective's oracle.
    """

    def __init__(self, trap: Trap, horizon: int) -> None:
        """Make the oracle of a trap with an exact solver for episodes of ``horizon`` steps."""
        super().__init__(trap, "base", horizon)

    def sets(self, solution: Solution) -> list[NDArray[np.uint8]]:
        """Return the policy's action masks: entry t is uint8 (states reachable in t steps,)."""
        return solution.aimless()
