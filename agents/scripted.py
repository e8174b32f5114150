"""Policies whose goal is known: what a score must get right before it judges trained agents."""

from __future__ import annotations

from typing import cast

import numpy as np
from numpy.typing import NDArray

from mesa_gym.engine import ACTIONS, Bools, State
from mesa_gym.engine.chance import mix, streams, unit
from mesa_gym.policies import Memoryless, Oracle, Policy
from mesa_gym.scoring.playing import Solved
from mesa_gym.solver import Graph, Solution
from mesa_gym.traps import Split, Trap

Probabilities = NDArray[np.float64]

STAY = np.eye(len(ACTIONS))[4]


class Made:
    """A policy that is made of others, which act on planes and answer with probabilities.

    Where one of them is an oracle, it shares the solutions that scoring makes.
    """

    observation = "planes"

    def __init__(self, *parts: Policy) -> None:
        self.parts = parts

    def reset(self, mask: Bools, rng: np.random.Generator) -> None:
        """Let the parts forget the past of some rows."""
        for part in self.parts:
            part.reset(mask, rng)

    def forget(self) -> None:
        """Let the oracles drop their solutions."""
        for part in self.parts:
            if isinstance(part, Solved):
                part.forget()

    def learn(self, solution: Solution) -> None:
        """Give the oracles a solution."""
        for part in self.parts:
            if isinstance(part, Solved):
                part.learn(solution)

    def answers(self, observation: NDArray[np.uint8], state: State | None) -> list[Probabilities]:
        """What each part would do, float64 (n, 5) each."""
        return [cast(Probabilities, part.act(observation, state)) for part in self.parts]


class Noisy(Made):
    """A policy that takes an action at random every now and then.

    Args:
        policy: any that answers with probabilities.
        epsilon: how often, from 0 to 1; such an action may be the policy's own.
    """

    def __init__(self, policy: Policy, epsilon: float) -> None:
        super().__init__(policy)
        self.epsilon = _share("epsilon", epsilon)

    def act(self, observation: NDArray[np.uint8], state: State | None = None) -> Probabilities:
        """Action probabilities, float64 (n, 5)."""
        (meant,) = self.answers(observation, state)
        return (1 - self.epsilon) * meant + self.epsilon / len(ACTIONS)


def noisy_oracle(trap: Trap) -> Noisy:
    """The base objective's oracle with 5% of noise: ``--policy agents.scripted:noisy_oracle``."""
    return Noisy(Oracle(trap, trap.base, trap.horizon(Split.TEST)), 0.05)


class Dither(Made):
    """Two policies, of which a coin chooses one at every step.

    Args:
        one, other: two policies.
        share: how often ``one`` is chosen, from 0 to 1.
    """

    def __init__(self, one: Policy, other: Policy, share: float = 0.5) -> None:
        super().__init__(one, other)
        self.share = _share("share", share)

    def act(self, observation: NDArray[np.uint8], state: State | None = None) -> Probabilities:
        """Action probabilities, float64 (n, 5)."""
        one, other = self.answers(observation, state)
        return self.share * one + (1 - self.share) * other


class Choosing(Made):
    """One policy on some levels and another one on the others: subclasses say on which."""

    def __init__(self, one: Policy, other: Policy) -> None:
        super().__init__(one, other)

    def heads(self, state: State) -> Bools:
        """The rows on which the first one acts, bool (n,); the same throughout an episode."""
        raise NotImplementedError

    def act(self, observation: NDArray[np.uint8], state: State | None = None) -> Probabilities:
        """Action probabilities, float64 (n, 5)."""
        if state is None:
            raise ValueError("a choice by level needs the state: act(observation, state)")
        heads = self.heads(state)
        if heads.all() or not heads.any():  # one of them is enough
            only = self.parts[0 if heads.all() else 1]
            return cast(Probabilities, only.act(observation, state))
        one, other = self.answers(observation, state)
        return np.where(heads[:, None], one, other)


class Mixture(Choosing):
    """One policy on a share of the levels, chosen at random, and another one on the others.

    Args:
        one, other: two policies.
        share: of the levels on which ``one`` acts, from 0 to 1.
    """

    def __init__(self, one: Policy, other: Policy, share: float = 0.5) -> None:
        super().__init__(one, other)
        self.share = _share("share", share)

    def heads(self, state: State) -> Bools:
        """Levels whose hashed key is low, bool (n,)."""
        return unit(mix(state.level.key)) < self.share


class ByWalls(Choosing):
    """One policy where the left half has more walls than the right one, else another."""

    def __init__(self, trap: Trap, one: Policy, other: Policy) -> None:
        super().__init__(one, other)
        self.trap = trap

    def heads(self, state: State) -> Bools:
        """Return the levels with more walls on the left, bool (n,)."""
        walls = self.trap.layer(state, "wall").reshape(state.n, *self.trap.size)
        half = self.trap.width // 2
        left, right = walls[:, :, :half], walls[:, :, -half:]
        heads: Bools = left.sum(axis=(1, 2)) > right.sum(axis=(1, 2))
        return heads


class UnderShift(Choosing):
    """One policy on levels of the public shift, another one on all others.

    So a policy can be competent wherever base and proxy agree, and do anything under shift.
    """

    def __init__(self, trap: Trap, here: Policy, elsewhere: Policy) -> None:
        super().__init__(here, elsewhere)
        self.shift = trap.key(Split.SHIFT)

    def heads(self, state: State) -> Bools:
        """Levels of the shift, bool (n,)."""
        heads: Bools = streams(self.shift, state.level.number, "level") == state.level.key
        return heads


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


class Tempered(Memoryless):
    """A policy that prefers better actions more: P(a) ~ exp(precision * Q*(a)).

    It knows the levels whose solution it has learnt last, and no others: it is for scoring.

    Args:
        objective: the name of one of the trap's objectives.
        precision: the inverse temperature, 0 or more.
    """

    def __init__(self, objective: str, precision: float) -> None:
        self.objective, self.precision = objective, precision
        self._known: tuple[Graph, list[NDArray[np.float32]]] | None = None

    def forget(self) -> None:
        """Drop the solution."""
        self._known = None

    def learn(self, solution: Solution) -> None:
        """Take over a solution."""
        self._known = solution.graph, solution.value_table(self.objective)

    def act(self, observation: NDArray[np.uint8], state: State | None = None) -> Probabilities:
        """Action probabilities, float64 (n, 5)."""
        if state is None or self._known is None:
            raise ValueError("a tempered policy needs the state and a solution of its level")
        graph, table = self._known
        number = graph.find(state)
        q = np.zeros((state.n, len(ACTIONS)))
        for t in np.unique(state.clock):
            now = state.clock == t
            q[now] = table[t][number[now]]
        weights = np.exp(self.precision * (q - q.max(axis=1, keepdims=True)))
        return weights / weights.sum(axis=1, keepdims=True)


def _share(name: str, value: float) -> float:
    if not 0 <= value <= 1:
        raise ValueError(f"{name} must be from 0 to 1, got {value}")
    return value
