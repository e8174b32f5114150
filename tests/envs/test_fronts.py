"""A level is the same in any batch, order and library: all interfaces play the trap's levels."""

from functools import cache

import numpy as np
import pytest

from mesa_gym.envs.settings import Settings
from mesa_gym.traps import find_trap
from tests.envs.fronts import FRONTS, NUM_LEVELS, require_own_levels
from tests.support.parameters import TRAPS, thorough

DRAWN = {"max_steps": 15, "alpha": 0.3}
KEPT = DRAWN | {"num_levels": NUM_LEVELS}  # so few levels that all are drawn beforehand
DISH = find_trap("CheeseDish")
# To compile a program of JAX takes seconds; of these the second draws.
COMPILED = {"CheeseCorner-v0", "MonsterWorld-v0"}


def draw_actions(steps, n):
    return np.random.default_rng(0).integers(0, 5, (steps, n), dtype=np.int32)


@cache
def play(front, trap, steps=40, n=8, **keywords):
    """Return the results of an interface, cached for comparisons."""
    return [*FRONTS[front](trap, draw_actions(steps, n), **keywords)]


def mark_front(front, trap):
    """Return interface and trap as parameters; tests with long compiling are thorough."""
    slow = front == "jax" and trap.name() not in COMPILED
    marks = [pytest.mark.thorough] if slow else []
    return pytest.param(front, trap, marks=marks, id=f"{front}-{trap.name()}")


@pytest.mark.parametrize(("front", "trap"), [mark_front(x, trap) for trap in TRAPS for x in FRONTS])
def test_every_interface_plays_levels_of_its_trap(front, trap):
    keywords = DRAWN if front in ("alone", "single") else KEPT
    require_own_levels(play(front, trap, **keywords), Settings(trap, **keywords))


SHOWN = [
    {"observation": "flat", "reward": "dish", "step_reward": -0.25, "dish_planes": 3},
    {"observation": "chw", "split": "shift", "size": (7, 9)},
    {"observation": "centred", "agent_view_size": 5, "salt": "secret"},
    {"observation": "centred"},
]


@pytest.mark.parametrize("keywords", SHOWN, ids=str)
@pytest.mark.parametrize("front", [*(front for front in FRONTS if front != "jax"), thorough("jax")])
def test_every_interface_takes_environment_keywords(front, keywords):
    keywords = keywords | {"max_steps": 9}
    # Of so many environments JAX draws things one after another.
    n = 40 if front == "jax" else 4
    moves = FRONTS[front](DISH, draw_actions(20, n), **keywords)
    require_own_levels(moves, Settings(DISH, **keywords))


@pytest.mark.thorough
@pytest.mark.parametrize("front", FRONTS)
def test_every_interface_takes_trap_parameters(front):
    trap = find_trap("Composed")
    moves = FRONTS[front](trap, draw_actions(200, 16), pair=22)
    require_own_levels(moves, Settings(trap, pair=22))


@pytest.mark.parametrize("trap", TRAPS, ids=lambda trap: trap.name())
def test_make_torch_draws_levels_of_make_vec(trap):
    """test_vector.py compares the vector environment with single ones."""
    both = (play(front, trap, **KEPT) for front in ("torch", "vector"))
    for mine, wanted in zip(*both, strict=True):
        np.testing.assert_array_equal(mine.level, wanted.level)
