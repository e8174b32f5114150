"""Policies that act by exact solutions: oracles, `nearest`, `aimless`, and the best learner."""

from __future__ import annotations

import numpy as np

from mesa_gym.engine import STAY, Bools, Bytes, Floats, Ints, State, distances
from mesa_gym.policies.names import LEARNER_ORACLE, NEAREST, ORACLE, find_objective
from mesa_gym.policies.protocol import Memoryless, require_state
from mesa_gym.solver import Solution, actions_in, get_solution, solutions
from mesa_gym.solver.actions import ActionTable, SolvedActions
from mesa_gym.traps import Trap
from mesa_gym.traps.beliefs import Belief
from mesa_gym.traps.life import PAID, VOID, Life


class Oracle(Memoryless):
    """The exact optimal policy for one objective.

    It acts optimally for its objective. Ties are broken by the base objective's return, and
    remaining ties at random. If its objective cannot be earned any more, the oracle stays
    (``Solution.oracle``). It reads the state. An unsolved state is solved, with all reachable
    states, when the oracle first meets it; while levels are scored, all oracles share one solution
    (``mesa_gym.solver.share_solution``).

    Attributes:
        goal: the name under which its actions are stored on disk. It is "" if they are not stored:
            for ``Aimless``, which meets too many states, and for user-defined subclasses.
    """

    solves = True
    needs_observation = False

    def __init__(self, trap: Trap, objective: str, horizon: int) -> None:
        """Make an oracle of an objective, or ``base``, for episodes of ``horizon`` steps.

        Raises ValueError if the trap has no exact solver, or no such objective.
        """
        self.objective = find_objective(trap, "oracle", objective)
        kept = {Oracle: f"{ORACLE}:{self.objective}", NearestTarget: NEAREST}
        self.goal = kept.get(type(self), "")
        self.trap, self.horizon = trap, horizon
        self.forget()

    def forget(self) -> None:
        """Drop all solutions, which take a few hundred bytes per state."""
        self._solved: list[SolvedActions | ActionTable] = []
        self._last: dict[int, int] = {}  # level key -> index of its last solution in _solved

    def act(self, observation: Bytes, state: State | None = None) -> Floats:
        """Return equal probabilities for the best actions, float64 (n, 5); needs the state."""
        state = require_state(state, "an oracle")
        mask = self._masks(state)
        missing = (mask == 0).nonzero()[0]
        while missing.size:  # each pass solves from the first of these states per level
            unsolved = state.take(missing)
            _, first = np.unique(unsolved.level.key, return_index=True)
            for _, solution in solutions(self.trap, unsolved.take(first), self.horizon):
                self.learn(solution)
            mask[missing] = self._masks(unsolved)
            missing = missing[mask[missing] == 0]
        allowed = actions_in(mask)
        return allowed / allowed.sum(axis=1, keepdims=True)

    def sets(self, solution: Solution) -> list[Bytes]:
        """Return the policy's action masks: entry t is uint8 (states reachable in t steps,)."""
        return solution.oracle(self.objective)

    def _masks(self, state: State) -> Bytes:
        """Return each row's mask of actions, uint8 (n,); 0 where the state is not solved."""
        mask = np.zeros(state.n, dtype=np.uint8)
        time = np.minimum(state.clock, self.horizon - 1)
        # The scorer may have solved these levels already.
        solution = get_solution()
        if solution is not None and self.fits(solution.trap, solution.horizon):
            mask = SolvedActions(solution.graph, self.sets(solution)).find(state, time)
            if mask.all():
                return mask
        # This oracle has solved the other states itself, level by level.
        solved_index = np.array([self._last.get(key, -1) for key in state.level.key.tolist()])
        for one in np.unique(solved_index[solved_index >= 0]):
            rows = (solved_index == one).nonzero()[0]
            states = state if len(rows) == state.n else state.take(rows)
            best = self._solved[one].find(states, time[rows])
            mask[rows] = np.where(best > 0, best, mask[rows])
        return mask

    def fits(self, trap: Trap, horizon: int) -> bool:
        """Return whether trap and horizon equal the oracle's; level keys do not identify them."""
        same = self.trap is trap or (
            type(self.trap) is type(trap) and repr(self.trap) == repr(trap)
        )
        return same and self.horizon == horizon

    def learn(self, solution: Solution) -> None:
        """Use a solution made elsewhere, if it has the oracle's trap and horizon."""
        if self.fits(solution.trap, solution.horizon):
            self.take_over(SolvedActions(solution.graph, self.sets(solution)))

    def take_over(self, solved: SolvedActions | ActionTable) -> None:
        """Store solved actions, which the oracle then uses on their levels."""
        # A level that is solved again, from another state, no longer uses its old solution.
        starts = solved.graph.starts if isinstance(solved, SolvedActions) else solved.starts
        self._last |= dict.fromkeys(starts.level.key.tolist(), len(self._solved))
        self._solved.append(solved)


