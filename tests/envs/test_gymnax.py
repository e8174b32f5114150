"""Environments called as Gymnax calls its own: by purejaxrl's loop, and to replay levels."""

from typing import NamedTuple

import numpy as np
import pytest

import mesa_gym
from tests.support.parameters import thorough

jax = pytest.importorskip("jax")
jnp = jax.numpy
CORNER, ENVS, STEPS = "MesaGym/CheeseCorner-v0", 8, 80
# To optimise takes longer than what is run once or twice.
QUICKLY = {"xla_backend_optimization_level": 0}


class Logged(NamedTuple):
    """A state, and beside it what purejaxrl's LogWrapper carries."""

    state: object
    total: jax.Array


class LogWrapper:
    """Like purejaxrl's: it flattens observations, passes attributes on, and adds to infos."""

    def __init__(self, env):
        self._env = env

    def __getattr__(self, name):
        return getattr(self._env, name)

    def reset(self, key, params=None):
        seen, state = self._env.reset(key, params)
        return jnp.reshape(seen, (-1,)), Logged(state, 0.0)

    def step(self, key, logged, action, params=None):
        seen, state, reward, done, info = self._env.step(key, logged.state, action, params)
        total = logged.total + reward
        info["returned_episode_returns"] = total * done
        return jnp.reshape(seen, (-1,)), Logged(state, total * (1 - done)), reward, done, info


@pytest.mark.parametrize("kind", ["planes", thorough("flat")])
def test_gymnax_plays_in_the_purejaxrl_loop(kind):
    """The loop's calls are compiled as a whole; reset, step and spaces take params."""
    env, params = mesa_gym.make_gymnax(CORNER, observation=kind)
    env = LogWrapper(env)
    size = int(np.prod(env.observation_space(params).shape))
    actions = env.action_space(params).n
    assert (size, actions, params.max_steps_in_episode) == (243, 5, 64)

    def play(key):
        first, key = jax.random.split(key)
        resets = jax.random.split(first, ENVS)
        _, state = jax.vmap(env.reset, in_axes=(0, None))(resets, params)

        def env_step(carry, _):
            state, key = carry
            key, choose, move = jax.random.split(key, 3)
            action = jax.random.randint(choose, (ENVS,), 0, actions)
            seen, state, reward, done, info = jax.vmap(env.step, in_axes=(0, 0, 0, None))(
                jax.random.split(move, ENVS), state, action, params
            )
            return (state, key), {**info, "seen": seen, "done": done, "reward": reward}

        return jax.lax.scan(env_step, (state, key), None, STEPS)[1]

    metrics = {
        name: np.asarray(x)
        for name, x in jax.jit(play, compiler_options=QUICKLY)(jax.random.PRNGKey(30)).items()
    }
    assert metrics.pop("seen").shape == (STEPS, ENVS, size)
    assert {array.shape for array in metrics.values()} == {(STEPS, ENVS)}
    assert "final_obs" not in metrics
    done = metrics["done"]
    np.testing.assert_array_equal(done, metrics["terminated"] | metrics["truncated"])
    np.testing.assert_array_equal(metrics["reward"], metrics["reward_cheese"])
    returned = metrics["returned_episode_returns"]
    assert returned.sum() == returned[done].sum() > 0


def test_levels_are_replayed_without_autoreset():
    """Prioritised replay and editors play one level, keep its end, and play it again."""
    env, params = mesa_gym.make_gymnax(CORNER, num_levels=9, max_steps=2)
    key, levels = jax.random.key(0), jnp.arange(9)
    seen, state = jax.vmap(env.reset_to_level, in_axes=(None, 0, None))(key, levels, params)
    trap = env.env.trap
    np.testing.assert_array_equal(seen, trap.observe(trap.levels("train", np.arange(9))))
    step = jax.jit(jax.vmap(env.step_env, in_axes=(None, 0, 0, None)))
    for late in (False, True):
        seen, state, reward, done, info = step(key, state, jnp.full(9, 4), params)
        np.testing.assert_array_equal(info["level"], levels)
        assert done.tolist() == [late] * 9
    # The end is shown, not a next level.
    np.testing.assert_array_equal(seen, trap.observe(trap.levels("train", np.arange(9))))


def test_gymnax_has_attributes_that_clients_read():
    """evosax replaces params, mostly by nothing, and reads the number of actions."""
    env, params = mesa_gym.make_gymnax(CORNER)
    assert (env.name, env.num_actions, params.replace()) == ("CheeseCorner-v0", 5, params)
    assert env.obs_shape == env.observation_space(params).shape == (9, 9, 3)
    assert params.replace(max_steps_in_episode=64) == params
    with pytest.raises(ValueError, match=r"at most 64 steps, got .*=9; .* give max_steps to make_"):
        params.replace(max_steps_in_episode=9)
    for one, other in zip(*(f(jax.random.key(1)) for f in (env.reset, env.reset_env)), strict=True):
        jax.tree.map(np.testing.assert_array_equal, one, other)
