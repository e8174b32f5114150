"""Ensembles, whose members miss a plane each, and training in turned and mirrored levels."""

import numpy as np
import pytest
from reference import neighbours, wandered
from training import CORNER, acts, drawn, lesson

from agents import ensemble
from agents.ensemble import Hidden
from agents.symmetry import Symmetric
from mesa_gym.envs.observations import planes_of
from mesa_gym.trained.ensemble import Ensemble
from mesa_gym.traps import find_trap

DOORS = find_trap("RedBlueDoors")(colour_planes=2)
PLANES = planes_of(DOORS, wandered(DOORS))


def test_ensemble_plays_the_product_of_its_members():
    made = Ensemble(DOORS, [drawn(DOORS, seed) for seed in range(3)])
    each = np.array([member.act(PLANES) for member in made.members])
    assert np.ptp(each, axis=0).max() > 0.5
    product = each.prod(axis=0) ** (1 / 3)
    got = made.act(PLANES)
    np.testing.assert_allclose(got, product / product.sum(axis=1, keepdims=True), atol=1e-5)
    assert np.abs(got - each.mean(axis=0)).max() > 0.05


def test_hidden_planes_are_zeroed_for_members():
    kept = PLANES.copy()
    first, second = np.split(Hidden([[], [2, 4]]).change_planes(PLANES), 2)
    np.testing.assert_array_equal(first, kept[:150])
    np.testing.assert_array_equal(second, kept[150:] * np.array([1, 1, 0, 1, 0, 1, 1, 1]))
    np.testing.assert_array_equal(PLANES, kept)


@pytest.mark.parametrize("best", [0.8, -0.8])
def test_ensemble_drops_weak_and_blinds_other_members(best, monkeypatch):
    # The one that sees all, then without door, key, red and blue.
    earned = [best, best + 0.1, best - 0.05, best - 0.03, best]
    asked = lesson(7, trap=DOORS, steps=100)

    def trained(lesson, variation):
        assert lesson.seeds == (7,) * 5
        assert variation.channels == [[], [2], [3], [4, 6], [5, 7]]
        for index, each in enumerate(earned):
            lesson.note(index, 1, 0.0)
            lesson.note(index, 100, each)
        return [drawn(DOORS, index) for index in range(5)]

    monkeypatch.setattr(ensemble, "train_agents", trained)
    (made,) = ensemble.train(asked)
    assert asked.curve(0) == [(2, 0.0), (100, best)]
    blind = [None, "door", "red", "blue"]  # a twentieth less is 0.04
    for member, hidden in zip(made.members, blind, strict=True):
        for name in DOORS.channels[2:]:
            without = PLANES * ~(np.array(DOORS.channels) == name)
            same = np.array_equal(member.act(without), member.act(PLANES))
            assert same == (name == hidden)


def test_members_and_seeds_differ(monkeypatch):
    monkeypatch.setattr(ensemble, "KEPT", -9.0)  # all members
    agents = ensemble.train(lesson(1, 2, num_levels=100))
    planes = CORNER.observe(wandered(CORNER))
    done = [acts(member, planes).tobytes() for made in agents for member in made.members]
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
