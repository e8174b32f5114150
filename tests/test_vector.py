"""The vector environment is SyncVectorEnv over TrapEnv, exactly."""

import copy
import pickle

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode, SyncVectorEnv

import mesa_gym
from mesa_gym.envs.vector import TrapVectorEnv
from mesa_gym.traps import LEVELS, all_traps

IDS = [trap.id() for trap in all_traps().values()]
MODES = list(AutoresetMode)
N = 7

each_id = pytest.mark.parametrize("env_id", IDS)
each_mode = pytest.mark.parametrize("mode", MODES, ids=lambda m: m.value)


def make_both(env_id, mode, n=N, **keywords):
    ours = gym.make_vec(env_id, n, autoreset_mode=mode, **keywords)
    theirs = SyncVectorEnv([lambda: gym.make(env_id, **keywords)] * n, autoreset_mode=mode)
    assert isinstance(ours, TrapVectorEnv)
    return ours, theirs


def assert_same(ours, theirs, where=""):
    """Equal down to dtypes and masks; nested dicts and object arrays of arrays included."""
    assert type(ours) is type(theirs), where
    if isinstance(ours, dict):
        assert ours.keys() == theirs.keys(), where
        for key in ours:
            assert_same(ours[key], theirs[key], f"{where}[{key!r}]")
    elif isinstance(ours, tuple | list):
        assert len(ours) == len(theirs), where
        for i, (a, b) in enumerate(zip(ours, theirs, strict=True)):
            assert_same(a, b, f"{where}[{i}]")
    elif isinstance(ours, np.ndarray) and ours.dtype == object:
        assert theirs.dtype == object, where
        assert_same(list(ours), list(theirs), where)
    elif isinstance(ours, np.ndarray):
        assert ours.dtype == theirs.dtype, where
        if not np.array_equal(ours, theirs):  # which says in a tenth of the time what is usual
            np.testing.assert_array_equal(ours, theirs, err_msg=where)
    else:
        assert ours == theirs, where


def played(both, steps, seed=0):
    """Step both with the same random actions, resetting what ended where nothing else does."""
    rng = np.random.default_rng(seed)
    for _ in range(steps):
        actions = rng.integers(0, 5, both[0].num_envs)
        results = [env.step(actions.copy()) for env in both]
        yield results
        done = results[1][2] | results[1][3]
        if both[0].autoreset_mode is AutoresetMode.DISABLED and done.any():
            yield [env.reset(options={"reset_mask": done.copy()}) for env in both]


@each_id
@each_mode
def test_equals_sync_vector_env(env_id, mode):
    # Short episodes: some step ends every episode at once, and most steps some.
    both = make_both(env_id, mode, alpha=0.3, num_levels=40, max_steps=23)
    assert both[0].observation_space == both[1].observation_space
    assert both[0].action_space == both[1].action_space
    assert both[0].single_action_space == both[1].single_action_space
    assert both[0].metadata["autoreset_mode"] is both[1].metadata["autoreset_mode"]
    assert_same(*[env.reset(seed=5) for env in both])
    ended = 0
    for ours, theirs in played(both, 300):
        assert_same(ours, theirs)
        ended += (ours[2] | ours[3]).sum() if len(ours) == 5 else 0
    assert ended > 0
    assert both[0].np_random_seed == both[1].np_random_seed == tuple(range(5, 5 + N))
    assert [g.random() for g in both[0].np_random] == [g.random() for g in both[1].np_random]


@each_id
def test_equals_sync_vector_env_of_levels_that_never_repeat(env_id):
    both = make_both(env_id, AutoresetMode.SAME_STEP, max_steps=9, alpha=0.5)
    assert_same(*[env.reset(seed=[3, 1, 4, 1, 5, 9, 2]) for env in both])
    for ours, theirs in played(both, 100):
        assert_same(ours, theirs)


@each_mode
def test_reset_with_mask_seeds_and_level_in_mid_episode(mode):
    both = make_both(IDS[0], mode)
    assert_same(*[env.reset(seed=1) for env in both])
    mask = np.arange(N) % 2 == 0
    for seed, options in [
        (None, {"reset_mask": mask}),
        ([None, 8, None, 9, 10, None, None], {"reset_mask": mask}),
        (77, {"reset_mask": mask, "level": 17}),
        (None, {"level": LEVELS - 1}),
        ([None] * N, None),
        (3, {}),
    ]:
        results = [env.reset(seed=seed, options=copy.copy(options)) for env in both]
        assert_same(*results)
        for ours, theirs in played(both, 20):
            assert_same(ours, theirs)


def test_renders_what_sync_vector_env_renders():
    for render_mode in ("ansi", "rgb_array"):
        both = make_both(IDS[0], AutoresetMode.NEXT_STEP, n=2, render_mode=render_mode)
        for env in both:
            env.reset(seed=1)
        assert_same(*[env.render() for env in both])


