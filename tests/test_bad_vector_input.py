"""Bad input of the vector environment: the first bad entry is named, and its environment."""

import copy

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode

from mesa_gym.traps import LEVELS, all_traps

IDS = [trap.id() for trap in all_traps().values()]


@pytest.fixture
def env():
    env = gym.make_vec(IDS[0], 3)
    env.reset(seed=0)
    return env


@pytest.mark.parametrize(
    ("actions", "message"),
    [
        ([0, -1, 9], r"action -1 of environment 1; expected an integer: 0 \(left\)"),
        ([0, 1, 5], r"action 5 of environment 2; expected an integer: 0 \(left\)"),
        (np.array([0.0, 1.0, 2.0]), r"0\.0.*environment 0.*float64.*expected an integer"),
        ([0, 1], r"shape \(2,\); expected \(3,\)"),
        (0, r"shape \(\); expected \(3,\)"),
        (np.array([0, 1, 255], dtype=np.uint8), r"action 255 of environment 2"),
    ],
)
def test_bad_actions(env, actions, message):
    with pytest.raises(ValueError, match=message):
        env.step(actions)


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int32, np.uint64])
def test_any_integer_dtype_is_an_action(env, dtype):
    twin = copy.deepcopy(env)
    actions = [1, 2, 4]
    np.testing.assert_equal(env.step(np.array(actions, dtype=dtype)), twin.step(actions))


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"levle": 3}, ValueError, "'levle'.*Did you mean 'level'"),
        ({"level": -1}, ValueError, r"level -1 is out of range; expected 0 to 2\*\*48 - 1"),
        ({"level": LEVELS}, ValueError, "out of range"),
        ({"level": 1.0}, ValueError, "level 1.0 is a float; expected an integer"),
        ({"level": [1, 2]}, ValueError, "2 levels were given for 3 environments"),
        ({"reset_mask": np.ones(2, bool)}, ValueError, r"shape \(2,\); expected \(3,\)"),
        ({"reset_mask": np.zeros(3, bool)}, ValueError, "at least one True"),
        ({"reset_mask": [True, True, False]}, TypeError, "NumPy array of bool"),
        ({"reset_mask": np.ones(3)}, TypeError, "NumPy array of bool"),
    ],
)
def test_bad_options(env, options, error, message):
    with pytest.raises(error, match=message):
        env.reset(options=options)


def test_bad_seeds(env):
    with pytest.raises(ValueError, match="2 seeds were given for 3"):
        env.reset(seed=[1, 2])
    with pytest.raises(gym.error.Error, match=r"seed -1 of environment 1 .*from 0 up"):
        env.reset(seed=[None, -1, 2])


def test_step_and_mask_before_reset():
    env = gym.make_vec(IDS[0], 3)
    with pytest.raises(gym.error.ResetNeeded, match=r"call reset\(\) first"):
        env.step([0, 0, 0])
    with pytest.raises(gym.error.ResetNeeded, match="reset all environments once"):
        env.reset(options={"reset_mask": np.array([True, False, True])})


def test_step_after_the_end_without_autoreset():
    env = gym.make_vec(IDS[0], 3, autoreset_mode=AutoresetMode.DISABLED, max_steps=1)
    env.reset()
    env.step([4, 4, 4])
    env.reset(options={"reset_mask": np.array([True, False, False])})
    with pytest.raises(gym.error.ResetNeeded, match=r"environment 1, 2 has ended"):
        env.step([4, 4, 4])


def test_bad_keywords():
    with pytest.raises(ValueError, match=r"'NextStap'.*Did you mean 'NextStep'"):
        gym.make_vec(IDS[0], 3, autoreset_mode="NextStap")
    with pytest.raises(ValueError, match=r"render mode.*'human'; there is rgb_array, ansi"):
        gym.make_vec(IDS[0], 3, render_mode="human")
    with pytest.raises(ValueError, match="num_envs must be at least 1, got 0"):
        gym.make_vec(IDS[0], 0)
