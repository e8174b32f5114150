"""The optimal learner on levels of several trials, who must find out which fruit pays."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mesa_gym.engine import STAY, Bools, Ints, State, distances
from mesa_gym.policies.names import LEARNER_ORACLE
from mesa_gym.policies.protocol import require_state
from mesa_gym.traps import Trap
from mesa_gym.traps.beliefs import Belief
from mesa_gym.traps.life import PAID, VOID, Life

Floats = NDArray[np.float64]


class BestLearner:
    """The Bayes-optimal learner of a trap of lives: ``oracle:learner``.

    It knows the probabilities of training (``Life.find_priors``). It walks by shortest ways to a
    best kind among those on the grid, and updates its beliefs by the feedback.

    Attributes:
        beliefs: of each life, such as the probability that each kind pays, in the order of
            ``FRUITS``.
    """

    observation = "planes"

    def __init__(self, trap: Trap) -> None:
        """Make the learner for a trap; ValueError where the trap has no lives."""
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

    def act(self, observation: NDArray[np.uint8], state: State | None = None) -> Floats:
        """Return probabilities of actions, float64 (n, 5); needs the state."""
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
        """Choose a best kind to take among the kinds that lie ``there``, bool (kinds,)."""
        belief = self.priors[row], self.beliefs[row]
        best = self.trap.list_best(state, row, *belief) if there.all() else there.nonzero()[0]
        self.goals[row] = self.rng.choice(best)

    def _walk(self, free: Bools, agent: Ints, goals: Ints, moving: Bools) -> Floats:
        """Return the first action of a shortest way to the goal cell, one-hot (n, 5)."""
        away, rows = distances(free, goals), np.arange(len(agent))
        nearer = [
            moving & (away[rows, agent + step] == away[rows, agent] - 1)
            for step in self.trap.offsets[:STAY]
        ]
        return np.eye(STAY + 1)[np.stack([*nearer, ~moving], axis=1).argmax(axis=1)]
