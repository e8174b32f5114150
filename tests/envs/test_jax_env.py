"""JAX environments: keys, integer widths, single steps, bad input. Episodes: test_fronts.py."""

import sys
from functools import partial

import numpy as np
import pytest

import mesa_gym
from mesa_gym.traps import LEVELS, Split, find_trap

CORNER = "MesaGym/CheeseCorner-v0"


@pytest.fixture(scope="module")
def jax():
    return pytest.importorskip("jax")


@pytest.fixture(scope="module")
def jit(jax):
    """Compile without optimising, which would take longer than the few runs."""
    return partial(jax.jit, compiler_options={"xla_backend_optimization_level": 0})


def play(jax, env, steps):
    """Return a function of a key that gives first observations and results of random steps."""
    actions = np.random.default_rng(0).integers(0, 5, (steps, env.num_envs), dtype=np.int32)

    def take(state, given):
        key, action = given
        seen, state, *rest = env.step(key, state, action)
        return state, (action, seen, *rest)

    def run(key):
        seen, state = env.reset(key)
        return seen, jax.lax.scan(take, state, (jax.random.split(key, steps), actions))[1]

    return run


@pytest.mark.thorough
def test_make_jax_gives_32_bits_under_x64(jax, jit):
    env = mesa_gym.make_jax("MesaGym/MonsterWorld-v0", 4, num_levels=8)
    run, keys = play(jax, env, 40), jax.random.split(jax.random.key(3), 2)
    narrow = jax.tree.leaves(jit(run)(keys[1]))
    with jax.enable_x64(True):
        wide = jax.tree.leaves(jit(jax.vmap(run))(keys))
    for one, both in zip(narrow, wide, strict=True):
        assert one.dtype == both.dtype
        np.testing.assert_array_equal(one, both[1])
    assert {one.dtype.name for one in narrow} == {"uint8", "int32", "float32", "bool"}


def test_keys_pick_levels_of_both_splits_alike(jax, jit):
    env = mesa_gym.make_jax(CORNER, 4000, num_levels=5, alpha=0.3)
    seen, state = jit(env.reset)(jax.random.PRNGKey(7))
    action = np.full(4000, 4)
    seen, _, _, _, infos = jax.tree.map(np.asarray, jit(env.step)(jax.random.key(1), state, action))
    level, split = infos["level"], infos["split"]
    counts = np.array(
        [np.bincount(level[split == code.code], minlength=5) for code in (Split.TRAIN, Split.SHIFT)]
    )
    expected = 4000 * np.array([[0.14], [0.06]])
    assert (np.abs(counts - expected) < 5 * np.sqrt(expected)).all()
    for code, first in ((Split.TRAIN, 0), (Split.SHIFT, LEVELS)):
        starts = env.trap.observe(env.trap.levels(code, np.arange(5) + first))
        rows = split == code.code
        np.testing.assert_array_equal(infos["final_obs"][rows], starts[level[rows]])
    again = jit(env.reset)(jax.random.PRNGKey(8))[0]
    assert (np.asarray(again) != seen).any()


def test_step_env_is_step_before_its_reset(jax, jit):
    env = mesa_gym.make_jax(CORNER, 16, num_levels=5, max_steps=3, alpha=0.5)
    bare = mesa_gym.make_jax(CORNER, 16, num_levels=5, max_steps=3, alpha=0.5, final_obs=False)
    rows = np.arange(16) % 10
    seen, state = jit(env.reset_to_level)(rows)
    starts = [env.trap.observe(env.trap.levels(split, np.arange(5) + first))
              for split, first in ((Split.TRAIN, 0), (Split.SHIFT, LEVELS))]  # fmt: skip
    np.testing.assert_array_equal(seen, np.concatenate(starts)[rows])
    key, action = jax.random.key(0), np.arange(16) % 5
    step, step_env = jit(env.step), jit(env.step_env)
    for _ in range(3):
        shown, after, paid, done, infos = step_env(state, action)
        following, state, reward, over, given = step(key, state, action)
        np.testing.assert_array_equal(shown, given.pop("final_obs"))
        for one, two in zip(
            (paid, done, *infos.values()), (reward, over, *given.values()), strict=True
        ):
            np.testing.assert_array_equal(one, two)
        assert infos.keys() == given.keys()
        np.testing.assert_array_equal(shown[~done], following[~done])
    assert done.all()
    assert after.clock.tolist() == [3] * 16
    assert set(bare.step(key, bare.reset(key)[1], action)[4]) == set(infos)
    with pytest.raises(ValueError, match="levels must be 16 integers, one for each env"):
        env.reset_to_level(rows[1:])


def test_bad_input_is_named(jax, monkeypatch):
    from mesa_gym.envs import jax_env

    env = mesa_gym.make_jax(find_trap("CheeseCorner")(7), 3, num_levels=2)
    _, state = env.reset(jax.random.key(0))
    for actions, found in ((np.zeros(2, int), r"\(2,\)"), (np.zeros(3), "float32 of the shape")):
        with pytest.raises(ValueError, match=f"actions must be 3 integers.*{found}"):
            env.step(jax.random.key(0), state, actions)
    with pytest.raises(ValueError, match="reach needs observation='listed', not 'planes'"):
        mesa_gym.make_jax(CORNER, 2, num_levels=2, reach=3)
    with pytest.raises(TypeError, match=r"'device'; JAX's default .*, which jax\.default_device"):
        mesa_gym.make_jax(CORNER, 2, device="cuda")
    with pytest.raises(ValueError, match=r"the number 4,294,967,296; .* below 2"):
        jax_env._narrow(np.array([5, 1 << 32]))
    monkeypatch.delitem(sys.modules, "mesa_gym.envs.jax_env")
    monkeypatch.setitem(sys.modules, "jax", None)
    with pytest.raises(ImportError, match=r"'jax'.*mesa-gym\[jax\]"):
        mesa_gym.make_jax(CORNER, 2)


@pytest.mark.parametrize("observation", ["planes", "centred", "listed"])
def test_jax_env_works_under_strict_rules(jax, jit, observation):
    expected = mesa_gym.make_jax(CORNER, 4, num_levels=16, observation=observation)
    key, actions = jax.random.key(0), jax.numpy.zeros(4, jax.numpy.int32)
    expected = jit(expected.step)(key, expected.reset(key)[1], actions)[0]
    with jax.numpy_rank_promotion("raise"), jax.transfer_guard("disallow"):
        env = mesa_gym.make_jax(CORNER, 4, num_levels=16, observation=observation)
        found = jit(env.step)(key, env.reset(key)[1], actions)[0]
    np.testing.assert_array_equal(found, expected)
