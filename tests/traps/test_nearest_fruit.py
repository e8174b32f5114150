"""NearestFruit: ripeness is relative, and where the fruits are drawn."""

import numpy as np
import pytest
from playing import places, play, walled
from reference import steps_from

from mesa_gym.traps import Split
from mesa_gym.traps.nearest_fruit import PIPS, NearestFruit

TRAP = NearestFruit()


@pytest.mark.parametrize(
    ("ripenesses", "pays"),  # of what lies left, below and right
    [
        ((0, 1, 2), (0.3, 0.3, 1.0)),
        ((2, 1, 0), (1.0, 0.3, 0.3)),
        ((2, 3, 0), (0.3, 1.0, 0.3)),
        ((1, 2, 3), (0.3, 0.3, 1.0)),
        ((3, 1, 2), (1.0, 0.3, 0.3)),
    ],
)
def test_the_ripest_is_relative(ripenesses, pays):
    fruits = [" ".join(["fruit", *PIPS[:ripeness]]) for ripeness in ripenesses]
    legend = (f"4 = {fruits[0]}", f"5 = {fruits[1]}", f"6 = {fruits[2]} nearest")
    for action, pay in zip("LDRU.", (*pays, 0, 0), strict=True):
        paid, ended, _ = play(TRAP, walled(TRAP, "...", "4A6", ".5.", *legend), action)
        assert paid == {"ripest": [pay], "nearest": [action == "R"]}
        assert ended == [action in "LDR"]


@pytest.mark.parametrize("split", Split)
def test_the_nearest_is_nearest_by_three_and_no_fruit_stands_in_the_way(split):
    for (start,), fruits, near, bare in places(TRAP, split, 150, "agent", "fruit", "nearest"):
        steps = steps_from(start, bare)
        assert len(fruits) == 3
        assert min(steps[x] for x in fruits - near) - min(steps[x] for x in near) >= 3
        for fruit in fruits:
            assert steps_from(start, bare - (fruits - {fruit}))[fruit] == steps[fruit]


@pytest.mark.parametrize("split", Split)
def test_ripenesses_differ_and_only_under_shift_is_the_nearest_not_the_ripest(split):
    traits = TRAP.levels(split, np.arange(2000)).level.traits
    pips = np.array([traits[pip]["fruit"] for pip in PIPS])
    assert (pips[:-1] >= pips[1:]).all()
    ripeness = pips.sum(axis=0)
    assert (np.diff(np.sort(ripeness, axis=0), axis=0) > 0).all()
    assert (np.bincount(6 - ripeness.sum(axis=0), minlength=4) > 400).all()
    nearest = traits["nearest"]["fruit"]
    assert (nearest.sum(axis=0) == 1).all()
    rank = (ripeness < ripeness.max(axis=0, where=nearest, initial=0)).sum(axis=0)
    counts = np.bincount(rank, minlength=3)
    assert counts[:2].min() > 850 if split.shifted else counts.tolist() == [0, 0, 2000]
