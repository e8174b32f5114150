"""Targets, and shut levels by hand and against plain recursion on maps that are written again."""

import numpy as np
import pytest
from parameters import each_solvable
from playing import DOWN, UP, walled
from reference import cells_of
from small_traps import SmallDish

from mesa_gym.engine.maps import from_map, to_map
from mesa_gym.solver import Graph, actions_in, solutions, targets
from mesa_gym.solver.shut import shut_levels
from mesa_gym.traps import Split
from mesa_gym.traps.cheese_corner import CheeseCorner
from mesa_gym.traps.keys_chests import KeysChests
from mesa_gym.traps.lava_land import LavaLand
from mesa_gym.traps.nearest_fruit import NearestFruit


def test_targets_ignore_missing_keys_and_walls():
    trap = KeysChests()
    found = targets(trap, from_map(trap, walled(trap, "AC#k#..", ".......", "C......")))
    cells = {x: cells_of(pays.reshape(trap.size)) for x, pays in found.items()}
    assert cells == {"chests": {(1, 2), (3, 1)}, "keys": {(1, 4)}}


def test_targets_pay_over_half_of_the_most():
    trap = NearestFruit()
    rows = ("1.A...2", "1 = fruit pip1", "2 = fruit pip3 nearest")
    found = targets(trap, from_map(trap, walled(trap, *rows)))
    cells = {x: cells_of(pays.reshape(trap.size)) for x, pays in found.items()}
    assert cells == {"ripest": {(1, 7)}, "nearest": {(1, 7)}}


# Left is best; shut, above and below are as far, and the right is wrong.
CROSS = (".....", ".#.#.", "c.A..", ".#.#.", ".....")
NONE = {
    "the cheese lies there": (".....", ".#.#.", ".cA..", ".#.#.", "....."),
    "two ways": ("#...#", "#.#.#", "c.A##", "#.#.#", "#####"),
    "out of reach": ("#####", "##.##", "c.A..", "##.##", "#####"),
    "the ways left are as good": (".....", ".#.#.", "c.A#.", ".#.#.", "....."),
    "one way is left": ("c..##", ".#.##", "..A##", ".#.##", "...##"),
}


def shut(trap, *rows, horizon=40):
    return shut_levels(trap, from_map(trap, walled(trap, *rows)), horizon)


def test_shut_crossing_equals_values_by_hand():
    trap = CheeseCorner(7)
    found = shut(trap, *CROSS)
    assert np.flatnonzero(found.optimal[0]).tolist() == [DOWN, UP]
    assert to_map(trap, found.starts) == walled(trap, ".....", ".#.#.", "c#A..", ".#.#.", ".....")
    shares = np.array([[0.5, 0.25, 0.125, 0.125, 0]])
    assert found.judge(shares).tolist() == [0.375]
    # Six steps are the fewest that are left.
    assert shut(trap, *CROSS, horizon=6).counted.all()
    assert not shut(trap, *CROSS, horizon=5).counted.any()


@pytest.mark.parametrize("why", NONE)
def test_shut_levels_that_do_not_count_stay(why):
    trap = CheeseCorner(7)
    found = shut(trap, *NONE[why])
    assert np.isnan(found.judge(np.full((1, 5), 0.2))).all()
    assert to_map(trap, found.starts) == walled(trap, *NONE[why])


def test_shut_walls_spare_targets_and_other_ground():
    trap = CheeseCorner(7)
    rows = (CROSS[0], CROSS[1], "c1A..", *CROSS[3:], "1 = -corner")
    assert not shut(trap, *rows).counted.any()
    hot = LavaLand(7)
    goal = [row.replace("c", "G") for row in CROSS]
    assert shut(hot, *goal).counted.all()
    assert not shut(hot, goal[0], ".#~#.", "G~A~.", ".#~#.", goal[4]).counted.any()


@each_solvable
def test_shut_sets_equal_those_of_a_solution(trap):
    made = trap()
    if made.const or made.by_returns():
        pytest.skip("it has no shut levels")
    starts, horizon = made.levels(Split.TEST, np.arange(60)), made.horizon(Split.TEST)
    found = shut_levels(made, starts, horizon)
    rows = np.flatnonzero(found.counted)
    before, after = starts.take(rows), found.starts.take(rows)
    walls = made.layer(after, "wall") & ~made.layer(before, "wall")
    assert rows.size > 0
    for chunk, solution in solutions(made, before, horizon):
        first = actions_in(solution.optimal(made.base)[0])
        assert not first[:, 4].any()
        assert walls[chunk].sum(axis=1).tolist() == first.sum(axis=1).tolist()
    for chunk, solution in solutions(made, after, horizon):
        np.testing.assert_array_equal(
            actions_in(solution.optimal(made.base)[0]), found.optimal[rows[chunk]]
        )
    other = np.flatnonzero(~found.counted)
    np.testing.assert_array_equal(
        made.layer(found.starts.take(other), "wall"), made.layer(starts.take(other), "wall")
    )


def test_shut_levels_are_kept_by_state(monkeypatch, tmp_path):
    monkeypatch.setenv("MESA_GYM_CACHE", str(tmp_path))
    trap, solved, explore = SmallDish(), [], Graph._explore

    def count(graph):
        solved.append(graph.starts.n)
        explore(graph)

    monkeypatch.setattr(Graph, "_explore", count)
    starts = trap.levels(Split.TEST, np.arange(20))
    first = shut_levels(trap, starts, 20)
    solved.clear()
    again = shut_levels(trap, starts, 20)
    assert not solved
    np.testing.assert_array_equal(again.optimal, first.optimal)
    # Of the same levels by their numbers, the agent elsewhere.
    twin = starts._replace(agent=starts.agent[::-1])
    shut_levels(trap, twin, 20)
    assert solved
