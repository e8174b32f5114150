"""Agents that do not see some planes, and training in turned and mirrored levels."""

import numpy as np
import pytest
from reference import neighbours, wandered
from training import CORNER, acts, drawn, lesson

from agents import hiding
from agents.hiding import Hidden, train_hidden
from agents.symmetry import Symmetric
from mesa_gym.envs.observations import planes_of
from mesa_gym.traps import find_trap

DOORS = find_trap("RedBlueDoors")(colour_planes=2)
PLANES = planes_of(DOORS, wandered(DOORS))


def test_hidden_planes_are_zeroed_for_members():
    kept = PLANES.copy()
    first, second = np.split(Hidden([[], [2, 4]]).change_planes(PLANES), 2)
    np.testing.assert_array_equal(first, kept[:150])
    np.testing.assert_array_equal(second, kept[150:] * np.array([1, 1, 0, 1, 0, 1, 1, 1]))
    np.testing.assert_array_equal(PLANES, kept)


def test_agents_never_use_hidden_planes(monkeypatch):
    # The one that sees all, then without door, key, red and blue.
    blind, hidden = [None, "door", "key", "red", "blue"], [[], [2], [3], [4, 6], [5, 7]]

    def trained(lesson, variation):
        assert variation.channels == hidden
        return [drawn(DOORS, index) for index in range(5)]

    monkeypatch.setattr(hiding, "train_agents", trained)
    agents = train_hidden(lesson(*[7] * 5, trap=DOORS, steps=100), hidden)
    for agent, plane in zip(agents, blind, strict=True):
        for name in DOORS.channels[2:]:
            without = PLANES * ~(np.array(DOORS.channels) == name)
            same = np.array_equal(agent.act(without), agent.act(PLANES))
            assert same == (name == plane)


def test_agents_of_one_seed_differ_by_planes():
    size = {"num_levels": 100, "steps": 4096}
    agents = train_hidden(lesson(1, 1, 2, 2, **size), [[], [2]] * 2)
    planes = CORNER.observe(wandered(CORNER))
    done = [acts(agent, planes).tobytes() for agent in agents]
    assert len(set(done)) == len(done) == 4


# -- symmetry --------------------------------------------------------------------------------------


def shown(trap, planes, symmetry):
    made = Symmetric(trap.size, len(planes), 0)
    made.chosen[:] = symmetry
    return made, made.change_planes(planes)


@pytest.mark.parametrize(("size", "count"), [(9, 8), ((9, 13), 4)])
def test_symmetric_turns_and_mirrors_inside_the_border(size, count):
    trap = find_trap("KeysChests")(size)
    planes = trap.observe(wandered(trap, 100, 40))
    assert planes[:, 0, :, trap.channel["key"]].any()  # held keys are drawn on the border
    inner, found = planes[:, 1:-1, 1:-1], set()
    turned = [np.rot90(x, k, (1, 2)) for x in (inner, inner[:, :, ::-1]) for k in range(4)]
    for symmetry in range(count):
        _, seen = shown(trap, planes, symmetry)
        (which,) = [w for w in range(8) if np.array_equal(turned[w], seen[:, 1:-1, 1:-1])]
        found.add(which)
        seen[:, 1:-1, 1:-1] = inner
        np.testing.assert_array_equal(seen, planes)
    assert len(found) == count == len(Symmetric(trap.size, 1, 0).cells)


@pytest.mark.parametrize("symmetry", range(8))
def test_symmetric_actions_move_within_the_picture(symmetry):
    """The agent goes where a look at the picture says."""
    state = wandered(CORNER, 60)
    made, before = shown(CORNER, CORNER.observe(state), symmetry)
    agent, wall = CORNER.channel["agent"], CORNER.channel["wall"]
    for action in range(5):
        after, _, ended = CORNER.step(state, made.change_actions(np.full(60, action)))
        picture = made.change_planes(CORNER.observe(after))
        for row in (~ended).nonzero()[0]:
            (here,) = map(tuple, np.argwhere(before[row, :, :, agent]).tolist())
            there = [*neighbours(here), here][action]
            there = here if before[row, *there, wall] else there
            assert np.argwhere(picture[row, :, :, agent]).tolist() == [list(there)]


def test_symmetric_draws_each_episode_apart():
    made, other = (Symmetric((9, 9), 4000, seed) for seed in (1, 2))
    assert np.mean(made.chosen == other.chosen) < 0.2
    before, done = made.chosen.copy(), np.arange(4000) % 4 > 0
    made.note(np.zeros(4000, dtype=np.int64), np.zeros(4000), done)
    np.testing.assert_array_equal(made.chosen[~done], before[~done])
    for chosen in (before, made.chosen):
        np.testing.assert_allclose(np.bincount(chosen) / 4000, 1 / 8, atol=0.02)
    assert np.mean(made.chosen[done] == before[done]) == pytest.approx(1 / 8, abs=0.02)
