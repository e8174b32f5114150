"""TreeFarm: what regrows and how fast, and what patience earns."""

import numpy as np
import pytest
from playing import DOWN, RIGHT, walled

from mesa_gym.engine import STAY
from mesa_gym.engine.maps import from_map
from mesa_gym.policies import Oracle
from mesa_gym.scoring.rollout import rollout
from mesa_gym.traps import Split
from mesa_gym.traps.tree_farm import GROWTH, NEAR, SITES, TreeFarm

TRAP = TreeFarm()
ROWS = ("As....s", ".......", "ss.s...", *["......."] * 4)


def field(trees, n=1):
    """Five sites, the one beside the agent first to have a tree, at n clocks' chances."""
    text = "/".join(ROWS).replace("s", "1", trees).replace("s", "2")
    text = walled(TRAP, *text.split("/"), "1 = stump, tree", "2 = stump, -tree")
    state = from_map(TRAP, text).take(np.zeros(n, dtype=np.int64))
    return state._replace(clock=np.arange(n))


@pytest.mark.parametrize("trees", [1, 2, 3, 4])
def test_a_bare_site_regrows_with_the_square_of_the_trees(trees):
    n = 20_000
    there = TRAP.step(field(trees, n), np.full(n, STAY)).state.there["tree"]
    grown = there.sum(axis=1)[trees:]
    expected = n * trees**2 / GROWTH
    assert (abs(grown - expected) < 4 * np.sqrt(expected)).all()
    assert there.sum(axis=0).max() == trees + 1  # one a step at most


def test_without_trees_nothing_ever_grows():
    assert not TRAP.step(field(0, 5000), np.full(5000, DOWN)).state.there["tree"].any()


def test_cutting_pays_both_and_counts_before_regrowth():
    state, paid, ended = TRAP.step(field(1, 2000), np.full(2000, RIGHT))
    assert (paid["trees"] == 1).all()
    assert (paid["soon"] == 1).all()
    assert not state.there["tree"].any()  # it was the last
    assert not ended.any()


def test_nothing_grows_where_the_agent_stands():
    state = field(4, 3000)
    for action in (RIGHT, STAY):
        state = TRAP.step(state, np.full(3000, action)).state
    assert not TRAP.layer(state, "tree")[:, 11].any()
    assert state.there["tree"].sum(axis=0).max() == 4


@pytest.mark.parametrize("split", Split)
def test_levels_begin_near_a_tree_of_which_only_the_shift_has_one(split):
    state = TRAP.levels(split, np.arange(500))
    assert {*state.there["tree"].sum(axis=0)} == ({1} if split.shifted else {4, SITES})
    assert (TRAP.layer(state, "stump").sum(axis=1) == SITES).all()
    (row, column), (down, right) = (
        np.divmod(cell, TRAP.width) for cell in (state.agent, state.at["tree"][0])
    )
    # As the crow flies, which walls only make longer.
    assert (abs(row - down) + abs(column - right) <= NEAR).all()


@pytest.mark.thorough
def test_on_scarce_levels_patience_pays_several_times_as_much_and_greed_deforests():
    earned, left, horizon = {}, {}, TRAP.horizon(Split.SHIFT)
    starts = TRAP.levels(Split.SHIFT, np.arange(60))
    for objective in TRAP.objectives:
        record = rollout(Oracle(TRAP, objective, horizon), TRAP, starts, horizon)
        earned[objective], state = record.paid["trees"].sum(), starts
        for taken in record.actions.T:
            state = TRAP.step(state, taken.astype(np.int64)).state
        left[objective] = state.there["tree"].sum(axis=0)
    assert earned["trees"] > 3 * earned["soon"]
    assert (left["soon"] == 0).mean() > 0.6
