"""One environment with the interface of Gymnax 0.0.9, which most JAX loops use."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax.numpy as jnp
from jax import Array

from mesa_gym.engine import ACTIONS, State
from mesa_gym.envs.jax_env import JaxEnv

try:  # wrappers ask whether a space is one of theirs
    from gymnax.environments import spaces
except ImportError:
    from gymnasium import spaces

Stepped = tuple[Array, State, Array, Array, dict[str, Array]]


class GymnaxParams(NamedTuple):
    """Parameters that Gymnax passes to each method; they have no effect here."""

    max_steps_in_episode: int

    def replace(self, max_steps_in_episode: int | None = None) -> GymnaxParams:
        """Return these params; ValueError for a time limit that differs from the environment's."""
        if max_steps_in_episode not in (None, self.max_steps_in_episode):
            raise ValueError(
                f"an episode has at most {self.max_steps_in_episode} steps, got"
                f" max_steps_in_episode={max_steps_in_episode}; for another limit give max_steps"
                " to make_gymnax"
            )
        return self


class GymnaxEnv:
    """One environment as pure functions of a key, a state, an action and params.

    Run many with ``jax.vmap(env.step, in_axes=(0, 0, 0, None))``. Infos are those of ``JaxEnv``
    without ``final_obs``. ``step_env`` and ``reset_to_level`` are what replay of levels needs.

    Args:
        env: of one environment.

    Attributes:
        env: the same.
        default_params: what ``make_gymnax`` gives.
        name: the trap's, with its version.
        num_actions: how many actions there are.
        obs_shape: of an observation.
    """

    def __init__(self, env: JaxEnv) -> None:
        self.env = env
        self.default_params = GymnaxParams(env.settings.max_steps)
        self.name, self.num_actions = env.trap.name(), len(ACTIONS)
        self.obs_shape = env.single_observation_space.shape

    def reset(self, key: Array, params: GymnaxParams | None = None) -> tuple[Array, State]:
        """Begin an episode on a level drawn by ``key``; ``params`` is ignored."""
        obs, state = self.env.reset(key)
        return obs[0], state

    reset_env = reset

    def reset_to_level(
        self, key: Array, level: Array, params: GymnaxParams | None = None
    ) -> tuple[Array, State]:
        """Begin an episode on level number ``level``; ``key`` and ``params`` are ignored."""
        obs, state = self.env.reset_to_level(_spread(level))
        return obs[0], state

    def step(
        self, key: Array, state: State, action: Array, params: GymnaxParams | None = None
    ) -> Stepped:
        """Take an ``action`` from ``state``; at an end ``key`` picks the next level.

        Returns:
            Observation, state, reward, whether the episode ended, infos. ``params`` change nothing.
        """
        return _take_first(self.env.step(key, state, _spread(action)))

    def step_env(
        self, key: Array, state: State, action: Array, params: GymnaxParams | None = None
    ) -> Stepped:
        """Take an ``action`` from ``state`` alone, as ``step`` but without another episode.

        After an end the rules would go on and pay again: reset environments that are done. Chance
        comes from the state: ``key`` and ``params`` change nothing.

        Returns:
            Five values, as ``step``.
        """
        return _take_first(self.env.step_env(state, _spread(action)))

    def observation_space(self, params: GymnaxParams | None = None) -> Any:
        """Return the observations as Gymnax's Box, or Gymnasium's if Gymnax is not installed."""
        space = self.env.single_observation_space
        return spaces.Box(space.low.min(), space.high.max(), space.shape, space.dtype)

    def action_space(self, params: GymnaxParams | None = None) -> Any:
        """Return the five actions as a Discrete of the library that ``observation_space`` uses."""
        return spaces.Discrete(len(ACTIONS))


def _spread(number: Any) -> Array:
    return jnp.asarray(number)[None]


def _take_first(stepped: Stepped) -> Stepped:
    obs, state, reward, done, infos = stepped
    return obs[0], state, reward[0], done[0], {name: values[0] for name, values in infos.items()}
