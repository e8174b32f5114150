"""JAX environments give what NumPy's give on the same levels, in programs of either width."""

import sys

import gymnasium as gym
import numpy as np
import pytest
from parameters import TRAPS, few

import mesa_gym
from mesa_gym.traps import LEVELS, Split, find_trap

CORNER = "MesaGym/CheeseCorner-v0"
QUICK = [find_trap("CheeseCorner"), find_trap("MonsterWorld")]  # the latter's rules draw


@pytest.fixture(scope="module")
def jax():
    return pytest.importorskip("jax")


def play(jax, env, steps):
    """Return a function of a key: the first observations, and what random steps return."""
    actions = np.random.default_rng(0).integers(0, 5, (steps, env.num_envs), dtype=np.int32)

    def take(state, given):
        key, action = given
        seen, state, *rest = env.step(key, state, action)
        return state, (action, seen, *rest)

    def run(key):
        seen, state = env.reset(key)
        return seen, jax.lax.scan(take, state, (jax.random.split(key, steps), actions))[1]

    return run


def steps_alike(jax, trap, steps, n=16, **keywords):
    env = mesa_gym.make_jax(trap.id(), n, num_levels=32, **keywords)
    # This compiles in two thirds of the time.
    run = jax.jit(play(jax, env, steps), compiler_options={"xla_backend_optimization_level": 0})
    seen, (*parts, infos) = jax.tree.map(np.asarray, run(jax.random.key(0)))
    theirs = gym.make_vec(trap.id(), n, autoreset_mode="Disabled", **keywords)
    dtype = theirs.observation_space.dtype
    assert seen.dtype == parts[1].dtype == infos["final_obs"].dtype == dtype
    over = np.ones(n, dtype=bool)
    for step, (action, following, reward, done) in enumerate(zip(*parts, strict=True)):
        given = {name: array[step] for name, array in infos.items()}
        if over.any():
            options = {"level": given["level"].tolist(), "reset_mask": over}
            np.testing.assert_array_equal(seen, theirs.reset(options=options)[0])
        want, *expected, wanted = theirs.step(action)
        over = expected[1] | expected[2]
        wanted |= dict(zip(("reward", "terminated", "truncated"), expected, strict=True))
        wanted |= {"final_obs": want, "done": over}
        given |= {"reward": reward, "done": done}
        assert {*given} == {name for name in wanted if name[0] != "_"}
        for name, array in given.items():  # payments have 32 bits
            np.testing.assert_array_equal(array, wanted[name].astype(array.dtype), name)
        np.testing.assert_array_equal(following[~over], want[~over])
        seen = following


@pytest.mark.parametrize("trap", few(TRAPS, *QUICK, thorough=TRAPS), ids=lambda trap: trap.name())
def test_steps_are_those_of_the_vector_environment(jax, trap):
    steps_alike(jax, trap, 500)


@pytest.mark.parametrize(
    "shown",
    [
        {"observation": "flat", "reward": "dish", "step_reward": -0.25, "dish_planes": 3},
        {"observation": "chw", "split": "shift", "size": (7, 9)},
        {"observation": "centred", "agent_view_size": 5, "salt": "secret"},
    ],
    ids=str,
)
@pytest.mark.thorough
def test_keywords_are_those_of_the_vector_environment(jax, shown):
    """Of so many environments that things are drawn one after another."""
    steps_alike(jax, find_trap("CheeseDish"), 30, n=40, max_steps=9, **shown)


@pytest.mark.thorough
def test_make_jax_takes_things_of_a_keyword(jax):
    steps_alike(jax, find_trap("Composed"), 200, pair=22)


@pytest.mark.thorough
def test_make_jax_gives_32_bits_under_x64(jax):
    env = mesa_gym.make_jax("MesaGym/MonsterWorld-v0", 4, num_levels=8)
    run, keys = play(jax, env, 40), jax.random.split(jax.random.key(3), 2)
    narrow = jax.tree.leaves(jax.jit(run)(keys[1]))
    with jax.enable_x64(True):
        wide = jax.tree.leaves(jax.jit(jax.vmap(run))(keys))
    for one, both in zip(narrow, wide, strict=True):
        assert one.dtype == both.dtype
        np.testing.assert_array_equal(one, both[1])
    assert {one.dtype.name for one in narrow} == {"uint8", "int32", "float32", "bool"}


def test_keys_pick_levels_of_both_splits_alike(jax):
    env = mesa_gym.make_jax(CORNER, 4000, num_levels=5, alpha=0.3)
    seen, state = jax.jit(env.reset)(jax.random.PRNGKey(7))
    action = np.full(4000, 4)
    seen, _, _, _, infos = jax.tree.map(
        np.asarray, jax.jit(env.step)(jax.random.key(1), state, action)
    )
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
    again = jax.jit(env.reset)(jax.random.PRNGKey(8))[0]
    assert (np.asarray(again) != seen).any()


def test_step_env_is_step_before_its_reset(jax):
    env = mesa_gym.make_jax(CORNER, 16, num_levels=5, max_steps=3, alpha=0.5)
    bare = mesa_gym.make_jax(CORNER, 16, num_levels=5, max_steps=3, alpha=0.5, final_obs=False)
    rows = np.arange(16) % 10
    seen, state = jax.jit(env.reset_to_level)(rows)
    starts = [env.trap.observe(env.trap.levels(split, np.arange(5) + first))
              for split, first in ((Split.TRAIN, 0), (Split.SHIFT, LEVELS))]  # fmt: skip
    np.testing.assert_array_equal(seen, np.concatenate(starts)[rows])
    key, action = jax.random.key(0), np.arange(16) % 5
    for _ in range(3):
        shown, after, paid, done, infos = jax.jit(env.step_env)(state, action)
        following, state, reward, over, given = jax.jit(env.step)(key, state, action)
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

    env = mesa_gym.make_jax(QUICK[0](7), 3, num_levels=2)
    _, state = env.reset(jax.random.key(0))
    for actions, found in ((np.zeros(2, int), r"\(2,\)"), (np.zeros(3), "float32 of the shape")):
        with pytest.raises(ValueError, match=f"actions must be 3 integers.*{found}"):
            env.step(jax.random.key(0), state, actions)
    with pytest.raises(ValueError, match="'rgb' is not offered on a device; it offers planes"):
        mesa_gym.make_jax(CORNER, 2, observation="rgb")
    with pytest.raises(ValueError, match=r"a level holds 4,294,967,296; .* below 2"):
        jax_env._narrow(np.array([5, 1 << 32]))
    monkeypatch.delitem(sys.modules, "mesa_gym.envs.jax_env")
    monkeypatch.setitem(sys.modules, "jax", None)
    with pytest.raises(ImportError, match=r"'jax'.*mesa-gym\[jax\]"):
        mesa_gym.make_jax(CORNER, 2)
