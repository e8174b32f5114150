"""The adapter steps as DummyVecEnv over TrapEnv does."""

import sys
import warnings

import gymnasium as gym
import numpy as np
import pytest
from offered import each_offered

pytest.importorskip("stable_baselines3")

from stable_baselines3.common.env_checker import check_env
from stable_baselines3.common.monitor import Monitor
from stable_baselines3.common.vec_env import DummyVecEnv, VecMonitor

import mesa_gym
from mesa_gym.envs.sb3 import TrapVecEnv
from mesa_gym.envs.vector import TrapVectorEnv
from mesa_gym.traps import Split, all_traps

TRAPS = list(all_traps().values())
each_trap = pytest.mark.parametrize("trap", TRAPS, ids=lambda t: t.name())
N = 5


def make_both(env_id, **keywords):
    ours = mesa_gym.make_sb3(env_id, N, **keywords)
    theirs = DummyVecEnv([lambda: gym.make(env_id, **keywords)] * N)
    return ours, theirs


# SB3 takes every three-dimensional Box for a picture; planes, whose Box ends at 1, are none.
NO_PICTURE = "It seems that your observation +(space +)?is an image but the"


@each_offered
def test_sb3_finds_nothing_to_warn_of(trap, observation):
    for split in Split:
        env = gym.make(trap.id(split), observation=observation, render_mode="rgb_array")
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            if observation != "rgb":
                warnings.filterwarnings("ignore", NO_PICTURE)
                warnings.filterwarnings("ignore", "The minimal resolution for an image is 36x36")
                warnings.filterwarnings("ignore", "Treating image space as channels-last")
            check_env(env.unwrapped)


@each_trap
def test_steps_are_those_of_dummy_vec_env(trap):
    ours, theirs = make_both(trap.id(), max_steps=17, alpha=0.5)
    assert ours.observation_space == theirs.observation_space
    assert ours.action_space == theirs.action_space
    assert ours.seed(3) == theirs.seed(3)
    np.testing.assert_array_equal(ours.reset(), theirs.reset())
    assert ours.unwrapped.reset_infos == theirs.reset_infos
    rng = np.random.default_rng(0)
    totals = [dict.fromkeys(trap.objectives, 0.0) for _ in range(N)]
    lengths = np.zeros(N)
    finished = 0
    for _ in range(300):
        actions = rng.integers(0, 5, N)
        *mine, infos = ours.step(actions)
        *dummy, dummy_infos = theirs.step(actions)
        for a, b in zip(mine, dummy, strict=True):
            assert a.dtype == b.dtype
            np.testing.assert_array_equal(a, b)
        lengths += 1
        for row, (info, other) in enumerate(zip(infos, dummy_infos, strict=True)):
            for name, paid in other["objectives"].items():
                totals[row][name] += paid
            if not dummy[2][row]:
                assert info == {}
                continue
            episode = info.pop("episode")
            assert episode["r"] == pytest.approx(totals[row][trap.base], rel=1e-6)  # float32
            assert episode["l"] == lengths[row]
            np.testing.assert_equal(info, {**other, "objectives": totals[row]})
            assert list(map(type, info["objectives"].values())) == [float] * len(totals[row])
            totals[row] = dict.fromkeys(trap.objectives, 0.0)
            lengths[row] = 0
            finished += 1
        assert ours.unwrapped.reset_infos == theirs.reset_infos
    assert finished > 0


def test_seeds_and_options_are_used_once():
    ours, theirs = make_both(TRAPS[0].id())
    for options in ({"level": 4}, [{"level": 4}, {}, {"level": 9}, {}, {}], None):
        for env in (ours, theirs):
            env.seed(6)
            env.set_options(options)
        for _ in range(3):
            np.testing.assert_array_equal(ours.reset(), theirs.reset())
            assert ours.unwrapped.reset_infos == theirs.reset_infos
    ours.set_options({"lvl": 3})
    with pytest.raises(ValueError, match=r"'lvl'.*Did you mean 'level'"):
        ours.reset()


def test_results_are_the_users_own():
    spoilt, clean = (mesa_gym.make_sb3(TRAPS[0].id(), N, seed=0, max_steps=4) for _ in range(2))
    spoilt.reset()[:] = 1
    clean.reset()
    rng = np.random.default_rng(1)
    for _ in range(30):
        actions = rng.integers(0, 5, N)
        mine, fair = spoilt.step(actions), clean.step(actions)
        for a, b in zip(mine[:3], fair[:3], strict=True):
            np.testing.assert_array_equal(a, b)
            a[:] = 1
        for a, b in zip(mine[3], fair[3], strict=True):
            assert a.keys() == b.keys()
            if a:
                np.testing.assert_array_equal(a["terminal_observation"], b["terminal_observation"])
                assert a["objectives"] == b["objectives"]
                a["terminal_observation"].fill(1)
                a["objectives"].clear()


def test_single_environments_are_reached_as_in_dummy_vec_env():
    ours, theirs = make_both(TRAPS[0].id(), render_mode="rgb_array")
    for env in (ours, theirs):
        env.seed(20)
        env.reset()
    for name in ("render_mode", "np_random_seed", "action_space", "observation_space"):
        assert ours.get_attr(name) == theirs.get_attr(name)
        assert ours.get_attr(name, [1, 3]) == theirs.get_attr(name, [1, 3])
    frames = [env.env_method("render", indices=2) for env in (ours, theirs)]
    np.testing.assert_array_equal(*frames)
    np.testing.assert_array_equal(ours.render(), theirs.render())
    assert ours.env_is_wrapped(Monitor) == theirs.env_is_wrapped(Monitor) == [False] * N
    assert ours.has_attr("action_masks") is theirs.has_attr("action_masks") is False
    for env in (ours, theirs):
        env.set_attr("mark", 3, indices=[0, 2])
        assert env.get_attr("mark", indices=[0, 2]) == [3, 3]
        with pytest.raises(AttributeError, match="mark"):
            env.get_attr("mark")


def test_bad_actions_name_the_environment():
    env = mesa_gym.make_sb3(TRAPS[0].id(), N)
    env.reset()
    with pytest.raises(ValueError, match="action 7 of environment 3; expected an integer: 0"):
        env.step(np.array([0, 0, 0, 7, 0]))


def test_make_sb3_monitors():
    env = mesa_gym.make_sb3(TRAPS[0].id(Split.SHIFT), 2, seed=5, num_levels=3)
    assert isinstance(env, VecMonitor)
    assert isinstance(env.unwrapped, TrapVecEnv)
    env.reset()
    assert env.get_attr("np_random_seed") == [5, 6]
    assert {info["split"] for info in env.unwrapped.reset_infos} == {"shift"}


def test_the_adapter_refuses_other_autoreset_modes():
    with pytest.raises(ValueError, match="SB3 needs autoreset_mode='SameStep', got 'NextStep'"):
        TrapVecEnv(TrapVectorEnv(TRAPS[0], 2))


def test_without_sb3_the_error_names_the_extra(monkeypatch):
    monkeypatch.delitem(sys.modules, "mesa_gym.envs.sb3")
    monkeypatch.setitem(sys.modules, "stable_baselines3.common.vec_env", None)
    with pytest.raises(ImportError, match=r"'stable-baselines3'.*mesa-gym\[sb3\]"):
        mesa_gym.make_sb3(TRAPS[0].id(), 2)
