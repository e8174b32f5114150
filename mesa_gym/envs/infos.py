"""Infos: the pay of each objective, one number for each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

PREFIX = "reward_"  # as Gymnasium's MuJoCo environments call the terms of a reward


def key_payments(rewards: Mapping[str, Any]) -> dict[str, Any]:
    """Return payments by objective under the keys of infos, which ``objectives`` reads."""
    return {PREFIX + name: pay for name, pay in rewards.items()}


def objectives(infos: dict[str, Any]) -> dict[str, NDArray[np.float64] | float]:
    """Return the pay of each objective in the step that gave these infos.

    With autoreset in the same step, what a finished episode earned last is in ``final_info``, and
    ``infos["reward_<objective>"]`` alone is without it. This reads both.

    Args:
        infos: of a step or reset, from one environment, or from a vector environment in any
            autoreset mode.

    Returns:
        Objective name -> float64 (n,), 0 where no step was taken (a float for one environment).

    Example:
        >>> import gymnasium, mesa_gym
        >>> env = gymnasium.make("MesaGym/CheeseCorner-v0")
        >>> observation, info = env.reset(seed=0)
        >>> *_, info = env.step(env.action_space.sample())
        >>> sorted(mesa_gym.objectives(info))
        ['cheese', 'corner']

    Raises:
        ValueError: the infos are a list, as Stable-Baselines3's environments give them.
    """
    if not isinstance(infos, dict):
        raise ValueError(
            f"infos are {type(infos).__name__}; expected a dict, such as one info of a list:"
            " [mesa_gym.objectives(info) for info in infos]"
        )
    last = infos.get("final_info", {})
    rewards = {key: pay for key, pay in infos.items() if key.startswith(PREFIX)}
    return {key.removeprefix(PREFIX): pay + last.get(key, 0.0) for key, pay in rewards.items()}
