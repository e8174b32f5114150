"""Policies of models that were trained behind wrappers of frames and repeated actions."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mesa_gym.engine import Bools, State
from mesa_gym.policies.functions import TextPolicy
from mesa_gym.policies.protocol import Policy

MOST_STACKED = 64  # of a stack, and repetitions of an action


class FramedPolicy:
    """A policy that sees the last frames of its episode, or whose actions are repeated.

    Frames are those of Gymnasium's ``FrameStackObservation``: the last ``frame_stack`` observations
    (n, frame_stack, ...), the oldest first; at the start the first observation stands for those
    before it. With ``padding``, the frames before the first one are zeros, as in SB3's
    ``VecFrameStack``. Actions are repeated as by Gymnasium's ``RepeatAction``: whoever plays the
    policy asks it at each ``action_repeat``-th step, and the frames in between are not seen.

    Args:
        policy: the policy, which takes stacked observations if ``frame_stack`` is above 1.
        frame_stack: the number of frames.
        action_repeat: the number of steps for which each action is repeated.

    Raises:
        ValueError: the policy is a function of texts, or reads no observations.
    """

    memory = True

    def __init__(self, policy: Policy, frame_stack: int = 1, action_repeat: int = 1) -> None:
        reads = getattr(policy, "needs_observation", True) and not isinstance(policy, TextPolicy)
        if not reads:
            raise ValueError(
                f"frame_stack is {frame_stack} and action_repeat {action_repeat}, which are for"
                " models of observations that are arrays; leave them out"
            )
        self.policy, self.frame_stack, self.action_repeat = policy, frame_stack, action_repeat
        self.observation = policy.observation
        self._frames = np.empty(0)
        self._begins = np.zeros(0, np.bool_)
        if getattr(policy, "memory", True) is False or hasattr(policy, "keep_rows"):
            self.keep_rows = self._keep_rows

    def __getattr__(self, name: str) -> Any:
        """Return what else the policy has, such as its weights and the versions of its adapter."""
        if name == "policy" or name.startswith("__"):
            raise AttributeError(name)
        return getattr(self.policy, name)

    def reset(self, mask: Bools, rng: np.random.Generator) -> None:
        """Forget the frames of the rows in ``mask``, whose episodes begin."""
        self.policy.reset(mask, rng)
        self._begins = mask | (self._begins if len(self._begins) == len(mask) else True)

    def _keep_rows(self, mask: Bools) -> None:
        self._frames, self._begins = self._frames[mask], self._begins[mask]
        if hasattr(self.policy, "keep_rows"):
            self.policy.keep_rows(mask)

    def act(self, observation: NDArray[Any], state: State | None = None) -> NDArray[Any]:
        """Return the policy's answer to the frames that end with an observation (n, ...)."""
        if self.frame_stack == 1:
            return self.policy.act(observation, state)
        first = stack_first(observation, self.frame_stack, getattr(self.policy, "padding", None))
        if self._begins.all():
            self._frames = first
        else:
            self._frames = np.concatenate([self._frames[:, 1:], observation[:, None]], axis=1)
            self._frames[self._begins] = first[self._begins]
        self._begins = np.zeros(len(observation), np.bool_)
        return self.policy.act(self._frames, state)


def stack_first(
    observation: NDArray[Any], frame_stack: int, padding: int | None = None
) -> NDArray[Any]:
    """Return the frames (n, frame_stack, ...) at the start of episodes.

    Args:
        observation: the first observations, (n, ...).
        frame_stack: the number of frames.
        padding: the value of the frames before the first; by default they are the first.
    """
    frames = np.repeat(observation[:, None], frame_stack, axis=1)
    if padding is not None:
        frames[:, :-1] = padding
    return frames
