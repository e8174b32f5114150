"""Rollouts, advantages and returns, as trees of arrays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from agents.compiling import Array
from agents.networks import Params


class RolloutState(NamedTuple):
    """The state of n environments and of their agent between two steps.

    Attributes:
        obs: the network's input, (n, ...).
        env_state: the environments' state.
        memory: float32 (n, numbers); (n, 0) for a network without memory.
        episode_start: bool (n,), whether an episode starts with ``obs``.
        returns: float32 (n,), the undiscounted return of the running episodes so far.
    """

    obs: Array
    env_state: Any
    memory: Array
    episode_start: Array
    returns: Array


class Transition(NamedTuple):
    """A step of n environments, (n, ...); a rollout has an axis of steps in front.

    Attributes:
        obs, episode_start: as in ``RolloutState``.
        action: int (n,).
        log_prob: float32 (n,), the log-probability of the action.
        value: float32 (n,), the estimate of the value before the step.
        reward: float32 (n,); at a time limit the discounted value of the last observation is added.
        done: bool (n,), whether the episode ended.
        episode_return: float32 (n,), the undiscounted return of an episode that ended, else 0.
        labels: bool (n, 5), the optimal actions; None in a training by reward.
    """

    obs: Array
    episode_start: Array
    action: Array
    log_prob: Array
    value: Array
    reward: Array
    done: Array
    episode_return: Array
    labels: Array | None = None


class Minibatch(NamedTuple):
    """The steps from which a loss is computed; steps and environments are the first two axes.

    Attributes:
        transitions: the steps.
        advantages: float32 (steps, n), estimates with mean 0 and standard deviation 1.
        log_probs: float32 (steps, n, 5), log-probabilities of actions under the current weights.
        values: float32 (steps, n), estimates of the current weights.
        remaining: the remaining share of the training, from 1 down to 0.
    """

    transitions: Transition
    advantages: Array
    log_probs: Array
    values: Array
    remaining: Array


class TrainState(NamedTuple):
    """The state of one agent's training between two updates."""

    weights: Params
    opt_state: Any
    rollout_state: Any


# (weights, minibatch) -> a number that is added to the loss.
LossTerm = Callable[[Params, Minibatch], Array]
# (state before the step, actions, rewards) -> the rewards to learn from; arrays (n,).
ShapeReward = Callable[[Any, Array, Array], Array]
