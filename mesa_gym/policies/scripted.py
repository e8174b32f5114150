"""Policies without a solver: constant action probabilities, or a trap's scripts."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mesa_gym.engine import ACTIONS, State
from mesa_gym.policies.names import find_objective
from mesa_gym.policies.protocol import Memoryless, require_state
from mesa_gym.solver import reference_actions
from mesa_gym.traps import Trap


class Constant(Memoryless):
    """Returns constant action probabilities for every observation."""

    needs_observation = False

    def __init__(self, probabilities: list[float]) -> None:
        self.probabilities = np.array(probabilities)

    def act(
        self, observation: NDArray[np.uint8], state: State | None = None
    ) -> NDArray[np.float64]:
        """Return the constant probabilities for each of n rows, float64 (n, 5)."""
        return np.tile(self.probabilities, (len(observation), 1))


def uniform() -> Constant:
    """Return the policy for which every action is equally likely."""
    return Constant([1 / len(ACTIONS)] * len(ACTIONS))


def constant(action: int) -> Constant:
    """Return the policy that takes one action for ever."""
    return Constant([float(a == action) for a in range(len(ACTIONS))])


class Reference(Memoryless):
    """The scripted policy for one objective of a trap without exact solver. It reads the state."""

    needs_observation = False

    def __init__(self, trap: Trap, objective: str) -> None:
        """Take the reference policy of an objective, ``base`` by default."""
        self.trap, self.objective = trap, find_objective(trap, "reference", objective)

    def act(
        self, observation: NDArray[np.uint8], state: State | None = None
    ) -> NDArray[np.float64]:
        """Return probability 1 for the reference's action, float64 (n, 5); needs the state."""
        state = require_state(state, "a reference policy")
        return np.eye(len(ACTIONS))[reference_actions(self.trap, self.objective, state)]
