"""Labels of states against recursion and search; the oracle's episodes as text."""

import gymnasium as gym
import numpy as np
import pytest

import mesa_gym
from mesa_gym.engine import ACTIONS
from mesa_gym.policies import as_policy, name_pursuer
from mesa_gym.probing import demonstrations
from mesa_gym.scoring import ENDED, rollout
from mesa_gym.scoring.record import follow
from mesa_gym.solver import Graph, values
from mesa_gym.traps import Split, find_trap
from mesa_gym.traps.cheese_corner import CheeseCorner
from mesa_gym.traps.keys_chests import KeysChests
from mesa_gym.traps.monster_world import MonsterWorld
from tests.support.parameters import SOLVABLE, few
from tests.support.playing import play_all
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
    found = mesa_gym.labels(trap, Split.SHIFT, [number], policy="random")
    plain = enumerate_level(trap, starts.take([number]))
    known = {contents(plain.states.single(i)): i for i in range(len(plain.after))}
    at = [known[contents(found.state.single(i))] for i in range(found.state.n)]
    horizon = trap.horizon(Split.SHIFT)
    for x in trap.objectives:
        worth, sets = plain.earned(x, horizon)
        for row, state in enumerate(at):
            left = horizon - row
            assert found.values[x][row] == pytest.approx(worth[left][state], abs=1e-9)
            assert set(np.flatnonzero(found.optimal[x][row])) == sets[left][state]
    free = cells_of(~trap.layer(found.state, "wall")[0].reshape(trap.size))
    for row, cell in enumerate(found.state.agent.tolist()):
        steps = steps_from(divmod(cell, trap.size[1]), free)
        wanted = [steps.get(divmod(c, trap.size[1]), -1) for c in range(trap.cells)]
        assert found.distances[row].tolist() == wanted


@pytest.mark.thorough
def test_labels_follow_recorded_episodes():
    trap = CheeseCorner(7)
    found = mesa_gym.labels(trap, Split.TRAIN, np.arange(30), policy="random", seed=5)
    actions = play_all("random", trap, 30, seed=5)["train"].actions
    assert found.action.tolist() == actions[actions != ENDED].tolist()
    for step in follow(trap, trap.levels(Split.TRAIN, np.arange(30)), actions):
        here = found.state.clock == step.t
        assert found.row[here].tolist() == step.rows.tolist()
        assert np.array_equal(trap.observe(found.state.take(here)), trap.observe(step.state))


@pytest.mark.thorough
def test_labels_in_chunks_equal_one_pass(monkeypatch):
    trap, numbers = KeysChests(), [3, 11, 4, 4, 9, 2]
    whole = mesa_gym.labels(trap, Split.SHIFT, numbers)
    monkeypatch.setattr(values, "CHUNK_STATES", 1)
    apart = mesa_gym.labels(trap, Split.SHIFT, numbers)
    assert_same(trap, whole.state, apart.state)
    for one, other in zip(whole[1:], apart[1:], strict=True):
        np.testing.assert_equal(one, other)
    assert set(whole.row.tolist()) == set(range(6))


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
    for level, taken, told in zip([3, 8], actions, demonstrations(name, [3, 8]), strict=True):
        text, _ = env.reset(options={"level": level})
        expected = []
        for action in taken[taken != ENDED].tolist():
            expected.append(f"{text}\naction: {ACTIONS[action]}\n")
            text, _, terminated, truncated, _ = env.step(action)
        assert terminated or truncated
        assert told == "\n".join(expected)
