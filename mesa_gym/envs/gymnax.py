"""One environment called as those of Gymnax 0.0.9, which purejaxrl and its kin are written for."""

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
    """Params as Gymnax hands them to each method; here they change nothing."""

    max_steps_in_episode: int


class GymnaxEnv:
    """One environment as pure functions of a key, a state, an action and params.

    Run many with ``jax.vmap(env.step, in_axes=(0, 0, 0, None))``. Infos are those of ``JaxEnv``
    without ``final_obs``; ``step_env`` and ``reset_to_level`` are what replay of levels needs.

    Args:
        env: of one environment.

    Attributes:
        env: the same.
        default_params: what ``make_gymnax`` gives.
    """

    def __init__(self, env: JaxEnv) -> None:
        self.env = env
        self.default_params = GymnaxParams(env.settings.max_steps)

    def reset(self, key: Array, params: GymnaxParams | None = None) -> tuple[Array, State]:
        """Begin an episode on a level that ``key`` picks; ``params`` may be left out."""
        seen, state = self.env.reset(key)
        return seen[0], state

    def reset_to_level(
        self, key: Array, level: Array, params: GymnaxParams | None = None
    ) -> tuple[Array, State]:
        """Begin an episode on ``level``, a number; ``key`` and ``params`` change nothing."""
        seen, state = self.env.reset_to_level(_spread(level))
        return seen[0], state

    def step(
        self, key: Array, state: State, action: Array, params: GymnaxParams | None = None
    ) -> Stepped:
        """Take an ``action`` from ``state``; at an end ``key`` picks the next level.

        Returns:
            Observation, state, reward, whether the episode ended, infos; ``params`` change nothing.
        """
        return _take_first(self.env.step(key, state, _spread(action)))

    def step_env(
        self, key: Array, state: State, action: Array, params: GymnaxParams | None = None
    ) -> Stepped:
        """Take an ``action`` from ``state`` alone, as ``step`` but without another episode.

        The rules have their luck from the state: ``key`` and ``params`` change nothing.
        """
        return _take_first(self.env.step_env(state, _spread(action)))

    def observation_space(self, params: GymnaxParams | None = None) -> Any:
        """Return a Box of Gymnax, or of Gymnasium where that is not installed; no ``params``."""
        own = self.env.single_observation_space
        return spaces.Box(own.low.min(), own.high.max(), own.shape, own.dtype)

    def action_space(self, params: GymnaxParams | None = None) -> Any:
        """Return the Discrete of the five actions, of the same library; no ``params``."""
        return spaces.Discrete(len(ACTIONS))


def _spread(number: Any) -> Array:
    return jnp.asarray(number)[None]


def _take_first(stepped: Stepped) -> Stepped:
    seen, state, reward, done, infos = stepped
    return seen[0], state, reward[0], done[0], {name: each[0] for name, each in infos.items()}
