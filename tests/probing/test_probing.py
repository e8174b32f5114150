"""Labels of states, and the oracle's episodes as text."""

import gymnasium as gym
import numpy as np
import pytest

import mesa_gym
from mesa_gym.engine import ACTIONS
from mesa_gym.policies import as_policy, name_pursuer
from mesa_gym.policies.scripted import uniform
from mesa_gym.probing import demonstrations
from mesa_gym.scoring import ENDED, rollout
from mesa_gym.scoring.record import follow
from mesa_gym.solver import Graph, values
from mesa_gym.traps import Split, find_trap
from mesa_gym.traps.cheese_corner import CheeseCorner
from mesa_gym.traps.monster_world import MonsterWorld
from tests.support.parameters import SOLVABLE, few
from tests.support.reference import assert_same, cells_of, contents, enumerate_level, steps_from
from tests.support.refusals import refusals


@pytest.mark.parametrize(
    "name", few(SOLVABLE, "CheeseDish-v0", "RedBlueDoors-v0", thorough=SOLVABLE)
)
def test_labels_equal_plain_recursion_and_search(name):
    trap = SOLVABLE[name]()
    starts = trap.levels(Split.SHIFT, np.arange(6))
    size = np.bincount(Graph(trap, starts).level_row)
    number = int(size.argmin())
    labels = mesa_gym.labels(trap, Split.SHIFT, [number], policy="random")
    plain = enumerate_level(trap, starts.take([number]))
    index = {contents(plain.states.single(i)): i for i in range(len(plain.after))}
    at = [index[contents(labels.state.single(i))] for i in range(labels.state.n)]
    horizon = trap.horizon(Split.SHIFT)
    for x in trap.objectives:
        worth, sets = plain.earned(x, horizon)
        for row, state in enumerate(at):
            left = horizon - row
            assert labels.values[x][row] == pytest.approx(worth[left][state], abs=1e-9)
            assert set(np.flatnonzero(labels.optimal[x][row])) == sets[left][state]
    free = cells_of(~trap.layer(labels.state, "wall")[0].reshape(trap.size))
    for row, cell in enumerate(labels.state.agent.tolist()):
        steps = steps_from(divmod(cell, trap.size[1]), free)
        away = [steps.get(divmod(c, trap.size[1]), -1) for c in range(trap.cells)]
        assert labels.distances[row].tolist() == away


def test_labels_follow_recorded_episodes(monkeypatch):
    """Levels are solved one after another or together, and their rows stay in the given order."""
    trap, numbers = CheeseCorner(7), [3, 11, 4, 4, 9, 2]
    at_once = mesa_gym.labels(trap, Split.TEST, numbers, policy="random", seed=5)
    monkeypatch.setattr(values, "CHUNK_STATES", 1)
    labels = mesa_gym.labels(trap, Split.TEST, numbers, policy="random", seed=5)
    assert_same(trap, at_once.state, labels.state)
    for one, other in zip(at_once[1:], labels[1:], strict=True):
        np.testing.assert_equal(one, other)
    starts, horizon = trap.levels(Split.TEST, numbers), trap.horizon(Split.TEST)
    actions = rollout(uniform(), trap, starts, horizon, 5, "random", "test").actions
    assert labels.action.tolist() == actions[actions != ENDED].tolist()
    for step in follow(trap, starts, actions):
        here = labels.state.clock == step.t
        assert labels.row[here].tolist() == step.rows.tolist()
        assert np.array_equal(trap.observe(labels.state.take(here)), trap.observe(step.state))


test_labels_of_bad_requests_are_refused = refusals(
    "probing", "labels", globals(), MonsterWorld=MonsterWorld
)


@pytest.mark.parametrize("name", ["CheeseCorner", "KeysChests", "TreeFarm"])
def test_demonstrations_can_be_played_again(name):
    """Each text is an environment's observation before its action, without other words."""
    trap = find_trap(name)()
    oracle, horizon = name_pursuer(trap, trap.base), trap.horizon("train")
    starts = trap.levels("train", [3, 8])
    actions = rollout(as_policy(oracle, trap, horizon), trap, starts, horizon).actions
    env = gym.make(trap.id(), observation="text")
    for level, chosen, lines in zip([3, 8], actions, demonstrations(name, [3, 8]), strict=True):
        text, _ = env.reset(options={"level": level})
        expected = []
        for action in chosen[chosen != ENDED].tolist():
            expected.append(f"{text}\naction: {ACTIONS[action]}\n")
            text, _, terminated, truncated, _ = env.step(action)
        assert terminated or truncated
        assert lines == "\n".join(expected)
