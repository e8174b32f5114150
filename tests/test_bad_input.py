"""Bad input of the single environment, and keywords of both: each is named and explained."""

import copy

import gymnasium as gym
import numpy as np
import pytest

from mesa_gym.envs.single import TrapEnv
from mesa_gym.envs.vector import TrapVectorEnv
from mesa_gym.traps import LEVELS, all_traps

TRAPS = list(all_traps().values())


@pytest.mark.parametrize("kind", [TrapEnv, TrapVectorEnv])
@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({"trap": "ReadBlueDoors"}, "unknown trap 'ReadBlueDoors'.*Did you mean 'RedBlueDoors'"),
        ({"split": "tests"}, "unknown split 'tests'.*Did you mean 'test'"),
        ({"observation": "plane"}, "unknown observation 'plane'.*Did you mean 'planes'"),
        ({"reward": "chese"}, "unknown objective of CheeseCorner 'chese'.*Did you mean 'cheese'"),
        ({"render_mode": "asci"}, "unknown render mode.*'asci'.*Did you mean 'ansi'"),
        ({"alpha": 1.5}, "alpha must be a number from 0 to 1, got 1.5"),
        ({"alpha": -0.1}, "alpha must be a number from 0 to 1, got -0.1"),
        ({"alpha": float("nan")}, "alpha must be a number from 0 to 1, got nan"),
        ({"alpha": "much"}, "alpha must be a number from 0 to 1, got 'much'"),
        ({"alpha": 0.1, "split": "test"}, "alpha.*on split 'test' it must be 0, got 0.1"),
        ({"size": 5}, "size 5 does not fit CheeseCorner: it needs odd numbers of at least 7"),
        ({"size": 10}, "size 10 does not fit CheeseCorner: it needs odd numbers"),
        ({"size": 9.0}, "size 9.0 does not fit CheeseCorner"),
        ({"num_levels": 0}, "num_levels must be an integer of at least 1, got 0"),
        ({"num_levels": 1.5}, "num_levels must be an integer of at least 1, got 1.5"),
        ({"num_levels": LEVELS + 1}, r"num_levels must be at most 2\*\*48"),
        ({"max_steps": 0}, "max_steps must be an integer of at least 1, got 0"),
    ],
)
def test_bad_keywords(kind, keywords, message):
    with pytest.raises(ValueError, match=message):
        kind(**{"trap": "CheeseCorner", **keywords})


@pytest.mark.parametrize("make", [gym.make, gym.make_vec])
def test_an_unknown_keyword_is_refused_in_pythons_words(make):
    """Code that offers a keyword and withdraws it, as TorchRL does, reads those."""
    with pytest.raises(TypeError) as ours:
        make("MesaGym/CheeseCorner-v0", num_level=3)
    with pytest.raises(TypeError) as pythons:
        (lambda: None)(num_level=3)
    said = "got an unexpected keyword argument 'num_level'"
    assert said in str(pythons.value)
    assert said in str(ours.value)
    assert "there is split, size" in str(ours.value)
    assert "Did you mean 'num_levels'?" in str(ours.value)


def test_a_made_trap_takes_no_size():
    with pytest.raises(ValueError, match="is made already"):
        TrapEnv(TRAPS[0](), size=11)


@pytest.fixture
def env():
    env = gym.make(TRAPS[0].id(), max_steps=2)
    env.reset(seed=0)
    return env


@pytest.mark.parametrize("action", [-1, 5, 1.0, "left", None, np.array([1]), np.float64(1)])
def test_bad_actions(env, action):
    with pytest.raises(ValueError, match=r"is none of the five; expected an integer: 0 \(left\)"):
        env.step(action)


@pytest.mark.parametrize("action", [1, np.int64(1), np.uint8(1), np.array(1)])
def test_any_integer_is_an_action(env, action):
    twin = copy.deepcopy(env)
    np.testing.assert_equal(env.step(action), twin.step(1))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"lvel": 3}, "unknown option of reset 'lvel'; there is level. Did you mean 'level'"),
        ({"level": -1}, r"level -1 is out of range; expected 0 to 2\*\*48 - 1"),
        ({"level": LEVELS}, f"level {LEVELS} is out of range"),
        ({"level": 2.0}, "level 2.0 is a float; expected an integer"),
        ({"level": [1]}, r"level \[1\] is a list; expected an integer"),
    ],
)
def test_bad_options(env, options, message):
    with pytest.raises(ValueError, match=message):
        env.reset(options=options)


def test_step_before_reset_and_after_the_end():
    env = TrapEnv(TRAPS[0], max_steps=1, render_mode="ansi")
    with pytest.raises(gym.error.ResetNeeded, match=r"call reset\(\) first"):
        env.step(0)
    with pytest.raises(gym.error.ResetNeeded, match="before reset"):
        env.render()
    env.reset()
    env.step(4)
    with pytest.raises(gym.error.ResetNeeded, match="environment 0 has ended; reset it"):
        env.step(4)
