"""A JAX environment under the names of Gymnax, which training code for JAX reads."""

from __future__ import annotations

from typing import Any, NamedTuple

import gymnasium
from jax import Array

from mesa_gym.engine import ACTIONS, State
from mesa_gym.errors import shorten

# An observation, the next state, the reward, whether the episode ended, and infos.
GymnaxStep = tuple[Array, State, Array, Array, dict[str, Array]]


class GymnaxParams(NamedTuple):
    """The parameters of an environment, which its functions take and do not change it.

    Attributes:
        max_steps_in_episode: the time limit.
    """

    max_steps_in_episode: int


class GymnaxEnv:
    """One environment of a trap with the functions of Gymnax, for ``jax.vmap``.

    PureJaxRL, rejax, JaxUED and the baselines of Craftax read these names. As in Gymnax before
    1.0, a step says in one value whether the episode ended; infos say how. The levels, states and
    rewards are those of ``env``; infos have no ``final_obs``, because such code averages infos.
    ``params`` may be left out. They cannot change the environment: its time limit is a keyword of
    ``make_jax``.

    Args:
        env: a ``JaxEnv`` without a batch.
    """

    def __init__(self, env: Any) -> None:
        self.env, self.name = env, env.settings.trap.id(env.settings.split)
        self.num_actions = len(ACTIONS)

    @property
    def default_params(self) -> GymnaxParams:
        """The parameters, of which there is one choice."""
        return GymnaxParams(self.env.settings.max_steps)

    def reset(self, key: Array, params: GymnaxParams | None = None) -> tuple[Array, State]:
        """Begin an episode on a level that the key picks; return its observation and state."""
        self._require_limit(params)
        start: tuple[Array, State] = self.env.reset(key)
        return start

    def step(
        self, key: Array, state: State, action: Array, params: GymnaxParams | None = None
    ) -> GymnaxStep:
        """Take a step; after an episode ends, the next one begins.

        Returns:
            The observation, the next state, the reward, whether the episode ended, and infos.
        """
        self._require_limit(params)
        return self.env.step(key, state, action)

    def step_env(
        self, key: Array, state: State, action: Array, params: GymnaxParams | None = None
    ) -> GymnaxStep:
        """Take a step as ``step`` does, but do not reset an ended episode."""
        self._require_limit(params)
        return self.env.step_env(state, action)

    def action_space(self, params: GymnaxParams | None = None) -> Any:
        """Return the space of actions: Gymnax's if it is installed, else Gymnasium's."""
        return _find_spaces().Discrete(self.num_actions)

    def observation_space(self, params: GymnaxParams | None = None) -> Any:
        """Return the space of observations: Gymnax's if it is installed, else Gymnasium's."""
        space: Any = self.env.observation_space
        low, high = space.low.min().item(), space.high.max().item()
        return _find_spaces().Box(low, high, space.shape, space.dtype)

    def _require_limit(self, params: object) -> None:
        """Raise ValueError for another time limit, which would have no effect."""
        limit = getattr(params, "max_steps_in_episode", None)
        if isinstance(limit, int) and limit != self.default_params.max_steps_in_episode:
            raise ValueError(
                f"params have max_steps_in_episode {shorten(limit)}, and this environment has"
                f" {self.default_params.max_steps_in_episode}: make it by make_jax(ID,"
                f" max_steps={limit}).as_gymnax()"
            )


def _find_spaces() -> Any:
    """Return the module of Gymnax's spaces, whose classes such code asks for, or Gymnasium's."""
    try:
        from gymnax.environments import spaces
    except ImportError:
        return gymnasium.spaces
    return spaces
