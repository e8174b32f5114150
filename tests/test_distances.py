"""Distances against plain breadth-first search, shortest paths against listing them all."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from reference import Cell, cells_of, neighbours, steps_from

from mesa_gym.grid import apart, distances, each_first

SIZES = [(5, 5), (8, 11), (13, 7)]


def caves(n: int, height: int, width: int, seed: int = 0) -> tuple[NDArray, NDArray[np.int64]]:
    """Grids with walls strewn at random inside a closed border, and a cell in each."""
    rng = np.random.default_rng(seed)
    open_cells = rng.random((n, height, width)) < 0.65
    open_cells[:, [0, -1]] = open_cells[:, :, [0, -1]] = False
    inside = rng.integers(1, height - 1, n) * width + rng.integers(1, width - 1, n)
    return open_cells, inside


@pytest.mark.parametrize(("height", "width"), SIZES)
def test_distances_are_those_of_breadth_first_search(height: int, width: int) -> None:
    open_cells, start = caves(60, height, width)
    found = distances(open_cells, start).reshape(open_cells.shape)
    assert (found == -1).any()
    for row, cell in enumerate(start.tolist()):
        steps = steps_from(divmod(cell, width), cells_of(open_cells[row]))
        expected = [[steps.get((y, x), -1) for x in range(width)] for y in range(height)]
        np.testing.assert_array_equal(found[row], expected)


def test_distances_do_not_depend_on_the_batch() -> None:
    open_cells, start = caves(30, 9, 9)
    whole = distances(open_cells, start)
    for row in range(30):
        alone = distances(open_cells[row : row + 1], start[row : row + 1])
        np.testing.assert_array_equal(alone[0], whole[row])


def shortest_paths(start: Cell, goal: Cell, cells: set[Cell], length: int) -> list[list[Cell]]:
    """Every path of exactly so many steps, by trying all turns."""
    if length == 0:
        return [[start]] if start == goal else []
    return [
        [start, *rest]
        for beside in neighbours(start)
        if beside in cells
        for rest in shortest_paths(beside, goal, cells, length - 1)
    ]


def test_apart_is_being_on_no_shortest_path_either_way() -> None:
    height = width = 5
    open_cells, start = caves(40, height, width, seed=1)
    _, place = caves(40, height, width, seed=2)
    flat = open_cells.reshape(40, -1)
    flat[np.arange(40), start] = flat[np.arange(40), place] = True
    joined = distances(open_cells, start)[np.arange(40), place] >= 0
    open_cells, start, place = open_cells[joined], start[joined], place[joined]
    found = apart(open_cells, start, place)
    assert found.any()
    assert (~found).any()
    for row in range(len(start)):
        cells = cells_of(open_cells[row])
        here, there = divmod(int(start[row]), width), divmod(int(place[row]), width)
        steps = steps_from(here, cells)
        on_way = {c for p in shortest_paths(here, there, cells, steps[there]) for c in p}
        expected = {
            cell
            for cell in steps
            if cell not in on_way
            and not any(there in p for p in shortest_paths(here, cell, cells, steps[cell]))
        }
        assert {divmod(int(c), width) for c in found[row].nonzero()[0]} == expected


def test_each_first_is_having_a_way_that_enters_no_other_place() -> None:
    height = width = 6
    open_cells, start = caves(200, height, width, seed=3)
    places = np.stack([caves(200, height, width, seed=seed)[1] for seed in (4, 5, 6)], axis=1)
    flat = open_cells.reshape(200, -1)
    np.put_along_axis(flat, np.concatenate([places, start[:, None]], axis=1), True, axis=1)
    distinct = np.array([len({*row, begin}) == 4 for row, begin in zip(places, start, strict=True)])
    open_cells, start, places = open_cells[distinct], start[distinct], places[distinct]
    found = each_first(open_cells, start, places)
    assert found.any()
    assert (~found).any()
    for row in range(len(start)):
        cells = cells_of(open_cells[row])
        here, *there = (divmod(int(cell), width) for cell in (start[row], *places[row]))
        others = ({*there} - {place} for place in there)
        ways = [
            place in steps_from(here, cells - o) for place, o in zip(there, others, strict=True)
        ]
        assert found[row] == all(ways)


def test_each_first_passes_over_places_that_are_not_there() -> None:
    """``scatter`` fills up with -1 where a level has fewer objects than another of its batch."""
    open_cells, start = caves(200, 6, 6, seed=3)
    places = np.stack([caves(200, 6, 6, seed=seed)[1] for seed in (4, 5)], axis=1)
    padded = np.insert(places, (0, 1, 2), -1, axis=1)
    expected = each_first(open_cells, start, places)
    assert expected.any()
    np.testing.assert_array_equal(each_first(open_cells, start, padded), expected)
