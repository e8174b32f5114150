"""Crossing of levels: children have the things of a level, and the layout of another level."""

import numpy as np
import pytest

from agents.crossed_levels import cross
from mesa_gym.engine.chance import streams
from mesa_gym.solver.values import solve_values
from mesa_gym.traps import LEVELS, Split, find_trap, package_traps
from tests.support.parameters import thorough
from tests.support.reference import arrays
from tests.support.refusals import refusals
from tests.support.worlds import zoo_states

COUNT = 100
CROSSED = [x for x in package_traps().values() if x.layout_things is not None]


def cross_levels(trap, split):
    """Children of levels of a split with layouts of training levels, and both parents."""
    numbers = np.arange(COUNT)
    things_of = trap.levels(split, numbers + LEVELS * (split is Split.SHIFT))
    layouts_of = trap.levels(Split.TRAIN, numbers + COUNT)
    return *cross(trap, things_of, layouts_of, streams(0, numbers, "test")), things_of, layouts_of


@pytest.mark.parametrize("trap", CROSSED, ids=lambda trap: trap.__name__)
def test_children_keep_things_and_take_layout(trap):
    trap = trap()
    children, fits, things_of, layouts_of = cross_levels(trap, Split.SHIFT)
    assert fits.all()
    layers = {x: trap.layer(children, x) for x in (*trap.ground, *trap.things, *trap.traits)}
    kept = layers.keys() - {"wall", *trap.layout_things}
    used = np.any([layers[name] for name in kept - trap.traits.keys()], axis=0)
    for name in kept:
        np.testing.assert_array_equal(layers[name], trap.layer(things_of, name))
    for name in ("wall", *trap.layout_things):
        np.testing.assert_array_equal(layers[name], trap.layer(layouts_of, name) & ~used)
    filled = np.any([layers[name] for name in (*trap.ground, *trap.things)], axis=0)
    assert not filled[np.arange(COUNT), children.agent].any()
    assert (children.agent != things_of.agent).mean() > 0.8


@pytest.mark.parametrize(
    "trap",
    [x if x.__name__ == "CoinRun" else thorough(x) for x in CROSSED],
    ids=lambda trap: trap.__name__,
)
def test_only_children_of_shift_levels_conflict(trap):
    trap, conflicts = trap(), {}
    for split in (Split.TRAIN, Split.SHIFT):
        children = cross_levels(trap, split)[0]
        values = solve_values(trap, children, trap.horizon(split), pairs=True)
        (proxy,) = trap.proxies
        assert (values.optimum[trap.base] > values.floor[trap.base]).mean() > 0.9
        kept = values.worst[proxy, trap.base] >= values.informed[proxy] - 1e-9
        conflicts[split] = (~kept).sum()
    assert conflicts[Split.TRAIN] == 0
    assert conflicts[Split.SHIFT] > COUNT / 10


def test_cross_leaves_both_parents_unchanged():
    zoo, things_of = zoo_states(0, 6)
    zoo.layout_things = ("door",)  # with a trait
    layouts_of = zoo_states(1, 6)[1]
    before = [
        {name: array.copy() for name, array in arrays(x).items()} for x in (things_of, layouts_of)
    ]
    children, _ = cross(zoo, things_of, layouts_of, np.arange(6))
    for state, frozen in zip((things_of, layouts_of), before, strict=True):
        assert all((array == frozen[name]).all() for name, array in arrays(state).items())
    assert (arrays(children)["level.traits.red.door"] != before[0]["level.traits.red.door"]).any()


def test_children_depend_on_own_row_only():
    trap = find_trap("CoinRun")()
    children, _, *parents = cross_levels(trap, Split.SHIFT)
    turned, words = np.arange(COUNT)[::-1], streams(0, np.arange(COUNT), "test")
    again, _ = cross(trap, *(x.take(turned) for x in parents), words[turned])
    np.testing.assert_array_equal(trap.observe(children.take(turned)), trap.observe(again))


test_level_without_layout_is_refused = refusals("agents", "crossed_levels", globals())
