"""The ones that act: policies, recorded traces, a person at the keyboard."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from mesa_gym.engine import Ints, State
from mesa_gym.policies import (
    Oracle,
    Policy,
    as_policy,
    pursuing,
)
from mesa_gym.scoring import ENDED, Asking, Trace
from mesa_gym.scoring.rollout import PLAYS
from mesa_gym.scoring.trace import name_of
from mesa_gym.traps import Trap
from mesa_gym.viewer.analysis import solved


@dataclass(frozen=True)
class Decision:
    """An action in a state, and how it was chosen.

    Attributes:
        action: 0 to 4.
        shares: float64 (5,), the policy's action probabilities; None where there are none.
        value: what the policy thinks the state is worth; None if it does not say.
    """

    action: int
    shares: NDArray[np.float64] | None = None
    value: float | None = None


class Actor(Protocol):
    """Actor of one episode."""

    def begin(self, states: Sequence[State], horizon: int) -> None:
        """Begin an episode, or go on with one: the last of its states is decided next."""

    def decide(self, state: State, t: int) -> Decision | None:
        """Return the decision in a state, ``t`` steps into the episode; None for none (yet)."""


class Player(Protocol):
    """Player of a trap's levels; it gives an actor for each episode.

    Attributes:
        name: what the screen calls it.
    """

    name: str

    def actor(self, trap: Trap, play: str, start: State) -> Actor:
        """Return what acts in the episode that begins with ``start``.

        Raises:
            ValueError: it cannot play this; the message says why.
        """

    def levels(self, play: str) -> Ints | None:
        """Return the only levels of a play that it can play, ascending; None for all."""


class PolicyActor:
    """A policy, sampled as scoring samples it: what is watched is what is scored.

    Args:
        policy: what acts.
        trap: the rules.
        key: int64 (1,), ``state.level.key``.
        agent: name of the policy, on which the samples depend.
        seed: of the sampling.
        play: what is played, one of ``mesa_gym.scoring.rollout.PLAYS``.
    """

    def __init__(
        self, policy: Policy, trap: Trap, key: Ints, agent: str, seed: int = 0, play: str = "shift"
    ) -> None:
        self._trap = trap
        self._asking = Asking(policy, trap, key, seed, agent, play)

    def begin(self, states: Sequence[State], horizon: int) -> None:
        """Forget; then see the past again, for what there is to remember of it."""
        inform(self._asking.policy, self._trap, states[0], horizon)
        self._asking.begin()
        for t, state in enumerate(states[:-1]):
            self._asking.probabilities(state, t)

    def decide(self, state: State, t: int) -> Decision:
        """Return what the policy does.

        Raises:
            PolicyError: it failed.
        """
        shares = self._asking.probabilities(state, t)
        values = self._asking.values(state)
        action = int(self._asking.sampled(shares, t)[0])
        return Decision(action, shares[0], None if values is None else float(values[0]))


class PolicyPlayer:
    """A policy: whatever ``mesa_gym.policies.as_policy`` takes.

    Args:
        policy: a name, an agent's directory, ``module:factory``, a callable or a model.
        seed: of the sampling of actions.
    """

    def __init__(self, policy: Any, seed: int = 0) -> None:
        self.policy, self.seed = policy, seed
        # Samples depend on the whole name, as they do where the policy is scored.
        self.agent = name_of(policy)
        self.name = Path(self.agent).name if Path(self.agent).is_dir() else self.agent

    def make(self, trap: Trap, horizon: int) -> Policy:
        """Return a policy of its own for each caller, as two episodes cannot share one memory.

        Raises:
            ValueError: the name means nothing, or it cannot act on the trap.
        """
        policy = as_policy(self.policy, trap, horizon)
        # A model itself holds its environment too, which cannot always be copied.
        return policy if isinstance(self.policy, str) else copy.deepcopy(policy)

    def actor(self, trap: Trap, play: str, start: State) -> PolicyActor:
        """Return the policy, made for the play's time limit."""
        policy = self.make(trap, trap.horizon(PLAYS[play]))
        return PolicyActor(policy, trap, start.level.key, self.agent, self.seed, play)

    def levels(self, play: str) -> None:
        """Return None: it plays all."""


class TraceActor:
    """Recorded actions, each at its own time, whatever came before.

    Args:
        actions: int8 (horizon,), ``ENDED`` after the last.
    """

    def __init__(self, actions: NDArray[np.int8]) -> None:
        self._actions = actions[actions != ENDED]

    def begin(self, states: Sequence[State], horizon: int) -> None:
        """Do nothing: there is nothing to forget."""

    def decide(self, state: State, t: int) -> Decision | None:
        """Return the action that was recorded for the state's time; None after the last."""
        at = int(state.clock[0])
        return Decision(int(self._actions[at])) if at < len(self._actions) else None


class TracePlayer:
    """A recorded trace."""

    def __init__(self, trace: Trace) -> None:
        self.trace, self.name = trace, trace.policy

    def actor(self, trap: Trap, play: str, start: State) -> TraceActor:
        """Return what was recorded on the level.

        Raises:
            ValueError: nothing was.
        """
        return TraceActor(self.trace.actions_on(play, start.level.number)[0])

    def levels(self, play: str) -> Ints | None:
        """Return the levels that were recorded."""
        return self.trace.levels(play)


class Human:
    """A person at the keyboard, as player and as actor: the actions come from outside."""

    name = "you"

    def actor(self, trap: Trap, play: str, start: State) -> Human:
        """Return the person."""
        return self

    def levels(self, play: str) -> None:
        """Return None: all of them."""

    def begin(self, states: Sequence[State], horizon: int) -> None:
        """Do nothing: there is nothing to forget."""

    def decide(self, state: State, t: int) -> None:
        """Return None: there is nothing to decide before a key is pressed."""


def inform(policy: Policy, trap: Trap, start: State, horizon: int) -> None:
    """Let an oracle know the solution from a start state, before it makes its own."""
    if isinstance(policy, Oracle):
        policy.learn(solved(trap, start, horizon)[0])


def usual_policy(trap: Trap) -> str:
    """Return the default policy: the one that pursues the base objective."""
    return pursuing(trap, "base")
