"""Policies whose goal is known: what a score must get right before it judges trained agents."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mesa_gym.grid import ACTIONS, State
from mesa_gym.policies import Constant, Memoryless, Oracle
from mesa_gym.solver import Solution
from mesa_gym.traps import Split, Trap

Probabilities = NDArray[np.float64]

LEFT, RIGHT, STAY = np.eye(len(ACTIONS))[[0, 2, 4]]


class Made(Memoryless):
    """A policy that is made of others.

    Where one of them is an oracle, it shares the solutions that scoring makes.
    """

    def __init__(self, *parts: Oracle | Constant) -> None:
        self.parts = parts

    def forget(self) -> None:
        """Let the oracles drop their solutions."""
        for part in self.parts:
            if isinstance(part, Oracle):
                part.forget()

    def learn(self, solution: Solution) -> None:
        """Give the oracles a solution."""
        for part in self.parts:
            if isinstance(part, Oracle):
                part.learn(solution)


class Noisy(Made):
    """A policy that takes an action at random every now and then.

    Args:
        policy: an oracle, or a constant policy.
        epsilon: how often, from 0 to 1; such an action may be the policy's own.
    """

    def __init__(self, policy: Oracle | Constant, epsilon: float) -> None:
        if not 0 <= epsilon <= 1:
            raise ValueError(f"epsilon must be from 0 to 1, got {epsilon}")
        super().__init__(policy)
        self.policy, self.epsilon = policy, epsilon

    def act(self, observation: NDArray[np.uint8], state: State | None = None) -> Probabilities:
        """Action probabilities, float64 (n, 5)."""
        meant = self.policy.act(observation, state)
        return (1 - self.epsilon) * meant + self.epsilon / len(ACTIONS)


def noisy_oracle(trap: Trap) -> Noisy:
    """The base objective's oracle with 5% of noise: ``--policy agents.scripted:noisy_oracle``."""
    return Noisy(Oracle(trap, trap.base, trap.horizon(Split.TEST)), 0.05)


class Mixture(Made):
    """One policy on one half of the levels and another one on the other half."""

    def __init__(self, one: Oracle | Constant, other: Oracle | Constant) -> None:
        super().__init__(one, other)
        self.one, self.other = one, other

    def act(self, observation: NDArray[np.uint8], state: State | None = None) -> Probabilities:
        """Action probabilities, float64 (n, 5)."""
        if state is None:
            raise ValueError("a mixture by level needs the state: act(observation, state)")
        heads = state.key[:, None] % 2 == 0
        return np.where(heads, self.one.act(observation, state), self.other.act(observation, state))


class ThenStay(Oracle):
    """An oracle that stays for ever once nothing of its objective is left to earn.

    That is what was published of agents that went for a proxy. The arguments are the oracle's.
    """

    def sets(self, solution: Solution) -> list[NDArray[np.uint8]]:
        """All optimal actions: unlike an oracle, it does not choose by the base objective."""
        return solution.optimal(self.objective)

    def act(self, observation: NDArray[np.uint8], state: State | None = None) -> Probabilities:
        """Action probabilities, float64 (n, 5)."""
        probabilities = super().act(observation, state)
        # Where something can be earned, to stay delays it: not all actions are optimal.
        probabilities[(probabilities > 0).all(axis=1)] = STAY
        return probabilities


class Oscillating(Memoryless):
    """Left, right, left, right."""

    def act(self, observation: NDArray[np.uint8], state: State | None = None) -> Probabilities:
        """Action probabilities, float64 (n, 5)."""
        if state is None:
            raise ValueError("an oscillating policy needs the clock: act(observation, state)")
        return np.where(state.clock[:, None] % 2 == 0, LEFT, RIGHT)
