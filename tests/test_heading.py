"""Ways against hand-made maps and against plain breadth-first search."""

from __future__ import annotations

import numpy as np
from reference import cells_of, steps_from
from test_distances import caves

from mesa_gym.grid.heading import FAR, crowd, straight, toward

LEFT, DOWN, RIGHT, UP, STAY = range(5)

ROOM = """
#######
#.....#
#.###.#
#.....#
#######
"""


def room() -> np.ndarray:
    """The room above, bool (1, 5, 7)."""
    return np.array([[c == "." for c in line] for line in ROOM.split()])[None]


def go(start: tuple[int, int], ends: dict[tuple[int, int], int], **tolls: dict) -> int:
    """The action at a (row, column) for ends and tolls given by (row, column)."""
    price, toll = np.full((1, 35), FAR), np.full((1, 35), 2)
    for (y, x), each in ends.items():
        price[0, 7 * y + x] = each
    for (y, x), each in tolls.get("tolls", {}).items():
        toll[0, 7 * y + x] = each
    return int(toward(room(), np.array([7 * start[0] + start[1]]), price, toll)[0])


def test_it_goes_the_nearer_way_round() -> None:
    assert go((1, 2), {(3, 1): 0}) == LEFT
    assert go((1, 4), {(3, 5): 0}) == RIGHT
    assert go((2, 1), {(3, 3): 0}) == DOWN
    assert go((2, 5), {(1, 3): 0}) == UP


def test_an_end_that_costs_more_may_be_passed_over() -> None:
    assert go((1, 3), {(1, 1): 0, (1, 4): 1}) == RIGHT
    assert go((1, 3), {(1, 1): 0, (1, 4): 3}) == LEFT
    assert go((1, 3), {(1, 1): 0, (1, 3): 4}) == STAY
    assert go((1, 3), {(1, 1): 0, (1, 3): 5}) == LEFT


def test_tolls_turn_it_round() -> None:
    assert go((1, 2), {(3, 1): 0}, tolls={(2, 1): 13}) == LEFT  # 17 against 18 the other way
    assert go((1, 2), {(3, 1): 0}, tolls={(2, 1): 15}) == RIGHT


def test_without_an_end_that_can_be_reached_it_stays() -> None:
    assert go((1, 2), {}) == STAY
    assert go((1, 2), {(2, 3): 0}) == STAY  # in the wall


def test_every_step_comes_nearer_as_breadth_first_search_tells() -> None:
    open_cells, goal = caves(40, 8, 11)
    _, start = caves(40, 8, 11, seed=1)
    flat = open_cells.reshape(40, -1)
    flat[np.arange(40), goal] = flat[np.arange(40), start] = True
    ends = np.full(flat.shape, FAR)
    ends[np.arange(40), goal] = 0
    actions = toward(open_cells, start, ends)
    joined = 0
    for row in range(40):
        steps = steps_from(divmod(int(goal[row]), 11), cells_of(open_cells[row]))
        here = divmod(int(start[row]), 11)
        there = divmod(int(start[row]) + [-1, 11, 1, -11, 0][actions[row]], 11)
        if here in steps and here != divmod(int(goal[row]), 11):
            assert steps[there] == steps[here] - 1
            joined += 1
        else:
            assert actions[row] == STAY
    assert 10 < joined < 40


def test_crowd_counts_the_four_beside() -> None:
    layer = np.zeros((2, 5, 5), dtype=np.bool_)
    layer[0, 2, 1:4] = True
    found = crowd(layer).reshape(2, 5, 5)
    assert found[0, 2].tolist() == [1, 1, 2, 1, 1]
    assert found[0, 1].tolist() == [0, 1, 1, 1, 0]
    assert not found[1].any()


def test_straight_steps_try_the_row_or_the_column_first() -> None:
    steps = straight(5, 7)
    here, there = 7 * 1 + 1, 7 * 3 + 4
    assert steps[:, here, there].tolist() == [1, 7]
    assert steps[:, there, here].tolist() == [-1, -7]
    assert steps[:, here, 7 * 1 + 4].tolist() == [1, 1]
    assert steps[:, here, here].tolist() == [0, 0]
