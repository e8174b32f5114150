"""Ways against breadth-first search, against listing them all, and against relaxing every edge."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mesa_gym.engine import FAR, STAY, distances, each_first, equidistant, off_route, toward
from mesa_gym.engine.paths import crowd, tour
from tests.support.reference import cells_of, neighbours, steps_from

seeds = st.integers(0, 2**32)


def caves(seed, n, height, width, marks):
    """Grids with walls strewn inside a closed border, and distinct open cells (marks, n)."""
    rng = np.random.default_rng(seed)
    open_cells = rng.random((n, height, width)) < 0.65
    open_cells[:, [0, -1]] = open_cells[:, :, [0, -1]] = False
    inside = np.arange(height * width).reshape(height, width)[1:-1, 1:-1].ravel()
    cells = np.stack([rng.permutation(inside)[:marks] for _ in range(n)], axis=1)
    open_cells.reshape(n, -1)[np.arange(n), cells] = True
    return open_cells, cells


@given(seeds, st.sampled_from([(5, 5), (8, 11), (13, 7)]))
def test_distances_are_those_of_breadth_first_search(seed, size):
    open_cells, (start, other) = caves(seed, 5, *size, 2)
    found, to_other = distances(open_cells, start), distances(open_cells, other)
    halfway = equidistant(open_cells, start, other)
    for row, cell in enumerate(start.tolist()):
        steps = steps_from(divmod(cell, size[1]), cells_of(open_cells[row]))
        expected = [steps.get(divmod(i, size[1]), -1) for i in range(size[0] * size[1])]
        assert found[row].tolist() == expected
        pairs = zip(found[row].tolist(), to_other[row].tolist(), strict=True)
        assert halfway[row].tolist() == [a == b > 0 for a, b in pairs]


def shortest_paths(start, goal, cells, length):
    """Every path of exactly so many steps, by trying all turns."""
    if length == 0:
        return [[start]] if start == goal else []
    return [
        [start, *rest]
        for beside in neighbours(start)
        if beside in cells
        for rest in shortest_paths(beside, goal, cells, length - 1)
    ]


@settings(deadline=None)
@given(seeds)
def test_apart_excludes_cells_on_shared_shortest_paths(seed):
    open_cells, (start, place) = caves(seed, 4, 5, 5, 2)
    joined = distances(open_cells, start)[np.arange(4), place] >= 0
    found = off_route(open_cells[joined], start[joined], place[joined])
    for row, kept in enumerate(joined.nonzero()[0]):
        cells = cells_of(open_cells[kept])
        here, there = divmod(int(start[kept]), 5), divmod(int(place[kept]), 5)
        steps = steps_from(here, cells)
        on_way = {c for p in shortest_paths(here, there, cells, steps[there]) for c in p}
        expected = {
            cell
            for cell in steps
            if cell not in on_way
            and not any(there in p for p in shortest_paths(here, cell, cells, steps[cell]))
        }
        assert {divmod(int(c), 5) for c in found[row].nonzero()[0]} == expected


@given(seeds)
def test_each_first_needs_ways_around_other_places(seed):
    open_cells, (start, *places) = caves(seed, 8, 6, 6, 4)
    found = each_first(open_cells, start, np.stack(places))
    for row in range(8):
        cells = cells_of(open_cells[row])
        here, *there = (divmod(int(cell[row]), 6) for cell in (start, *places))
        ways = [place in steps_from(here, cells - ({*there} - {place})) for place in there]
        assert found[row] == all(ways)
    # `scatter` fills up with -1 where a level has fewer things than another of its batch.
    padded = np.insert(np.stack(places), (0, 1, 3), -1, axis=0)
    np.testing.assert_array_equal(each_first(open_cells, start, padded), found)


def test_tour_takes_shortest_ways_equally_often():
    open_cells = np.pad(np.ones((400, 2, 2), dtype=np.bool_), ((0, 0), (1, 1), (1, 1)))
    words = np.random.default_rng(0).integers(-1 << 63, 1 << 63, (2, 400))
    cells, reach = tour(open_cells, np.full(400, 5), np.full((1, 400), 10), words)
    assert (reach == 1).all()
    assert {*cells[:, 0].tolist()} == {6, 9}
    assert abs(np.mean(cells[:, 0] == 6) - 0.5) < 0.1  # four standard errors


@pytest.mark.thorough
@given(seeds)
def test_toward_takes_first_steps_of_cheapest_ways(seed):
    open_cells, (start,) = caves(seed, 6, 6, 7, 1)
    rng = np.random.default_rng(seed)
    ends = np.where(rng.random((6, 42)) < 0.2, rng.integers(0, 9, (6, 42)), FAR)
    tolls = rng.integers(1, 6, (6, 42))
    actions = toward(open_cells, start, ends, tolls)
    for row in range(6):
        free = open_cells[row].ravel()
        left = np.where(free, ends[row], FAR).astype(float)
        for _ in range(42):  # Bellman and Ford: as many rounds as there are cells
            for cell in free.nonzero()[0]:
                ways = [left[cell + o] + tolls[row, cell + o] for o in (-1, 7, 1, -7)]
                left[cell] = min(left[cell], *ways)
        here = start[row]
        ways = [left[here + o] + tolls[row, here + o] for o in (-1, 7, 1, -7)]
        best = int(np.argmin(ways))
        assert actions[row] == (best if min(ways) < min(ends[row, here], FAR) else STAY)


def test_crowd_counts_the_four_neighbours():
    layer = np.zeros((2, 5, 5), dtype=np.bool_)
    layer[0, 2, 1:4] = True
    found = crowd(layer.reshape(2, 25), 5).reshape(2, 5, 5)
    assert found[0, 2].tolist() == [1, 1, 2, 1, 1]
    assert found[0, 1].tolist() == [0, 1, 1, 1, 0]
    assert not found[1].any()


def test_toward_stays_unless_a_way_is_cheaper():
    open_cells = np.zeros((2, 3, 4), dtype=np.bool_)
    open_cells[:, 1, 1:3] = True
    ends = np.full((2, 12), FAR)
    ends[:, 5:7] = [[2, 1], [3, 1]]  # the way to the right costs 2
    actions = toward(open_cells, np.array([5, 5]), ends, np.ones((2, 12), dtype=int))
    assert actions.tolist() == [STAY, 2]
