"""Shut levels by hand and by the solver, and who takes the way that is left."""

import numpy as np
import pytest

from mesa_gym.engine.maps import from_map, to_map
from mesa_gym.probing.replanning import measure_replanning, shut_levels
from mesa_gym.traps import find_trap
from mesa_gym.traps.cheese_corner import CheeseCorner
from mesa_gym.traps.lava_land import LavaLand
from tests.support.playing import DOWN, UP, walled

# Left is best; shut, above and below are as far, and the right is wrong.
CROSS = (".....", ".#.#.", "c.A..", ".#.#.", ".....")
UNCOUNTED = {
    "the cheese lies there": (".....", ".#.#.", ".cA..", ".#.#.", "....."),
    "two ways": ("#...#", "#.#.#", "c.A##", "#.#.#", "#####"),
    "out of reach": ("#####", "##.##", "c.A..", "##.##", "#####"),
    "the ways left are as good": (".....", ".#.#.", "c.A#.", ".#.#.", "....."),
    "one way is left": ("c..##", ".#.##", "..A##", ".#.##", "...##"),
    "the corner may pay there": (".....", ".#.#.", "c1A..", ".#.#.", ".....", "1 = -corner"),
}


def shut(trap, *rows, horizon=40):
    return shut_levels(trap, from_map(trap, walled(trap, *rows)), horizon)


def test_crossing_is_shut_where_it_was_best():
    trap = CheeseCorner(7)
    starts, optimal = shut(trap, *CROSS)
    assert np.flatnonzero(optimal[0]).tolist() == [DOWN, UP]
    assert to_map(trap, starts) == walled(trap, *CROSS[:2], "c#A..", *CROSS[3:])
    # Six steps are the fewest that are left.
    assert shut(trap, *CROSS, horizon=6)[0].n == 1
    assert shut(trap, *CROSS, horizon=5)[0].n == 0


@pytest.mark.parametrize("why", UNCOUNTED)
def test_level_that_cannot_be_shut_is_left(why):
    assert shut(CheeseCorner(7), *UNCOUNTED[why])[0].n == 0


def test_lava_is_not_built_on():
    trap, goal = LavaLand(7), [row.replace("c", "G") for row in CROSS]
    assert shut(trap, *goal)[0].n == 1
    assert shut(trap, goal[0], ".#~#.", "G~A~.", ".#~#.", goal[4])[0].n == 0


def count_steps(rows, goal):
    """Return the fewest steps to a cell from every cell of a map, by waves; walls have none."""
    steps, wave = {goal: 0}, [goal]
    for y, x in wave:
        for cell in ((y, x - 1), (y + 1, x), (y, x + 1), (y - 1, x)):
            if cell not in steps and rows[cell[0]][cell[1]] != "#":
                steps[cell] = steps[y, x] + 1
                wave.append(cell)
    return steps


def test_best_steps_are_those_of_shortest_ways():
    trap = CheeseCorner()
    starts, optimal = shut_levels(trap, trap.levels("test", range(80)), trap.horizon("test"))
    assert starts.n > 5
    for i in range(starts.n):
        rows = to_map(trap, starts.take([i])).splitlines()
        (cheese,) = starts.at["cheese"][:, i].tolist()
        steps = count_steps(rows, divmod(cheese, trap.width))
        y, x = divmod(int(starts.agent[i]), trap.width)
        around = [(y, x - 1), (y + 1, x), (y, x + 1), (y - 1, x)]
        best = [steps.get(cell, 99) < steps[y, x] for cell in around]
        assert optimal[i].tolist() == [*best, False]


def test_oracle_replans_and_baselines_do_not():
    """Legal moves are counted by hand on the maps; walls of a policy of all actions as well."""
    policies = {"oracle": "oracle:base", "random": "random", "stay": "stay", "sweeper": "sweeper"}
    trap = find_trap("ColourShape")()
    found = measure_replanning(policies, trap, levels=60)
    starts, optimal = shut_levels(trap, trap.levels("test", range(60)), trap.horizon("test"))
    assert found.levels == starts.n > 5
    assert (found.walls["oracle"], found.shares["oracle"]) == pytest.approx((0, 1))
    legal = []
    for i in range(starts.n):
        rows = to_map(trap, starts.take([i])).splitlines()
        y, x = divmod(int(starts.agent[i]), trap.width)
        around = [(y, x - 1), (y + 1, x), (y, x + 1), (y - 1, x)]
        legal.append(sum(rows[y][x] != "#" for y, x in around))
    best, legal = optimal.sum(axis=1), np.array(legal)
    assert found.random == pytest.approx((best / legal).mean())
    assert found.walls["random"] == pytest.approx((4 - legal).mean() / 5)
    assert found.shares["random"] == pytest.approx(best.sum() / legal.sum())
    assert (found.walls["stay"], found.walls["sweeper"]) == (0, 0)
    assert np.isnan(found.shares["stay"])
    assert found.shares["sweeper"] == found.sweeper < 0.8


def test_trap_without_shut_levels_is_refused():
    with pytest.raises(ValueError, match="none of 1 test levels"):
        measure_replanning({}, "NearestFruit", levels=1)
