"""Which of Minigrid's wrappers fit a trap, and what stops the others; every wrapper is tried.

Two wrappers take any environment. The others read Minigrid's dict of codes, or its world behind it.
"""

import inspect

import gymnasium as gym
import numpy as np
import pytest

import mesa_gym  # noqa: F401  (registers the ids)

wrappers = pytest.importorskip("minigrid.wrappers")


def bare():
    return gym.make("MesaGym/RedBlueDoors-v0")


def test_reseed_wrapper_repeats_its_seeds_episodes():
    env = wrappers.ReseedWrapper(bare(), seeds=(5, 8))
    levels = [env.reset()[1]["level"] for _ in range(4)]
    assert levels == [bare().reset(seed=seed)[1]["level"] for seed in (5, 8, 5, 8)]


def test_stochastic_action_wrapper_takes_another_action():
    env = wrappers.StochasticActionWrapper(bare(), prob=0, random_action=4)
    start = env.reset(seed=1)[0]
    for action in (0, 1, 2, 3):
        np.testing.assert_array_equal(env.step(action)[0], start)


FIT = ("ReseedWrapper", "StochasticActionWrapper")
OTHERS = {
    name: each
    for name, each in inspect.getmembers(wrappers, inspect.isclass)
    if each.__module__ == wrappers.__name__ and name not in FIT
}


def walk(name):
    needed = {"no_death_types": ("lava",)} if name == "NoDeath" else {}
    wrapped = OTHERS[name](bare(), **needed)
    wrapped.reset(seed=1)
    wrapped.step(2)


@pytest.mark.parametrize("name", OTHERS)
def test_minigrid_wrappers_of_codes_or_world_fail(name):
    misses = r"has no attribute '(agent_pos|grid|height|spaces|width)'$|is not subscriptable$"
    with pytest.raises((AttributeError, TypeError), match=misses):
        walk(name)
