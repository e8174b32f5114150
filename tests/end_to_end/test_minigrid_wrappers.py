"""Which of Minigrid's wrappers fit a trap, and what stops the others; every wrapper is tried.

The observation `symbolic` is an array of codes in Minigrid's manner, row first. Two wrappers take
any environment. Three more take this one once its observation stands in a dict beside a direction
and a mission. The others read Minigrid's world behind the observation.
"""

import inspect

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.spaces import Dict, Discrete, Text

import mesa_gym  # noqa: F401  (registers the ids)

wrappers = pytest.importorskip("minigrid.wrappers")

LEVEL, WAY = 1, (4, 2, 2)  # where two steps to the right lead to the door


class AsMinigrid(gym.ObservationWrapper):
    """The dict that Minigrid's wrappers read; a trap's agent has no direction and no mission."""

    def __init__(self, env):
        super().__init__(env)
        self.observation_space = Dict(
            image=env.observation_space,
            direction=Discrete(4),
            mission=Text(min_length=0, max_length=1),
        )

    def observation(self, observation):
        return {"image": observation, "direction": 0, "mission": ""}


def bare():
    return gym.make("MesaGym/RedBlueDoors-v0", observation="symbolic")


def walk(env):
    """Return the observations on the way to the door, the start included."""
    seen = [env.reset(options={"level": LEVEL})[0]]
    for action in WAY:
        observation, reward, terminated, _, info = env.step(action)
        assert info["reward_door"] == reward == terminated
        seen.append(observation)
    assert terminated
    assert all(map(env.observation_space.contains, seen))
    return seen


def test_reseed_wrapper_repeats_the_episodes_of_its_seeds():
    env = wrappers.ReseedWrapper(bare(), seeds=(5, 8))
    levels = [env.reset()[1]["level"] for _ in range(4)]
    assert levels == [bare().reset(seed=seed)[1]["level"] for seed in (5, 8, 5, 8)]


def test_stochastic_action_wrapper_takes_another_action():
    env = wrappers.StochasticActionWrapper(bare(), prob=0, random_action=4)
    start = env.reset(options={"level": LEVEL})[0]
    for action in WAY:
        np.testing.assert_array_equal(env.step(action)[0], start)


def test_wrappers_of_the_dict_give_its_codes():
    plain = walk(bare())
    np.testing.assert_array_equal(walk(wrappers.ImgObsWrapper(AsMinigrid(bare()))), plain)
    rows = np.array(walk(wrappers.FlatObsWrapper(AsMinigrid(bare()))))
    codes = np.reshape(plain, (len(plain), -1))
    np.testing.assert_array_equal(rows[:, : codes.shape[1]], codes)
    assert not rows[:, codes.shape[1] :].any()  # room for a mission, which stays empty
    words = walk(wrappers.DictObservationSpaceWrapper(AsMinigrid(bare())))
    np.testing.assert_array_equal([one["image"] for one in words], plain)
    assert not any(any(one["mission"]) for one in words)


# Wrapper -> the end of its error, which names what it misses.
MISSES = {
    "ActionBonus": "no attribute 'agent_pos'",
    "PositionBonus": "no attribute 'agent_pos'",
    "NoDeath": "no attribute 'grid'",
    "DirectionObsWrapper": "no attribute 'grid'",
    "FullyObsWrapper": "no attribute 'width'",
    "SymbolicObsWrapper": "no attribute 'width'",
    "RGBImgObsWrapper": "no attribute 'height'",
    "RGBImgPartialObsWrapper": "no attribute 'get_frame'",
    "ViewSizeWrapper": "no attribute 'gen_obs_grid'",
    # Its last 3 places are for Minigrid's states of a door; the third code here is a kind.
    "OneHotPartialObsWrapper": "index 20 is out of bounds for axis 2 with size 20",
}


@pytest.mark.parametrize(("name", "missing"), MISSES.items())
def test_wrappers_that_read_minigrids_world_do_not_fit(name, missing):
    needed = {"no_death_types": ("lava",)} if name == "NoDeath" else {}
    with pytest.raises((AttributeError, IndexError), match=f"{missing}$"):
        walk(getattr(wrappers, name)(AsMinigrid(bare()), **needed))


def test_every_wrapper_of_the_module_is_tried():
    fits = {
        "ReseedWrapper",
        "StochasticActionWrapper",
        "ImgObsWrapper",
        "FlatObsWrapper",
        "DictObservationSpaceWrapper",
    }
    own = inspect.getmembers(wrappers, inspect.isclass)
    assert {name for name, each in own if each.__module__ == wrappers.__name__} == fits | {*MISSES}
