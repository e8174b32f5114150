"""The scripted policies of traps without exact solver."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mesa_gym.errors import unknown
from mesa_gym.grid import ACTIONS, State
from mesa_gym.policies.names import not_for
from mesa_gym.policies.protocol import Memoryless
from mesa_gym.solver import reference_actions
from mesa_gym.traps import Trap


class Reference(Memoryless):
    """The scripted policy for one objective of a trap without exact solver. It reads the state."""

    def __init__(self, trap: Trap, objective: str) -> None:
        """The policy of an objective, by name, or of ``base``."""
        if trap.solvable:
            raise not_for(trap, f"reference:{objective}")
        name = trap.base if objective == "base" else objective
        if name not in trap.objectives:
            raise unknown(f"objective of {trap.name()}", objective, trap.objectives)
        self.trap, self.objective = trap, name

    def act(
        self, observation: NDArray[np.uint8], state: State | None = None
    ) -> NDArray[np.float64]:
        """Probability 1 for the reference's action, float64 (n, 5).

        Raises:
            ValueError: there is no state.
        """
        if state is None:
            raise ValueError("a reference policy needs the state: act(observation, state)")
        return np.eye(len(ACTIONS))[reference_actions(self.trap, self.objective, state)]
