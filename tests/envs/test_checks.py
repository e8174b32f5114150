"""Bad input of both environments: each is named and explained."""

import copy

import gymnasium as gym
import numpy as np
import pytest

from mesa_gym.envs import TrapEnv, TrapVectorEnv
from mesa_gym.traps import LEVELS

ID = "MesaGym/CheeseCorner-v0"


@pytest.mark.parametrize("kind", [TrapEnv, TrapVectorEnv])
@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({"trap": "ReadBlueDoors"}, "unknown trap 'ReadBlueDoors'.*Did you mean 'RedBlueDoors'"),
        ({"trap": None}, "None is not a trap; expected a name"),
        ({"split": "tests"}, "unknown split 'tests'.*Did you mean 'test'"),
        ({"split": None}, "unknown split None"),
        ({"observation": "plane"}, "unknown observation 'plane'.*Did you mean 'planes'"),
        ({"reward": "chese"}, "unknown objective of CheeseCorner 'chese'.*Did you mean 'cheese'"),
        ({"reward": []}, r"unknown objective of CheeseCorner \[\]; there is base, cheese"),
        ({"render_mode": "asci"}, "unknown render mode.*'asci'.*Did you mean 'ansi'"),
        ({"alpha": 1.5}, "alpha must be a number from 0 to 1, got 1.5"),
        ({"alpha": -0.1}, "alpha must be a number from 0 to 1, got -0.1"),
        ({"alpha": float("nan")}, "alpha must be a number from 0 to 1, got nan"),
        ({"alpha": "much"}, "alpha must be a number from 0 to 1, got 'much'"),
        ({"alpha": True}, "alpha must be a number from 0 to 1, got True"),
        ({"alpha": 0.1, "split": "test"}, "alpha.*on split 'test' it must be 0, got 0.1"),
        ({"size": 5}, "size 5 does not fit CheeseCorner: it needs odd numbers"),
        ({"size": 10}, "size 10 does not fit CheeseCorner: it needs odd numbers"),
        ({"size": 9.0}, "size 9.0 does not fit CheeseCorner"),
        ({"num_levels": 0}, "num_levels must be an integer of at least 1, got 0"),
        ({"num_levels": 1.5}, "num_levels must be an integer of at least 1, got 1.5"),
        ({"num_levels": LEVELS + 1}, r"num_levels must be at most 2\*\*48"),
        ({"max_steps": 0}, "max_steps must be an integer of at least 1, got 0"),
        ({"salt": None}, "salt must be text, got None"),
        ({"salt": 0}, "salt must be text, got 0"),
    ],
)
def test_bad_keywords(kind, keywords, message):
    with pytest.raises(ValueError, match=message):
        kind(**{"trap": "CheeseCorner", **keywords})


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({"autoreset_mode": "NextStap"}, r"'NextStap'.*Did you mean 'NextStep'"),
        ({"autoreset_mode": None}, "unknown autoreset mode None"),
        ({"render_mode": "human"}, r"render mode.*'human'; there is rgb_array, ansi"),
        ({"num_envs": 0}, "num_envs must be an integer of at least 1, got 0"),
        ({"num_envs": None}, "num_envs must be an integer of at least 1, got None"),
        ({"max_episode_steps": 0}, "max_episode_steps must be an integer of at least 1, got 0"),
    ],
)
def test_bad_keywords_of_the_vector_environment(keywords, message):
    with pytest.raises(ValueError, match=message):
        gym.make_vec(ID, **{"num_envs": 3, **keywords})


@pytest.mark.parametrize("make", [gym.make, gym.make_vec])
def test_an_unknown_keyword_is_refused_in_pythons_words(make):
    """Code that offers a keyword and withdraws it, as TorchRL does, reads those."""
    with pytest.raises(TypeError) as ours:
        make(ID, num_level=3)
    with pytest.raises(TypeError) as pythons:
        (lambda: None)(num_level=3)
    said = "got an unexpected keyword argument 'num_level'"
    assert said in str(pythons.value)
    assert said in str(ours.value)
    assert "there is split, size" in str(ours.value)
    assert "Did you mean 'num_levels'?" in str(ours.value)
    with pytest.raises(ValueError, match="is made already"):
        TrapEnv(TrapEnv("CheeseCorner").trap, size=11)


