"""Policies of known goal, made of others: what a score must get right before it judges agents."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

import numpy as np
from numpy.typing import NDArray

from mesa_gym.engine import ACTIONS, Bools, Ints, State
from mesa_gym.engine import STAY as STAYING
from mesa_gym.engine.chance import mix, streams, unit
from mesa_gym.policies import Oracle, Policy
from mesa_gym.solver import Solution, shared, targets
from mesa_gym.traps import Split, Trap

Probabilities = NDArray[np.float64]

STAY = np.eye(len(ACTIONS))[STAYING]


class Made:
    """A policy that is made of others, which act on planes and answer with probabilities."""

    observation = "planes"

    def __init__(self, *parts: Policy) -> None:
        self.parts = parts
        # Levels are solved once for all oracles while they are scored.
        self.solves = any(getattr(part, "solves", False) for part in parts)
        self.looks = any(getattr(part, "looks", True) for part in parts)

    def reset(self, mask: Bools, rng: np.random.Generator) -> None:
        """Reset the parts for some rows."""
        for part in self.parts:
            part.reset(mask, rng)

    def answers(self, observation: NDArray[np.uint8], state: State | None) -> list[Probabilities]:
        """Return the answer of each part, float64 (n, 5) each."""
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
        """Return action probabilities, float64 (n, 5)."""
        (meant,) = self.answers(observation, state)
        return (1 - self.epsilon) * meant + self.epsilon / len(ACTIONS)


def noisy_oracle(trap: Trap) -> Noisy:
    """Return the base oracle with 5% of noise, as an example of ``--policy module:factory``."""
    return Noisy(Oracle(trap, trap.base, trap.horizon(Split.TEST)), 0.05)


class Waiting(Noisy):
    """A policy that stays on a share of the steps, and else acts."""

    def act(self, observation: NDArray[np.uint8], state: State | None = None) -> Probabilities:
        """Return action probabilities, float64 (n, 5)."""
        (meant,) = self.answers(observation, state)
        return (1 - self.epsilon) * meant + self.epsilon * STAY


class Choosing(Made):
    """One policy in some states and another one in the others: subclasses say in which."""

    def heads(self, state: State) -> Bools:
        """Return the rows on which the first policy acts, bool (n,)."""
        raise NotImplementedError

    def act(self, observation: NDArray[np.uint8], state: State | None = None) -> Probabilities:
        """Return action probabilities, float64 (n, 5)."""
        if state is None:
            raise ValueError("a choice by level needs the state: act(observation, state)")
        heads = self.heads(state)
        if heads.all() or not heads.any():  # one of them is enough
            only = self.parts[0 if heads.all() else 1]
            return cast(Probabilities, only.act(observation, state))
        one, other = self.answers(observation, state)
        return np.where(heads[:, None], one, other)


class Switching(Choosing):
    """One policy for some steps of each episode, and another one from then on."""

    def __init__(self, one: Policy, other: Policy, steps: int) -> None:
        super().__init__(one, other)
        self.steps = steps

    def heads(self, state: State) -> Bools:
        """Return the rows before that step, bool (n,)."""
        heads: Bools = state.clock < self.steps
        return heads


class TwoMinds(Choosing):
    """One policy on a share of the levels, chosen by the level, and another one on the others.

    Args:
        one, other: two policies.
        share: of the levels on which ``one`` acts, from 0 to 1; a level and its twin are alike.
    """

    def __init__(self, one: Policy, other: Policy, share: float = 0.5) -> None:
        super().__init__(one, other)
        self.share = _share("share", share)

    def heads(self, state: State) -> Bools:
        """Return the levels whose hashed key is low, bool (n,)."""
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


class Coin(TwoMinds):
    """One policy or another, by a coin that is thrown once an episode."""

    def reset(self, mask: Bools, rng: np.random.Generator) -> None:
        """Throw the coin for the rows that begin."""
        super().reset(mask, rng)
        thrown = rng.random(len(mask)) < self.share
        self._thrown: Bools = thrown if mask.all() else np.where(mask, thrown, self._thrown)

    def heads(self, state: State) -> Bools:
        """Return the rows with heads, bool (n,)."""
        return self._thrown


class UnderShift(Choosing):
    """One policy on levels of the public shift and their twins, another one on all others.

    So a policy can be competent wherever base and proxy agree, and do anything under shift.
    """

    def __init__(self, trap: Trap, here: Policy, elsewhere: Policy) -> None:
        super().__init__(here, elsewhere)
        self.shift = trap.key(Split.SHIFT)

    def heads(self, state: State) -> Bools:
        """Return the levels of the shift, bool (n,)."""
        heads: Bools = streams(self.shift, state.level.number, "level") == state.level.key
        return heads


class _AtStart(Choosing):
    """A choice that is made in the start state and kept for the episode."""

    def heads(self, state: State) -> Bools:
        """Return the rows on which the first policy acts, bool (n,)."""
        fresh = state.clock == 0
        if fresh.all():
            self._chosen = self.chosen(state)
        return self._chosen

    def chosen(self, starts: State) -> Bools:
        """Return the rows on which the first policy acts, by their start states."""
        raise NotImplementedError


class ByPlace(_AtStart):
    """The policy of the objective whose target has a certain place, whatever stands there.

    Args:
        trap: one whose targets are places.
        one: pursues the base objective.
        other: pursues the proxy.
        proxy: the name of that.
        order: 1 for the lowest cell, -1 for the highest, another number as a seed of preferences.
    """

    def __init__(self, trap: Trap, one: Policy, other: Policy, proxy: str, order: int) -> None:
        super().__init__(one, other)
        self.trap, self.proxy, self.order = trap, proxy, order

    def chosen(self, starts: State) -> Bools:
        """Return where the target of base has the better place, bool (n,)."""
        found: Mapping[str, Bools] = targets(self.trap, starts)
        every = np.arange(self.trap.cells)
        price = every * self.order if abs(self.order) == 1 else mix(every + self.order)

        def cheapest(x: str) -> Ints:
            return np.where(found[x], price, np.iinfo(np.int64).max).min(axis=1)

        better: Bools = cheapest(self.trap.base) < cheapest(self.proxy)
        return better


class OnlyNear(_AtStart):
    """A policy that acts where a target is near, and leaves other levels to another one.

    Args:
        one: acts where the earliest contact takes so many steps at most.
        other: acts where it takes more.
        steps: how far is near.
    """

    def __init__(self, one: Policy, other: Policy, steps: int) -> None:
        super().__init__(one, other)
        self.steps = steps

    def chosen(self, starts: State) -> Bools:
        """Return the levels with a near target, bool (n,)."""
        near: Bools = _solution(starts).contact() <= self.steps
        return near


def _solution(starts: State) -> Solution:
    solution = shared()
    if solution is None or not np.array_equal(solution.starts.level.key, starts.level.key):
        raise ValueError("this policy needs the solution of its levels: it is for scoring")
    return solution


class ThenStay(Oracle):
    """An oracle that stays for ever once nothing of its objective is left to earn.

    That is what was published of agents that went for a proxy. The arguments are the oracle's.
    """

    def sets(self, solution: Solution) -> list[NDArray[np.uint8]]:
        """Return all optimal actions: unlike an oracle, it does not choose by base."""
        return solution.optimal(self.objective)

    def act(self, observation: NDArray[np.uint8], state: State | None = None) -> Probabilities:
        """Return action probabilities, float64 (n, 5)."""
        probabilities = super().act(observation, state)
        # Where something can be earned, to stay delays it: not all actions are optimal.
        probabilities[(probabilities > 0).all(axis=1)] = STAY
        return probabilities


def _share(name: str, value: float) -> float:
    if not 0 <= value <= 1:
        raise ValueError(f"{name} must be from 0 to 1, got {value}")
    return value
