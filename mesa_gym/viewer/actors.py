"""Actors in an episode that is watched: a policy, a recorded trace, a person."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from mesa_gym.engine import Ints, State
from mesa_gym.policies import Policy
from mesa_gym.scoring import ENDED, Asking
from mesa_gym.traps import Split, Trap
from mesa_gym.viewer.solving import inform

if TYPE_CHECKING:
    from mesa_gym.viewer.timeline import Timeline


@dataclass(frozen=True)
class Decision:
    """An action in a state, and how it was chosen.

    Attributes:
        action: 0 to 4.
        shares: float64 (5,), the policy's action probabilities; None of who has none.
        value: what the policy thinks the state is worth; None of who does not say.
    """

    action: int
    shares: NDArray[np.float64] | None = None
    value: float | None = None


class Actor(Protocol):
    """The one that acts in one episode."""

    def begin(self, line: Timeline) -> None:
        """Begin an episode, or go on with one: the last of its states is decided next."""

    def decide(self, state: State, t: int) -> Decision | None:
        """Return the decision in a state, ``t`` steps into the episode; None for none (yet)."""


class PolicyActor:
    """A policy, sampled as scoring samples it: what is watched is what is scored.

    Args:
        policy: what acts.
        trap: the rules.
        key: int64 (1,), ``state.level.key``.
        agent: name of the policy, on which the samples depend.
        seed: of the sampling.
        split: that is played.
    """

    def __init__(
        self,
        policy: Policy,
        trap: Trap,
        key: Ints,
        agent: str,
        seed: int = 0,
        split: Split = Split.SHIFT,
    ) -> None:
        self._asking = Asking(policy, trap, key, seed, agent, split)

    def begin(self, line: Timeline) -> None:
        """Forget; then see the past again, for what there is to remember of it."""
        inform(self._asking.policy, line)
        self._asking.begin()
        for t, state in enumerate(line.states[:-1]):
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


class Replayed:
    """Recorded actions, each at its own time, whatever came before.

    Args:
        actions: int8 (horizon,), ``ENDED`` after the last.
    """

    def __init__(self, actions: NDArray[np.int8]) -> None:
        self._actions = actions[actions != ENDED]

    def begin(self, line: Timeline) -> None:
        """Do nothing: there is nothing to forget."""

    def decide(self, state: State, t: int) -> Decision | None:
        """Return the action that was recorded for the state's time; None after the last."""
        at = int(state.clock[0])
        return Decision(int(self._actions[at])) if at < len(self._actions) else None


class Person:
    """A person at the keyboard, who is waited for."""

    def begin(self, line: Timeline) -> None:
        """Do nothing: there is nothing to forget."""

    def decide(self, state: State, t: int) -> None:
        """Return None: a person's actions come from outside (``Timeline.act``)."""
