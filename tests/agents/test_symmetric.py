"""Levels that are turned: what is seen of them, and where actions lead."""

import numpy as np
import pytest

from agents.compiling import jax
from agents.networks import LearningMLP
from agents.run import Run
from agents.symmetric import TurnedEnv, list_symmetries, train_on_turned_levels
from mesa_gym.engine import ACTIONS
from mesa_gym.envs.network_inputs import CentredInputs
from mesa_gym.scoring import score
from mesa_gym.traps import find_trap
from tests.support.parameters import few
from tests.support.reference import wandered


def turn(planes, way, count):
    """Planes (n, height, width, c) whose inner cells are turned by NumPy; held things stay."""
    ways = [(step, turns) for step in (1, -1) for turns in range(0, 4, 8 // count)]
    step, turns = ways[way]
    turned = planes.copy()
    turned[:, 1:-1, 1:-1] = np.rot90(planes[:, 1:-1, 1:-1][:, :, ::step], turns, axes=(1, 2))
    return turned


def as_sets(listed, filler):
    """Lists of inputs as sets, without fillers; no input may occur twice."""
    found = [[x for x in row if x != filler] for row in np.asarray(listed).tolist()]
    assert all(len({*row}) == len(row) for row in found)
    return [{*row} for row in found]


@pytest.mark.parametrize("name", few(["CheeseCorner", "CoinRun", "KeysChests"], "CoinRun"))
def test_turned_inputs_equal_those_of_turned_planes(name):
    trap = find_trap(name)()
    inputs, _ = list_symmetries(trap)
    assert len(inputs) == (4 if name == "CoinRun" else 8)
    view, planes = CentredInputs(trap), trap.observe(wandered(trap, 60, 8))
    listed = view.list_inputs(planes)
    for way, number in enumerate(inputs):
        expected = view.list_inputs(turn(planes, way, len(inputs)))
        assert as_sets(number[listed], view.count) == as_sets(expected, view.count)


@pytest.mark.thorough
def test_turned_actions_lead_where_the_picture_says():
    """A step moves the agent in the picture as its name says, or not at all."""
    learner, n = LearningMLP(find_trap("CheeseCorner")()), 400
    env, stands = TurnedEnv(learner.make_env(n, num_levels=n)), learner.net.view.stands
    inner = np.arange(len(stands)).reshape(learner.trap.size)[1:-1, 1:-1].reshape(-1)

    def find_cells(seen):
        shown = np.asarray(seen)[:, :, None] == stands[inner]
        return np.stack(np.divmod(inner[shown.any(axis=1).argmax(axis=1)], learner.trap.width))

    key, step = jax.random.key(0), jax.jit(env.step)
    seen, state = env.reset(key)
    moves = {"left": (0, -1), "down": (1, 0), "right": (0, 1), "up": (-1, 0), "act": (0, 0)}
    for number, name in enumerate(ACTIONS):
        after, _, _, done, _ = step(key, state, np.full(n, number))
        moved = (find_cells(after) - find_cells(seen))[:, ~np.asarray(done)]
        assert {*zip(*moved.tolist(), strict=True)} == {(0, 0), moves[name]}


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_turned_levels_leave_no_corner_as_cue():
    """Plain PPO goes for the corner of CheeseCorner, PPO on turned levels for the cheese."""
    run = Run("CheeseCorner", "ppo-symmetric", steps=300_000)
    (trained,) = train_on_turned_levels([run])
    assert score(trained.agent, run.environment().trap, levels=300).verdict == "base"
