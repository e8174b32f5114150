"""Players to watch: policies by name, recorded traces, a person at the keyboard."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any, Protocol

from mesa_gym.engine import Ints, State
from mesa_gym.policies import Policy, as_policy
from mesa_gym.scoring.trace import Trace, name_of
from mesa_gym.traps import Split, Trap
from mesa_gym.viewer.actors import Actor, Person, PolicyActor, Replayed


class Player(Protocol):
    """A player of levels.

    Attributes:
        name: what it is called on the screen.
    """

    name: str

    def actor(self, trap: Trap, split: Split, start: State) -> Actor:
        """Return who acts in the episode that begins with ``start``.

        Raises:
            ValueError: it cannot play this; the message says why.
        """

    def levels(self, split: Split) -> Ints | None:
        """Return the only levels of a split that it can play, ascending; None for all."""


class ByPolicy:
    """A policy: whatever ``mesa_gym.policies.as_policy`` takes.

    Args:
        policy: a name, an agent's directory, ``module:factory``, a callable or a model.
        seed: of the sampling of actions.
    """

    def __init__(self, policy: Any, seed: int = 0) -> None:
        self.policy = policy
        # Samples depend on the whole name, as they do where the policy is scored.
        self.agent = name_of(policy)
        self.name = Path(self.agent).name if Path(self.agent).is_dir() else self.agent
        self.seed = seed

    def make(self, trap: Trap, horizon: int) -> Policy:
        """Return a policy of its own for each caller, as two episodes cannot share one memory.

        Raises:
            ValueError: the name means nothing, or it cannot act on the trap.
        """
        policy = as_policy(self.policy, trap, horizon)
        # A model itself holds its environment too, which cannot always be copied.
        return policy if isinstance(self.policy, str) else copy.deepcopy(policy)

    def actor(self, trap: Trap, split: Split, start: State) -> PolicyActor:
        """Return the policy, made for the split's time limit."""
        policy = self.make(trap, trap.horizon(split))
        return PolicyActor(policy, trap, start.level.key, self.agent, self.seed, split)

    def levels(self, split: Split) -> None:
        """Return None: it plays all."""


class ByTrace:
    """A recorded trace."""

    def __init__(self, trace: Trace) -> None:
        self.trace = trace
        self.name = trace.policy

    def actor(self, trap: Trap, split: Split, start: State) -> Replayed:
        """Return what was recorded on the level.

        Raises:
            ValueError: nothing was.
        """
        return Replayed(self.trace.actions_on(split, start.level.number)[0])

    def levels(self, split: Split) -> Ints | None:
        """Return the levels that were recorded."""
        return self.trace.levels(split)


class ByHand:
    """A person at the keyboard."""

    name = "you"

    def actor(self, trap: Trap, split: Split, start: State) -> Person:
        """Return a person, to be waited for."""
        return Person()

    def levels(self, split: Split) -> None:
        """Return None: all of them."""
