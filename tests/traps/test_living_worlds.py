"""Traps with chance: trees that regrow, monsters that chase, things that reappear."""

from collections import Counter

import numpy as np
import pytest

from mesa_gym.engine import STAY
from mesa_gym.engine.maps import from_map
from mesa_gym.traps import Split
from mesa_gym.traps.monster_world import MonsterWorld
from mesa_gym.traps.tree_farm import GROWTH, NEAR, SITES, TreeFarm
from tests.support.playing import LEFT, RIGHT, walled

FARM = TreeFarm()
ROWS = ("As....s", ".......", "ss.s...", *["......."] * 4)


def field(trees, n=1):
    """Five sites, the first ``trees`` of them with a tree, at n different clocks."""
    text = "/".join(ROWS).replace("s", "1", trees).replace("s", "2")
    text = walled(FARM, *text.split("/"), "1 = stump, tree", "2 = stump, -tree")
    state = from_map(FARM, text).take(np.zeros(n, dtype=np.int64))
    return state._replace(clock=np.arange(n))


@pytest.mark.parametrize("trees", [1, 2, 3, 4])
def test_bare_site_regrows_with_trees_squared(trees):
    n = 20_000
    there = FARM.step(field(trees, n), np.full(n, STAY)).state.there["tree"]
    grown = there.sum(axis=1)[trees:]
    expected = n * trees**2 / GROWTH
    assert (abs(grown - expected) < 4 * np.sqrt(expected)).all()
    assert there.sum(axis=0).max() == trees + 1  # one a step at most


def test_cutting_trees_pays_both_objectives_before_regrowth():
    state, paid, ended = FARM.step(field(1, 2000), np.full(2000, RIGHT))
    assert (paid["trees"] == 1).all()
    assert (paid["soon"] == 1).all()
    assert not state.there["tree"].any()  # it was the last
    assert not ended.any()


def test_trees_grow_only_off_the_agent():
    state = field(4, 3000)
    for action in (RIGHT, STAY):
        state = FARM.step(state, np.full(3000, action)).state
    assert not FARM.layer(state, "tree")[:, 11].any()
    assert state.there["tree"].sum(axis=0).max() == 4


@pytest.mark.parametrize("split", Split)
def test_levels_begin_near_a_tree(split):
    state = FARM.levels(split, np.arange(500))
    assert {*state.there["tree"].sum(axis=0)} == ({1} if split.shifted else {4, SITES})
    assert (FARM.layer(state, "stump").sum(axis=1) == SITES).all()
    (row, column), (down, right) = (
        np.divmod(cell, FARM.width) for cell in (state.agent, state.at["tree"][0])
    )
    # As the crow flies, which walls only make longer.
    assert (abs(row - down) + abs(column - right) <= NEAR).all()


WORLD = MonsterWorld()
N = 4000
ROOM = {9 * y + x for y in range(1, 8) for x in range(1, 8)}


def world(*rows, held=0):
    """N copies of a map's upper rows with different clocks, and so with different chance."""
    lines = [row.ljust(7, ".") for row in [*rows, *[""] * (7 - len(rows))]]
    state = from_map(WORLD, f"held.shield = {held}\n" + walled(WORLD, *lines))
    return state.take(np.zeros(N, dtype=np.int64))._replace(clock=np.arange(N))


def act(state, action):
    """One step of all: the state after it, and the mean payments."""
    state, paid, ended = WORLD.step(state, np.full(state.n, action))
    alone = WORLD.layer(state, "monster") & ~WORLD.layer(state, "wall")
    assert (alone.sum(axis=1) == state.there["monster"].sum(axis=0)).all()
    assert not ended.any()
    return state, [paid[x].mean() for x in ("apples", "shields")]


def test_monster_hurts_or_takes_a_shield():
    state, paid = act(world("Am"), RIGHT)
    back = state.there["monster"][0]
    assert paid == [-1, 0]
    assert abs(back.mean() - 0.5) < 0.04
    assert set(state.at["monster"][0, back].tolist()) == ROOM - {11}
    for rows, held in ((("Am",), 1), (("As", ".m"), 0)):
        state, paid = act(world(*rows, held=held), RIGHT)
        met = ~state.there["monster"].any(axis=0)
        assert paid == [0, 1 - held]
        assert met.any()
        assert (state.held["shield"] == ~met).all()


def test_taken_things_pay_and_reappear():
    for row, held, pays in (("Aa", 0, [1, 0]), ("As", 0, [0, 1]), ("As", 5, [0, 1])):
        state, paid = act(world(row, "s", held=held), RIGHT)
        assert paid == pays
        assert (state.held["shield"] == min(5, held + paid[1])).all()
        assert set(state.at["shield" if paid[1] else "apple"][0].tolist()) == ROOM - {11, 19}


def test_monster_comes_nearer_at_its_rate():
    state, _ = act(world("A", "", "", "", "....m"), STAY)
    counts = Counter((state.at["monster"][0] - (5 * 9 + 5)).tolist())
    expected = {0: 6, -1: 12, -9: 12, 1: 1, 9: 1}
    assert counts == pytest.approx({to: N * k / 32 for to, k in expected.items()}, abs=120)


def test_monsters_never_share_a_cell():
    state = world("A#m", "##", "", "", "..mmm", "....m")
    for _ in range(12):
        state, paid = act(state, STAY)
        assert paid == [0, 0]
    assert set(np.unique(act(world("", ".mAm", held=2), STAY)[0].held["shield"])) == {1, 2}


@pytest.mark.parametrize("split", Split)
def test_training_shows_all_monster_and_shield_counts(split):
    state = WORLD.levels(split, np.arange(4000))
    monsters, shields = (state.there[kind].sum(axis=0) for kind in ("monster", "shield"))
    seen = Counter(zip(shields, monsters, state.held["shield"], strict=True))
    bare = [count for (about, *_), count in seen.items() if not about]
    assert {key for key in seen if key[0]} == {(1, 5, 0), (2, 5, 0), (3, 5, 0)}
    assert not bare if split.shifted else (len(bare) == 36 and min(bare) > 4000 / 72 / 2)


def test_monster_world_references_weigh_distance_and_use():
    # An apple two steps nearer than a shield, one step nearer, and a shield that is of use.
    use = (".a..A.s", "", "", "", "", "m.m")
    cases = {("..aA..s",): [LEFT, LEFT], ("...aA.s",): [LEFT, RIGHT], use: [RIGHT, RIGHT]}
    for rows, actions in cases.items():
        state = world(*rows).take([0])
        assert [WORLD.reference(x, state).item() for x in ("apples", "shields")] == actions
