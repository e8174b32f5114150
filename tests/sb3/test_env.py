"""The adapter steps as DummyVecEnv over TrapEnv does."""

import sys

import gymnasium as gym
import numpy as np
import pytest

from tests.support.parameters import TRAPS, few_traps

pytest.importorskip("stable_baselines3")

from stable_baselines3.common.monitor import Monitor
from stable_baselines3.common.vec_env import DummyVecEnv, VecMonitor

import mesa_gym
from mesa_gym.envs import TrapVectorEnv
from mesa_gym.envs.infos import key_payments
from mesa_gym.sb3.env import TrapVecEnv
from mesa_gym.traps import Split

N = 4


def make_both(env_id, **keywords):
    theirs = DummyVecEnv([lambda: gym.make(env_id, **keywords)] * N)
    return mesa_gym.make_sb3(env_id, N, **keywords), theirs


@few_traps
def test_sb3_steps_equal_dummy_vec_env(trap):
    ours, theirs = make_both(trap.id(), max_steps=17, alpha=0.5)
    assert ours.observation_space == theirs.observation_space
    assert ours.action_space == theirs.action_space
    assert ours.seed(range(3, 3 + N)) == theirs.seed(3)
    np.testing.assert_array_equal(ours.reset(), theirs.reset())
    rng = np.random.default_rng(0)
    totals, lengths = [dict.fromkeys(trap.objectives, 0.0) for _ in range(N)], [0] * N
    for _ in range(150):
        assert ours.unwrapped.reset_infos == theirs.reset_infos
        actions = rng.integers(0, 5, N)
        *mine, infos = ours.step(actions)
        *dummy, dummy_infos = theirs.step(actions)
        for a, b in zip(mine, dummy, strict=True):
            assert a.dtype == b.dtype
            np.testing.assert_array_equal(a, b)
            a[:] = 1  # what is returned is the user's own
        for row, (info, other) in enumerate(zip(infos, dummy_infos, strict=True)):
            lengths[row] += 1
            totals[row] = {k: pay + totals[row][k] for k, pay in mesa_gym.objectives(other).items()}
            if not dummy[2][row]:
                assert info == {}
                continue
            episode = info.pop("episode")
            assert episode["r"] == pytest.approx(totals[row][trap.base], rel=1e-6)  # float32
            assert episode["l"] == lengths[row]
            np.testing.assert_equal(info, {**other, **key_payments(totals[row])})
            info["terminal_observation"].fill(1)
            totals[row], lengths[row] = dict.fromkeys(trap.objectives, 0.0), 0


def test_sb3_environments_seed_and_reset_alike():
    ours, theirs = make_both(TRAPS[1].id(), render_mode="rgb_array")
    for options in (
        {"level": 4},
        [{"level": 4}, {"minari_autoseed": False}, {"level": 9}, {}],
        None,
    ):
        ours.seed([6, 7, 8, 9])
        theirs.seed(6)
        for env in (ours, theirs):
            env.set_options(options)
        for _ in range(2):
            np.testing.assert_array_equal(ours.reset(), theirs.reset())
            assert ours.unwrapped.reset_infos == theirs.reset_infos
    for name in ("render_mode", "np_random_seed", "action_space", "observation_space"):
        assert ours.get_attr(name) == theirs.get_attr(name)
        assert ours.get_attr(name, [1, 3]) == theirs.get_attr(name, [1, 3])
    for method in ("render", "action_masks"):
        results = [env.env_method(method, indices=2) for env in (ours, theirs)]
        np.testing.assert_array_equal(*results)
    np.testing.assert_array_equal(ours.render(), theirs.render())
    assert ours.env_is_wrapped(Monitor) == theirs.env_is_wrapped(Monitor) == [False] * N
    assert ours.has_attr("nothing") is theirs.has_attr("nothing") is False
    for env in (ours, theirs):
        env.set_attr("mark", 3, indices=[0, 2])
        assert env.get_attr("mark", indices=[0, 2]) == [3, 3]


def test_bad_input_is_named(monkeypatch):
    env = mesa_gym.make_sb3(TRAPS[1].id(Split.SHIFT), N, seed=[5, 6, 7, 8], num_levels=3)
    assert isinstance(env, VecMonitor)
    assert isinstance(env.unwrapped, TrapVecEnv)
    env.reset()
    assert env.get_attr("np_random_seed") == [5, 6, 7, 8]
    with pytest.raises(ValueError, match="action 7 of environment 3; expected an integer: 0"):
        env.step(np.array([0, 0, 0, 7]))
    with pytest.raises(ValueError, match="SB3 needs autoreset_mode='SameStep', got 'NextStep'"):
        TrapVecEnv(TrapVectorEnv(TRAPS[0], 2))
    monkeypatch.delitem(sys.modules, "mesa_gym.sb3.env")
    monkeypatch.setitem(sys.modules, "stable_baselines3.common.vec_env", None)
    with pytest.raises(ImportError, match=r"'stable-baselines3'.*mesa-gym\[sb3\]"):
        mesa_gym.make_sb3(TRAPS[0].id(), 2)
