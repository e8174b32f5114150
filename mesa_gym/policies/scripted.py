"""Policies that do the same always."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mesa_gym.grid import ACTIONS, State
from mesa_gym.policies.protocol import Memoryless


class Constant(Memoryless):
    """The same action probabilities always."""

    def __init__(self, probabilities: list[float]) -> None:
        self.probabilities = np.array(probabilities)

    def act(
        self, observation: NDArray[np.uint8], state: State | None = None
    ) -> NDArray[np.float64]:
        """The probabilities, repeated, float64 (n, 5)."""
        return np.tile(self.probabilities, (len(observation), 1))


def uniform() -> Constant:
    """Every action equally likely."""
    return Constant([1 / len(ACTIONS)] * len(ACTIONS))


def constant(action: int) -> Constant:
    """One action for ever."""
    return Constant([float(a == action) for a in range(len(ACTIONS))])
