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


def test_reseed_wrapper_repeats_the_episodes_of_its_seeds():
    env = wrappers.ReseedWrapper(bare(), seeds=(5, 8))
    levels = [env.reset()[1]["level"] for _ in range(4)]
    assert levels == [bare().reset(seed=seed)[1]["level"] for seed in (5, 8, 5, 8)]


def test_stochastic_action_wrapper_takes_another_action():
    env = wrappers.StochasticActionWrapper(bare(), prob=0, random_action=4)
    start = env.reset(seed=1)[0]
    for action in (0, 1, 2, 3):
        np.testing.assert_array_equal(env.step(action)[0], start)


CODES = "'Box' object (has no attribute 'spaces'|is not subscriptable)"
# Wrapper -> the end of its error, which names what it misses.
MISSES = {
    "ActionBonus": "no attribute 'agent_pos'",
    "PositionBonus": "no attribute 'agent_pos'",
    "NoDeath": "no attribute 'grid'",
    "FullyObsWrapper": "no attribute 'width'",
    "SymbolicObsWrapper": "no attribute 'width'",
    "RGBImgObsWrapper": "no attribute 'height'",
    "DictObservationSpaceWrapper": CODES,
    "DirectionObsWrapper": CODES,
    "FlatObsWrapper": CODES,
    "ImgObsWrapper": CODES,
    "OneHotPartialObsWrapper": CODES,
    "RGBImgPartialObsWrapper": CODES,
    "ViewSizeWrapper": CODES,
}


def walk(name):
    """Make a wrapper, and take a step."""
    needed = {"no_death_types": ("lava",)} if name == "NoDeath" else {}
    wrapped = getattr(wrappers, name)(bare(), **needed)
    wrapped.reset(seed=1)
    wrapped.step(2)


@pytest.mark.parametrize(("name", "missing"), MISSES.items())
def test_wrappers_that_read_minigrids_codes_or_world_do_not_fit(name, missing):
    with pytest.raises((AttributeError, TypeError), match=f"{missing}$"):
        walk(name)


def test_every_wrapper_of_the_module_is_tried():
    own = inspect.getmembers(wrappers, inspect.isclass)
    tried = {"ReseedWrapper", "StochasticActionWrapper", *MISSES}
    assert {name for name, each in own if each.__module__ == wrappers.__name__} == tried
