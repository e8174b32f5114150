"""A rollout and what is learnt from it, as trees of arrays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from agents.compiling import Array
from agents.networks import Params


class PlayingNow(NamedTuple):
    """The state of n environments and their agent between steps.

    Attributes:
        seen: what the network sees, (n, ...).
        state: of the environments.
        memory: float32 (n, numbers); (n, 0) for a network without memory.
        begins: where an episode begins, bool (n,).
        returns: of the running episodes so far, float32 (n,).
    """

    seen: Array
    state: Any
    memory: Array
    begins: Array
    returns: Array


class PlayedStep(NamedTuple):
    """A step of n environments, or with an axis of steps in front a rollout.

    Attributes:
        seen, begins: as in ``PlayingNow``.
        action, likely: the action, and the logarithm of its probability.
        value, reward: the estimate before the step, and the payment, with the value that a time
            limit cut off.
        done: where an episode ended.
        earned: the return of an episode that ended, else 0.
    """

    seen: Array
    begins: Array
    action: Array
    likely: Array
    value: Array
    reward: Array
    done: Array
    earned: Array


class Minibatch(NamedTuple):
    """The steps from which a loss is computed; steps and environments are the first two axes.

    Attributes:
        played: the steps.
        advantages: estimates, float32 (steps, n), of mean 0 and standard deviation 1.
        logs: of the probabilities of actions as the weights now have them, (steps, n, 5).
        values: estimated now, (steps, n).
        left: the share of the training that is left, which falls from 1 to 0.
    """

    played: PlayedStep
    advantages: Array
    logs: Array
    values: Array
    left: Array


class Learning(NamedTuple):
    """The state of one agent's training between updates; PPO's ``playing`` is ``PlayingNow``."""

    weights: Params
    optimiser: Any
    playing: Any


# Of weights and a minibatch: what is added to the loss, a number.
LossTerm = Callable[[Params, Minibatch], Array]
# Of the state before a step, actions and what they were paid, (n,): what is learnt from, (n,).
ShapeReward = Callable[[Any, Array, Array], Array]
