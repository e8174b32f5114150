"""A JAX environment under Gymnax's names, as training code for JAX calls it."""

import sys
from functools import partial
from types import ModuleType, SimpleNamespace

import gymnasium
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import mesa_gym

N = 6
KEYWORDS = {"num_levels": 8, "max_steps": 3, "observation": "flat"}


@pytest.fixture(scope="module")
def plain():
    return mesa_gym.make_jax("CheeseDish", **KEYWORDS)


@pytest.fixture(scope="module")
def env(plain):
    return plain.as_gymnax()


def play(reset, step, *params):
    """Return what N environments give in five steps, after an episode's end too."""
    axes = (None,) * len(params)
    keys = jax.random.split(jax.random.key(0), N)
    obs, state = jax.vmap(reset, in_axes=(0, *axes))(keys, *params)
    steps = [obs]
    for action in range(5):
        transition = jax.vmap(step, in_axes=(0, 0, 0, *axes))(
            keys, state, jnp.full(N, action), *params
        )
        state = transition[1]
        steps.append(transition)
    return steps


@pytest.mark.thorough
def test_gymnax_names_give_equal_steps(env, plain):
    by_names = play(env.reset, env.step, env.default_params)
    expected = play(plain.reset, plain.step)
    for transition, (*_, infos) in zip(by_names[1:], expected[1:], strict=True):
        del infos["final_obs"]
        assert transition[4].keys() == infos.keys()
    assert jax.tree.structure(by_names) == jax.tree.structure(expected)
    for values, others in zip(*map(jax.tree.leaves, (by_names, expected)), strict=True):
        np.testing.assert_array_equal(values, others)
    assert any(done.any() for _, _, _, done, _ in expected[1:])


@pytest.mark.thorough
def test_gymnax_params_are_static_and_mapped(env):
    """Craftax's wrappers compile them as a constant, PureJaxRL's map them."""
    params = env.default_params
    assert params.max_steps_in_episode == 3
    reset = partial(jax.jit, static_argnums=1)(env.reset)
    np.testing.assert_array_equal(
        reset(jax.random.key(1), params)[0], env.reset(jax.random.key(1))[0]
    )
    assert env.name == "MesaGym/CheeseDish-v0"


@pytest.mark.thorough
def test_wrapper_can_reset_step_env(env):
    """Craftax's wrapper selects between each array of the state after a step and after a reset."""
    key = jax.random.key(2)
    _, start = env.reset(key)
    state = start
    for _ in range(3):
        _, state, _, done, infos = env.step_env(key, state, 4)
    assert bool(done)
    assert set(infos) >= {"terminated", "truncated", "level"}
    assert int(state.clock) == 3
    chosen = jax.tree.map(lambda new, old: jax.lax.select(done, new, old), start, state)
    assert int(chosen.clock) == 0
    assert [array.shape for array in jax.tree.leaves(infos)] == [()] * len(infos)


@pytest.mark.parametrize("installed", [False, True])
def test_gymnax_spaces_are_of_installed_classes(env, installed, monkeypatch):
    """PureJaxRL and rejax ask for Gymnax's classes; others read the attributes alone."""
    spaces = gymnasium.spaces
    monkeypatch.setitem(sys.modules, "gymnax", None)
    if installed:
        spaces = ModuleType("spaces")
        spaces.Discrete = lambda n: SimpleNamespace(n=n, of="gymnax")
        spaces.Box = lambda low, high, shape, dtype: SimpleNamespace(
            low=low, high=high, shape=shape, dtype=dtype, of="gymnax"
        )
        package = ModuleType("gymnax")
        package.__path__ = []
        package.environments = ModuleType("environments")
        package.environments.spaces = spaces
        monkeypatch.setitem(sys.modules, "gymnax", package)
        monkeypatch.setitem(sys.modules, "gymnax.environments", package.environments)
    actions, observed = env.action_space(env.default_params), env.observation_space()
    assert (actions.n, env.num_actions) == (5, 5)
    assert observed.shape == env.reset(jax.random.key(0))[0].shape
    assert (np.min(observed.low), np.max(observed.high), observed.dtype) == (0, 1, np.float32)
    assert (hasattr(actions, "of"), hasattr(observed, "of")) == (installed, installed)


def test_gymnax_names_refuse_what_has_no_effect(env):
    params = env.default_params._replace(max_steps_in_episode=9)
    message = (
        r"params have max_steps_in_episode 9, .* has 3: make it by make_jax\(ID, max_steps=9\)"
    )
    with pytest.raises(ValueError, match=message):
        env.reset(jax.random.key(0), params)
    with pytest.raises(ValueError, match="as_gymnax needs one environment, and these are 2; leave"):
        mesa_gym.make_jax("CheeseDish", 2, **KEYWORDS).as_gymnax()