def test_max_episode_steps_and_the_time_limit_wrapper_agree():
    for limit in (4, 1000):
        ours = gym.make_vec(IDS[0], 3, max_episode_steps=limit, max_steps=9)
        theirs = SyncVectorEnv(
            [lambda: gym.make(IDS[0], max_episode_steps=limit, max_steps=9)] * 3  # noqa: B023
        )
        assert_same(*[env.reset(seed=0) for env in (ours, theirs)])
        for results in played((ours, theirs), 30):
            assert_same(*results)


def test_a_level_for_each_environment():
    env = gym.make_vec(IDS[0], 4)
    options = {"level": np.array([3, 0, 3, LEVELS - 1])}
    first, infos = env.reset(options=options)
    assert infos["level"].tolist() == [3, 0, 3, LEVELS - 1]
    np.testing.assert_array_equal(first[0], first[2])
    single = gym.make(IDS[0])
    for row in range(4):
        alone = single.reset(options={"level": int(options["level"][row])})[0]
        np.testing.assert_array_equal(alone, first[row])


def test_options_stay_as_they_are():
    env = gym.make_vec(IDS[0], 3)
    env.reset()
    options = {"level": 4, "reset_mask": np.array([True, False, True])}
    env.reset(options=options)
    assert options["level"] == 4
    assert options["reset_mask"].tolist() == [True, False, True]


@each_mode
def test_scribbling_on_results_changes_nothing(mode):
    def scribble(result):
        if isinstance(result, dict):
            for value in result.values():
                scribble(value)
        elif isinstance(result, tuple):
            for value in result:
                scribble(value)
        elif isinstance(result, np.ndarray) and result.dtype == object:
            for value in result:
                scribble(value)
            result[:] = "scribbled"
        elif isinstance(result, np.ndarray):
            result[...] = 1

    for env_id in IDS:
        spoilt, clean = (
            gym.make_vec(env_id, N, autoreset_mode=mode, max_steps=12, alpha=0.5, num_levels=9)
            for _ in range(2)
        )
        both = spoilt, clean
        scribble(spoilt.reset(seed=2))
        clean.reset(seed=2)
        for ours, theirs in played(both, 60):
            assert_same(ours, theirs)
            scribble(ours)


@each_mode
def test_every_array_of_a_step_has_its_own_memory(mode):
    def arrays(result):
        if isinstance(result, np.ndarray):
            yield result
            if result.dtype == object:
                for value in result:
                    yield from arrays(value)
        elif isinstance(result, dict | tuple):
            for value in result.values() if isinstance(result, dict) else result:
                yield from arrays(value)

    env = gym.make_vec(IDS[0], N, autoreset_mode=mode, max_steps=3)
    env.reset(seed=0)
    for _ in range(3):
        found = list(arrays(env.step(np.zeros(N, dtype=np.int64))))
        for i, a in enumerate(found):
            assert not any(np.shares_memory(a, b) for b in found[:i])


@each_id
@each_mode
def test_objectives_sums_are_those_of_single_environments(env_id, mode):
    """Returns of whole episodes, summed through ``objectives``, against single environments."""
    env = gym.make_vec(env_id, N, autoreset_mode=mode, max_steps=20, num_levels=30)
    env.reset(seed=11)
    rng = np.random.default_rng(1)
    rewards = np.zeros(N)
    sums = {name: np.zeros(N) for name in env.trap.objectives}
    for _ in range(500):
        result = env.step(rng.integers(0, 5, N))
        rewards += result[1]
        for name, paid in mesa_gym.objectives(result[4]).items():
            assert paid.shape == (N,)
            assert paid.dtype == np.float64
            sums[name] += paid
        done = result[2] | result[3]
        if mode is AutoresetMode.DISABLED and done.any():
            env.reset(options={"reset_mask": done})
    np.testing.assert_array_equal(rewards, sums[env.trap.base])
    assert rewards.any()


def test_objectives_of_one_environment():
    env = gym.make(IDS[0])
    env.reset(seed=0)
    infos = env.step(0)[4]
    assert mesa_gym.objectives(infos) == infos["objectives"]
    assert all(type(value) is float for value in infos["objectives"].values())


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda env: pickle.loads(pickle.dumps(env))])
@pytest.mark.parametrize("num_levels", [None, 5])
def test_copies_go_on_alike(copied, num_levels):
    env = TrapVectorEnv("CheeseCorner", N, max_steps=7, num_levels=num_levels)
    env.reset(seed=4)
    twin = copied(env)
    for ours, theirs in played((twin, env), 30):
        assert_same(ours, theirs)


def test_modes_of_make_vec():
    for mode, kind in (("sync", SyncVectorEnv), ("vector_entry_point", TrapVectorEnv)):
        env = gym.make_vec(IDS[0], 2, vectorization_mode=mode, split="shift", size=11)
        assert isinstance(env, kind)
        assert env.reset(seed=0)[1]["split"].tolist() == ["shift", "shift"]
    again = gym.make_vec(env.spec)
    assert_same(again.reset(seed=0), env.reset(seed=0))