class NearestTarget(Oracle):
    """The policy that goes to the nearest target of any objective.

    Equally near targets are equally likely. It models an agent that learnt "any target" and prefers
    neither base nor a proxy: if two targets are exchanged, it chooses by position.
    """

    def sets(self, solution: Solution) -> list[Bytes]:
        """Return the policy's action masks: entry t is uint8 (states reachable in t steps,)."""
        return solution.nearest_target()


class Aimless(Oracle):
    """A policy that is competent on ``test`` and has no goal under shift.

    It acts at random on levels that separate the objectives, by the certificates' criterion
    (``Solution.separated``). On all other levels it acts like the base objective's oracle.
    """

    def sets(self, solution: Solution) -> list[Bytes]:
        """Return the policy's action masks: entry t is uint8 (states reachable in t steps,)."""
        return solution.aimless()


class BestLearner:
    """The Bayes-optimal learner of a trap of lives: ``oracle:learner``.

    Its prior is the training distribution (``Life.find_priors``). It takes a shortest path to a
    best kind on the grid and updates its beliefs with the feedback.

    Attributes:
        beliefs: one belief per life, such as the probability that each kind pays, in the order of
            ``FRUITS``.
    """

    observation = "planes"

    def __init__(self, trap: Trap) -> None:
        """Make the learner for a trap; ValueError if the trap has no lives."""
        if not isinstance(trap, Life):
            raise ValueError(
                f"{LEARNER_ORACLE} needs a trap of trials, such as FlashOrPay, got {trap!r}"
            )
        self.trap = trap
        self.wall = trap.channels.index("wall")

    def reset(self, mask: Bools, rng: np.random.Generator) -> None:
        """Begin lives in the rows of ``mask``, bool (n,)."""
        if mask.all():
            self.rng = rng
            self.priors: list[Belief] = [()] * len(mask)
            self.beliefs: list[Belief] = [()] * len(mask)
            self.goals = np.full(len(mask), VOID)
        for row in mask.nonzero()[0]:
            self.priors[row], self.goals[row] = (), VOID

    def act(self, observation: Bytes, state: State | None = None) -> Floats:
        """Return action probabilities, float64 (n, 5); needs the state."""
        state = require_state(state, LEARNER_ORACLE)
        # A life begins with the prior of its level.
        if fresh := [row for row, prior in enumerate(self.priors) if not prior]:
            priors = self.trap.find_priors(PAID, state).tolist()
            for row in fresh:
                self.priors[row] = self.beliefs[row] = tuple(priors[row])
        fruits, over = self.trap.list_fruits(state), state.vars["over"] > 0
        # A trial that is over reveals whether the fruit under the agent paid.
        for row in (over & (self.goals < VOID)).nonzero()[0]:
            kind = int((fruits[row] == state.agent[row]).argmax())
            belief = self.priors[row], self.beliefs[row]
            self.beliefs[row] = self.trap.update_belief(state, int(row), *belief, kind)
            self.goals[row] = VOID
        # A new trial needs a new goal.
        for row in (~over & (self.goals == VOID)).nonzero()[0]:
            self._set_goal(state, int(row), fruits[row] > 0)
        goals = fruits[np.arange(state.n), np.minimum(self.goals, VOID - 1)]
        return self._walk(observation[..., self.wall] == 0, state.agent, goals, ~over)

    def _set_goal(self, state: State, row: int, there: Bools) -> None:
        """Choose a best kind among the kinds on the grid, ``there``, bool (kinds,)."""
        belief = self.priors[row], self.beliefs[row]
        best = self.trap.list_best(state, row, *belief) if there.all() else there.nonzero()[0]
        self.goals[row] = self.rng.choice(best)

    def _walk(self, free: Bools, agent: Ints, goals: Ints, moving: Bools) -> Floats:
        """Return the first action of a shortest path to the goal cell, one-hot (n, 5)."""
        away, rows = distances(free, goals), np.arange(len(agent))
        nearer = [
            moving & (away[rows, agent + step] == away[rows, agent] - 1)
            for step in self.trap.offsets[:STAY]
        ]
        return np.eye(STAY + 1)[np.stack([*nearer, ~moving], axis=1).argmax(axis=1)]
