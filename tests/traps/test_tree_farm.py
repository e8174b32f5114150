"""TreeFarm: what regrows and how fast, and what its references do."""

import numpy as np
import pytest
from playing import DOWN, RIGHT, walled

from mesa_gym.engine import STAY, State
from mesa_gym.engine.maps import from_map
from mesa_gym.traps import Split
from mesa_gym.traps.tree_farm import SITES, TreeFarm

TRAP = TreeFarm()
ROWS = ("As....s", ".......", "sssssss", "sssssss", *["......."] * 3)


def field(trees: int, n: int = 1) -> State:
    """Sixteen sites, the one beside the agent first to have a tree, at n clocks' chances."""
    text = "/".join(ROWS).replace("s", "1", trees).replace("s", "2")
    text = walled(TRAP, *text.split("/"), "1 = stump, tree", "2 = stump, -tree")
    state = from_map(TRAP, text).take(np.zeros(n, dtype=np.int64))
    return state._replace(clock=np.arange(n))


@pytest.mark.parametrize("trees", [1, 3, 8, 15])
def test_a_bare_site_regrows_with_the_square_of_the_trees(trees: int) -> None:
    n = 20_000
    state = TRAP.step(field(trees, n), np.full(n, STAY)).state
    grown = state.there["tree"].sum() - n * trees
    expected = n * (SITES - trees) * trees**2 / 655.36
    assert abs(grown - expected) < 4 * np.sqrt(expected)


def test_without_trees_nothing_ever_grows() -> None:
    assert not TRAP.step(field(0, 5000), np.full(5000, DOWN)).state.there["tree"].any()


def test_cutting_pays_both_and_counts_before_regrowth() -> None:
    state, paid, ended = TRAP.step(field(1, 2000), np.full(2000, RIGHT))
    assert (paid["trees"] == 1).all()
    assert (paid["soon"] == 1).all()
    assert not state.there["tree"].any()  # it was the last
    assert not ended.any()


def test_nothing_grows_where_the_agent_stands() -> None:
    state = field(15, 3000)
    for action in (RIGHT, STAY):
        state = TRAP.step(state, np.full(3000, action)).state
    assert not TRAP.layer(state, "tree")[:, 11].any()
    assert state.there["tree"].sum(axis=0).max() == 15


def test_the_patient_reference_leaves_seven_trees() -> None:
    for trees, greedy, patient in ((7, RIGHT, STAY), (8, RIGHT, RIGHT)):
        assert TRAP.reference("soon", field(trees)).tolist() == [greedy]
        assert TRAP.reference("trees", field(trees)).tolist() == [patient]


def test_on_scarce_levels_patience_pays_twice_as_much_and_greed_deforests() -> None:
    earned, left = {}, {}
    for objective in TRAP.objectives:
        state, earned[objective] = TRAP.levels(Split.SHIFT, np.arange(100)), 0.0
        for _ in range(TRAP.horizon(Split.SHIFT)):
            state, paid, _ = TRAP.step(state, TRAP.reference(objective, state))
            earned[objective] += paid["trees"].sum()
        left[objective] = state.there["tree"].sum(axis=0)
    assert earned["trees"] > 2 * earned["soon"]
    assert np.median(left["soon"]) == 0
    assert left["trees"].min() > 0
