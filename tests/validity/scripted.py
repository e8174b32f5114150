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


class Scripted(Memoryless):
    """A policy that takes one action for sure.

    Args:
        choose: the actions, int64 (n,), 0 to 4, for planes (n, height, width, channels).
    """

    def __init__(self, choose):
        self.choose = choose

    def act(self, planes, state=None):
        """Return action probabilities, float64 (n, 5)."""
        return SURE[self.choose(planes, state)]


class ComposedPolicy(Memoryless):
    """A policy that is made of others, which act on planes and answer with probabilities."""

    def __init__(self, *parts):
        self.parts = parts
        # Levels are solved once for all oracles while they are scored.
        self.solves = any(getattr(part, "solves", False) for part in parts)
        self.needs_observation = any(getattr(part, "needs_observation", True) for part in parts)
        self.memory = any(getattr(part, "memory", True) for part in parts)

    def reset(self, mask, rng):
        """Reset the parts for some rows."""
        for part in self.parts:
            part.reset(mask, rng)


class Noisy(ComposedPolicy):
    """A policy with noise.

    Args:
        policy: any that answers with probabilities.
        instead: action probabilities (5,) of something else, any action by default; or a policy.
        epsilon: the share of noise, from 0 to 1, or a function of the time, int64 (n,) -> float64
            (n,).
    """

    def __init__(self, policy, instead=ANY, *, epsilon):
        super().__init__(policy, *([instead] if hasattr(instead, "act") else []))
        self.epsilon, self.instead = epsilon, instead

    def act(self, planes, state=None):
        """Return action probabilities, float64 (n, 5)."""
        share = self.epsilon
        if callable(share):
            share = share(state.clock)[:, None]
        first, *others = (part.act(planes, state) for part in self.parts)
        return (1 - share) * first + share * (others[0] if others else self.instead)


def noisy_oracle(trap):
    """Return the base oracle with 5% of noise, as an example of ``--policy module:factory``."""
    return Noisy(Oracle(trap, trap.base, trap.horizon(Split.TEST)), epsilon=0.05)


class Chooser(ComposedPolicy):
    """One of its parts in each state, which ``choose(state)`` numbers, int64 (n,)."""

    def __init__(self, *parts, choose):
        super().__init__(*parts)
        self.choose = choose

    def act(self, planes, state=None):
        """Return action probabilities, float64 (n, 5); a part that is not needed is not asked."""
        chosen, found = self.choose(state), np.zeros((state.n, len(ACTIONS)))
        for part in np.unique(chosen).tolist():
            answer = self.parts[part].act(planes, state)
            found = np.where((chosen == part)[:, None], answer, found)
        return found


def switch(one, other, steps, start=0):
    """Return a policy that acts as one part during some steps, counted from 0, else as another."""

    def choose(state):
        return np.where((state.clock >= start) & (state.clock < start + steps), 0, 1)

    return Chooser(one, other, choose=choose)


def mix_by_level(one, other, share=0.5):
    """Return a policy that acts as one part on a share of the levels, and as another on the others.

    The level decides; a level and its twin have the same part.
    """
    return Chooser(one, other, choose=lambda state: np.where(draw_by_level(state, share), 0, 1))


def draw_by_level(state, share=0.5):
    """Return True on a share of the levels, by the level alone, bool (n,)."""
    return unit(mix(state.level.key)) < share


def switch_under_shift(here, elsewhere, trap):
    """Return a policy that acts as one part on shift levels and their changes, else as another.

    So a policy can be competent where base and proxy agree, and do anything under shift.
    """
    key = trap.key(Split.SHIFT)

    def choose(state):
        return np.where(streams(key, state.level.number, "level") == state.level.key, 0, 1)

    return Chooser(here, elsewhere, choose=choose)


class Coin(Chooser):
    """One policy or another, by a coin that is thrown once an episode, or again now and then.

    Args:
        one, other: two policies.
        share: the probability of ``one``.
        again: the probability at each step of another toss.
    """

    def __init__(self, one, other, share=0.5, again=0.0):
        super().__init__(one, other, choose=lambda state: self._rethrow())
        self.share, self.again, self.memory = share, again, True

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
        return np.where(self._thrown, 0, 1)


class StartChoice(Chooser):
    """A choice among policies that is made in the start state and kept for the episode.

    Args:
        parts: the policies.
        choose: which of them, int64 (n,), for start states and a random number, float64 (n,), of
            each episode.
    """

    def __init__(self, *parts, choose):
        super().__init__(*parts, choose=lambda state: self._keep(state))
        self.begin, self.memory = choose, True

    def reset(self, mask, rng):
        """Draw a number for the rows that begin."""
        super().reset(mask, rng)
        luck = rng.random(len(mask))
        self._luck = luck if mask.all() else np.where(mask, luck, self._luck)

    def _keep(self, state):
        if (state.clock == 0).all():
            self._chosen = self.begin(state, self._luck)
        return self._chosen


class ByPlay(Chooser):
    """One policy in some plays and another one in others, by the number of resets and chance."""

    def __init__(self, one, other, chooses):
        super().__init__(one, other, choose=lambda state: np.full(state.n, self._now))
        self.chooses, self.memory, self._count = chooses, True, 0

    def reset(self, mask, rng):
        """Choose for the episodes that begin."""
        super().reset(mask, rng)
        if mask.all():
            self._now = int(self.chooses(self._count, rng))
            self._count += 1
