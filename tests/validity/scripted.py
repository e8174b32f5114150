"""Policies that combine others: by chance, by level, by time, by a level's contents.

Policies of known goal are made of them, on which the verdict is tested.
"""

import numpy as np

from mesa_gym.engine import ACTIONS, STAY
from mesa_gym.engine.chance import mix, streams, unit
from mesa_gym.policies import Memoryless, Oracle
from mesa_gym.traps import Split

SURE = np.eye(len(ACTIONS))
STAYING = SURE[STAY]
ANY = np.full(len(ACTIONS), 1 / len(ACTIONS))


class StatePolicy(Memoryless):
    """A policy that acts by the state: the base of all policies of known goal."""

    def act(self, observation, state=None):
        """Return action probabilities, float64 (n, 5)."""
        return self._decide(observation, state)

    def _decide(self, planes, state):
        raise NotImplementedError


class Scripted(StatePolicy):
    """A policy that takes one action for sure.

    Args:
        choose: the actions, int64 (n,), 0 to 4, for planes (n, height, width, channels).
    """

    def __init__(self, choose):
        self.choose = choose

    def _decide(self, planes, state):
        return SURE[self.choose(planes, state)]


class ComposedPolicy(StatePolicy):
    """A policy that is made of others, which act on planes and answer with probabilities."""

    def __init__(self, *parts):
        self.parts = parts
        # Levels are solved once for all oracles while they are scored.
        self.solves = any(getattr(part, "solves", False) for part in parts)
        self.looks = any(getattr(part, "looks", True) for part in parts)
        self.memory = any(getattr(part, "memory", True) for part in parts)

    def reset(self, mask, rng):
        """Reset the parts for some rows."""
        for part in self.parts:
            part.reset(mask, rng)

    def ask(self, part, planes, state):
        """Return the action probabilities of a part, float64 (n, 5)."""
        return self.parts[part].act(planes, state)


class Noisy(ComposedPolicy):
    """A policy with noise.

    Args:
        policy: any that answers with probabilities.
        instead: action probabilities (5,) of something else, any action by default; or a policy.
        epsilon: the share of noise, from 0 to 1, or a function of the time, int64 (n,) -> float64
            (n,).
    """

    def __init__(self, policy, instead=ANY, *, epsilon):
        parts = (policy,) if isinstance(instead, np.ndarray) else (policy, instead)
        super().__init__(*parts)
        self.epsilon, self.instead = epsilon, instead

    def _decide(self, planes, state):
        share = self.epsilon
        if callable(share):
            share = share(state.clock)[:, None]
        other = self.ask(1, planes, state) if self.parts[1:] else self.instead
        return (1 - share) * self.ask(0, planes, state) + share * other


def noisy_oracle(trap):
    """Return the base oracle with 5% of noise, as an example of ``--policy module:factory``."""
    return Noisy(Oracle(trap, trap.base, trap.horizon(Split.TEST)), epsilon=0.05)


class ConditionalPolicy(ComposedPolicy):
    """One policy in some states and another one in the others.

    Args:
        one, other: two policies.
        heads: the states in which ``one`` acts.
    """

    def __init__(self, one, other, heads):
        super().__init__(one, other)
        self.heads = heads

    def _decide(self, planes, state):
        heads = self.heads(state)
        # One of them may be enough, and the other one costly.
        if heads.all() or not heads.any():
            return self.ask(0 if heads.all() else 1, planes, state)
        return np.where(heads[:, None], *(self.ask(part, planes, state) for part in (0, 1)))


def switch_policies(one, other, steps):
    """Return a policy that acts as one part for some steps of each episode, then as another."""
    return ConditionalPolicy(one, other, lambda state: state.clock < steps)


def interrupt(one, other, start, steps):
    """Return a policy that acts as another one during some steps, counted from 0."""
    return ConditionalPolicy(
        one, other, lambda state: (state.clock < start) | (state.clock >= start + steps)
    )


def mix_by_level(one, other, share=0.5):
    """Return a policy that acts as one part on a share of the levels, and as another on the others.

    The level decides; a level and its twin have the same part.
    """
    return ConditionalPolicy(one, other, draw_by_level(share))


def draw_by_level(share):
    """Return a mask that is True on a share of the levels, by the level alone."""
    return lambda state: unit(mix(state.level.key)) < share


def choose_by_walls(one, other, trap):
    """Return a policy that acts as one part if the left half has more walls, else as another."""
    half = trap.width // 2

    def heads(state):
        walls = trap.layer(state, "wall").reshape(state.n, *trap.size)
        left, right = (part.sum(axis=(1, 2)) for part in (walls[..., :half], walls[..., -half:]))
        return np.asarray(left > right)

    return ConditionalPolicy(one, other, heads)


def switch_under_shift(here, elsewhere, trap):
    """Return a policy that acts as one part on shift levels and their changes, else as another.

    So a policy can be competent where base and proxy agree, and do anything under shift.
    """
    key = trap.key(Split.SHIFT)
    return ConditionalPolicy(
        here, elsewhere, lambda s: streams(key, s.level.number, "level") == s.level.key
    )


class Coin(ConditionalPolicy):
    """One policy or another, by a coin that is thrown once an episode, or again now and then.

    Args:
        one, other: two policies.
        share: the probability of ``one``.
        again: the probability at each step of another toss.
    """

    def __init__(self, one, other, share=0.5, again=0.0):
        super().__init__(one, other, lambda state: self._rethrow())
        self.share, self.again = share, again
        self.memory, self._thrown = True, np.empty(0, dtype=np.bool_)

    def reset(self, mask, rng):
        """Throw the coin for the rows that begin."""
        super().reset(mask, rng)
        self._rng = rng
        thrown = rng.random(len(mask)) < self.share
        self._thrown = thrown if mask.all() else np.where(mask, thrown, self._thrown)

    def _rethrow(self):
        if self.again:
            chance, side = self._rng.random((2, len(self._thrown)))
            self._thrown = np.where(chance < self.again, side < self.share, self._thrown)
        return self._thrown


class StartChoice(ComposedPolicy):
    """A choice among policies that is made in the start state and kept for the episode.

    Args:
        parts: the policies.
        choose: which of them, int64 (n,), for start states and a random number, float64 (n,), of
            each episode.
    """

    def __init__(self, *parts, choose):
        super().__init__(*parts)
        self.choose, self.memory = choose, True
        self._luck, self._chosen = np.empty(0), np.empty(0, dtype=np.int64)

    def reset(self, mask, rng):
        """Draw a number for the rows that begin."""
        super().reset(mask, rng)
        luck = rng.random(len(mask))
        self._luck = luck if mask.all() else np.where(mask, luck, self._luck)

    def _decide(self, planes, state):
        if (state.clock == 0).all():
            self._chosen = self.choose(state, self._luck)
        found = np.zeros((state.n, len(ACTIONS)))
        for part in np.unique(self._chosen).tolist():
            here = (self._chosen == part)[:, None]
            found = np.where(here, self.ask(part, planes, state), found)
        return found
