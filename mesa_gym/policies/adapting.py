"""Policies from what other code has: callables, models, objects that are nearly one."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mesa_gym.engine import Bools, State
from mesa_gym.envs.observations import make_observation
from mesa_gym.policies.protocol import Memoryless, Policy
from mesa_gym.traps import Trap

USABLE = (
    "an object with the attribute `observation` and the methods reset(mask, rng) and"
    " act(observation, state=None); a callable that takes a batch of observations and gives"
    " actions (n,) or probabilities (n, 5); or a Stable-Baselines3 model"
)


class Callee(Memoryless):
    """A callable over batches of observations as a policy."""

    def __init__(self, function: Callable[[NDArray[np.uint8]], Any], observation: str) -> None:
        self.function, self.observation = function, observation

    def act(self, observation: NDArray[np.uint8], state: State | None = None) -> NDArray[Any]:
        """Return what the callable gives, as an array."""
        answer = self.function(observation)
        if isinstance(answer, tuple):
            raise ValueError(
                f"the policy gave a tuple of {len(answer)}; expected actions (n,) or probabilities"
                " (n, 5) alone (a model's predict gives actions and its state: take the first,"
                " or hand over the model itself)"
            )
        return np.asarray(answer)


class Stateless:
    """A policy whose ``act`` takes the observation alone."""

    def __init__(self, policy: Any) -> None:
        self.policy = policy
        self.observation: str = policy.observation

    def reset(self, mask: Bools, rng: np.random.Generator) -> None:
        """Let it forget."""
        self.policy.reset(mask, rng)

    def act(self, observation: NDArray[np.uint8], state: State | None = None) -> NDArray[Any]:
        """Return what it does."""
        return np.asarray(self.policy.act(observation))


def adapt(policy: Any, trap: Trap, observation: str | None = None) -> Policy:
    """Return an object as a policy; ``as_policy`` says which objects.

    Raises:
        ValueError: it cannot be one, or not on this trap.
    """
    if isinstance(policy, type):
        raise ValueError(f"{policy.__name__} is a class; hand over an instance of it")
    adapted: Policy
    if hasattr(policy, "predict") and hasattr(policy, "observation_space"):
        # Needs torch, which is there where such a model is.
        from mesa_gym.policies.sb3 import from_model

        adapted = from_model(policy, trap)
    elif isinstance(policy, Policy):
        adapted = _checked(policy)
    elif callable(policy) and takes(policy, 1):
        adapted = Callee(policy, "planes" if observation is None else observation)
    else:
        raise ValueError(f"{_shown(policy)} is not a policy; expected {USABLE}")
    if observation not in (None, adapted.observation):
        raise ValueError(
            f"the policy acts on the observation {adapted.observation!r}, not {observation!r};"
            " leave the keyword out, which is for callables"
        )
    make_observation(trap, adapted.observation)  # refuses what the trap does not show
    return adapted


def takes(function: Any, arguments: int) -> bool:
    """Return whether it can be called with that many arguments, as far as Python can tell."""
    if not callable(function):
        return False
    try:
        inspect.signature(function).bind(*range(arguments))
    except TypeError:
        return False
    except ValueError:  # written in C, without a signature
        return True
    return True


def _checked(policy: Policy) -> Policy:
    name = type(policy).__name__
    if not takes(policy.reset, 2):
        raise ValueError(f"{name}.reset must take two arguments: reset(mask, rng)")
    if takes(policy.act, 2):
        return policy
    if takes(policy.act, 1):
        return Stateless(policy)
    raise ValueError(f"{name}.act must take one or two arguments: act(observation, state=None)")


def _shown(policy: Any) -> str:
    """Name what was handed over, and what it lacks if it is nearly a policy."""
    if policy is None or isinstance(policy, str | int | float):
        return repr(policy)
    name = getattr(policy, "__name__", None) or f"a {type(policy).__name__}"
    if callable(policy):
        return f"{name}, which cannot be called with one argument,"
    lacking = [each for each in ("observation", "reset", "act") if not hasattr(policy, each)]
    if 0 < len(lacking) < 3:
        return f"{name}, which lacks {' and '.join(lacking)},"
    return name