@pytest.fixture(params=[gym.make, lambda *a, **k: gym.make_vec(*a, 3, **k)], ids=["one", "many"])
def env(request):
    env = request.param(ID, max_steps=2)
    env.reset(seed=np.int64(0))  # NumPy's integers are seeds too
    return env


@pytest.mark.parametrize(
    "action", [-1, 5, 1.0, "left", None, True, np.True_, np.array([1]), np.float64(1)]
)
def test_bad_actions(env, action):
    if hasattr(env, "num_envs"):
        action = [0, 0, action] if action in (-1, 5) else [action] * 3
        message = "|".join([r"of environment [02]\b.*expected an integer: 0", "have the shape"])
    else:
        message = r"is none of the five; expected an integer: 0 \(left\)"
    with pytest.raises(ValueError, match=message):
        env.step(action)


@pytest.mark.parametrize("dtype", [int, np.int8, np.uint8, np.int32, np.uint64])
def test_any_integer_is_an_action(env, dtype):
    twin, many = copy.deepcopy(env), hasattr(env, "num_envs")
    other = np.array([1, 2, 4], dtype=dtype) if many else dtype(1)
    np.testing.assert_equal(env.step([1, 2, 4] if many else 1), twin.step(other))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"lvel": 3}, "unknown option of reset 'lvel'; there is level.* Did you mean 'level'"),
        ({"level": -1}, r"level -1 is out of range; expected 0 to 2\*\*48 - 1"),
        ({"level": LEVELS}, f"level {LEVELS} is out of range"),
        ({"level": 2.0}, "level 2.0 is a float; expected an integer"),
        ({"level": True}, "level True is a bool; expected an integer"),
        ({"level": 1, "map": "###"}, "both a level and a map"),
        ({"map": 3}, "map 3 is no text"),
        ({"map": "###\n###"}, "rows"),
        ("level", "options must be a dict"),
    ],
)
def test_bad_options(env, options, message):
    with pytest.raises(ValueError, match=message):
        env.reset(options=options)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"level": [1, 2]}, ValueError, "2 levels were given for 3 environments"),
        ({"reset_mask": np.ones(2, bool)}, ValueError, r"shape \(2,\); expected \(3,\)"),
        ({"reset_mask": np.zeros(3, bool)}, ValueError, "at least one True"),
        ({"reset_mask": [True, True, False]}, TypeError, "NumPy array of bool"),
        ({"reset_mask": np.ones(3)}, TypeError, "NumPy array of bool"),
    ],
)
def test_bad_options_of_the_vector_environment(options, error, message):
    env = gym.make_vec(ID, 3)
    with pytest.raises(gym.error.ResetNeeded, match="reset all environments once"):
        env.reset(options={"reset_mask": np.array([True, False, True])})
    with pytest.raises(error, match=message):
        env.reset(options=options)


@pytest.mark.parametrize("seed", [-1, 1.5, "1", True])
def test_bad_seeds(env, seed):
    with pytest.raises(gym.error.Error, match="does not fit; expected an int from 0 up"):
        env.reset(seed=seed)
    if hasattr(env, "num_envs"):
        with pytest.raises(ValueError, match="2 seeds were given for 3"):
            env.reset(seed=[1, 2])
        with pytest.raises(gym.error.Error, match=r"of environment 1 does not fit"):
            env.reset(seed=[None, seed, 2])


def test_step_before_reset_and_after_the_end():
    with pytest.raises(gym.error.ResetNeeded, match=r"call reset\(\) first"):
        gym.make_vec(ID, 3).step([0, 0, 0])
    env = TrapEnv("CheeseCorner", max_steps=1, render_mode="ansi")
    for call in (env.render, env.action_masks, lambda: env.step(0)):
        with pytest.raises(gym.error.ResetNeeded, match=r"call reset\(\) first"):
            call()
    env.reset()
    env.step(4)
    with pytest.raises(gym.error.ResetNeeded, match="environment 0 has ended; reset it"):
        env.step(4)
    many = gym.make_vec(ID, 3, autoreset_mode="Disabled", max_steps=1)
    many.reset()
    many.step([4, 4, 4])
    many.reset(options={"reset_mask": np.array([True, False, False])})
    with pytest.raises(gym.error.ResetNeeded, match=r"environment 1, 2 has ended"):
        many.step([4, 4, 4])
