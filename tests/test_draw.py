"""Placing objects: distinct free cells, each choice equally likely, each site used once."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import chisquare

from mesa_gym.grid import AGENT, BLUE, CHEST, DOOR, KEY, WALL, Draw, Plane, Schema, blocks
from mesa_gym.grid.draw import pick

CORNER = Plane("corner", "x", (0, 0, 0))


def drawing(n: int, attempt: int = 0) -> Draw:
    planes = (AGENT, WALL, DOOR, KEY, CHEST, BLUE, BLUE)
    return Draw(Schema(7, 9, planes, hidden=(CORNER,)), key=1, level=np.arange(n), attempt=attempt)


def room(n: int, *free: int) -> Draw:
    draw = drawing(n)
    draw.free[:, list(free)] = True
    return draw


def test_scatter_puts_objects_on_distinct_free_cells() -> None:
    draw = drawing(500)
    blocks(draw)
    free = draw.free.copy()
    cells = np.concatenate([draw.scatter(KEY, 5), draw.scatter(CHEST, 3), draw.agent()[:, None]], 1)
    rows = np.arange(500)[:, None]
    assert draw.valid.all()
    assert free[rows, cells].all()
    assert all(len(set(row)) == 9 for row in cells.tolist())
    free[rows, cells] = False
    np.testing.assert_array_equal(draw.free, free)
    keys = draw.state.layer(KEY).reshape(500, -1)
    assert keys[rows, cells[:, :5]].all()
    assert (keys.sum(axis=1) == 5).all()


def test_scatter_takes_each_ordered_choice_equally_often() -> None:
    free = [10, 12, 14, 30, 33]
    cells = room(20_000, *free).scatter(KEY, 2)
    place = {cell: i for i, cell in enumerate(free)}
    pairs = [place[a] * 5 + place[b] for a, b in cells.tolist()]
    counts = np.bincount(pairs, minlength=25).reshape(5, 5)
    assert (counts.diagonal() == 0).all()
    assert chisquare(counts[~np.eye(5, dtype=np.bool_)]).pvalue > 1e-3


def test_scatter_among_takes_only_cells_that_are_both_allowed_and_free() -> None:
    draw = room(6000, 10, 11, 12, 13)
    among = np.zeros_like(draw.free)
    among[:, [11, 13, 20]] = True
    cells = draw.scatter(KEY, 1, among)[:, 0]
    assert set(cells.tolist()) == {11, 13}
    assert chisquare([(cells == 11).sum(), (cells == 13).sum()]).pvalue > 1e-3


def test_scatter_counts_by_level_and_pads_with_minus_one() -> None:
    draw = drawing(300)
    blocks(draw)
    counts = draw.integers("how many", 0, 4)
    cells = draw.scatter(KEY, counts)
    assert cells.shape == (300, 4)
    np.testing.assert_array_equal((cells >= 0).sum(axis=1), counts)
    np.testing.assert_array_equal(cells == -1, np.arange(4) >= counts[:, None])
    np.testing.assert_array_equal(draw.state.layer(KEY).sum(axis=(1, 2)), counts)


def test_scatter_rejects_only_the_levels_without_room() -> None:
    draw = room(3, 10, 11)
    draw.free[1, 12] = True
    cells = draw.scatter(KEY, np.array([2, 3, 3]))
    assert draw.valid.tolist() == [True, True, False]
    assert sorted(cells[1].tolist()) == [10, 11, 12]
    assert cells[2, 2] == -1


def test_scatter_sets_attributes_and_all_their_copies_on_the_same_cells() -> None:
    draw = room(50, *range(10, 17))
    cells = draw.scatter(DOOR, 2, attributes=(BLUE,))
    draw.state.recount()
    for channel in (2, 5, 6):
        layer = draw.state.planes[..., channel].reshape(50, -1)
        assert layer[np.arange(50)[:, None], cells].all()
        assert (draw.state.count[:, channel] == 2).all()


def test_place_sets_hidden_planes_and_takes_the_cell() -> None:
    draw = room(4, 10, 11)
    draw.place(CORNER, np.full(2, 11), rows=np.array([1, 3]))
    assert draw.state.hidden.reshape(4, -1).sum(axis=1).tolist() == [0, 1, 0, 1]
    assert draw.free[:, 11].tolist() == [True, False, True, False]


def test_given_cells_take_the_place_of_random_ones() -> None:
    draw = room(4, 10, 11, 12, 13)
    draw.given = {"key": np.array([[12, 10, 11], [12, 12, -1], [13, -1, -1], [14, 10, -1]])}
    among = np.ones_like(draw.free)
    among[:, 13] = False
    among[2] = True
    cells = draw.scatter(KEY, np.array([3, 2, 1, 2]), among)
    # One of 3, 2, 1 cells; a taken cell; one of 4; no free cell.
    assert draw.valid.tolist() == [True, False, True, False]
    assert cells.tolist() == draw.given["key"].tolist()
    assert draw.chance[[0, 2]].tolist() == [pytest.approx(1 / 6), 1 / 4]
    assert draw.state.layer(KEY).reshape(4, -1)[0].nonzero()[0].tolist() == [10, 11, 12]
    assert draw.scattered["key"].tolist() == cells.tolist()


def test_agent_knows_its_cell() -> None:
    draw = drawing(100)
    blocks(draw)
    cells = draw.agent()
    np.testing.assert_array_equal(draw.state.cell, cells)
    np.testing.assert_array_equal(draw.state.layer(AGENT).reshape(100, -1).argmax(axis=1), cells)


def test_integers_include_both_ends_and_are_uniform() -> None:
    counts = np.bincount(drawing(9000).integers("die", 1, 6), minlength=7)
    assert counts[0] == 0
    assert len(counts) == 7
    assert chisquare(counts[1:]).pvalue > 1e-3


def test_named_counts_are_independent() -> None:
    one, other = drawing(9000).counts(key=(0, 2), chest=(4, 6))
    table = np.bincount(one * 3 + other - 4, minlength=9)
    assert chisquare(table).pvalue > 1e-3


@pytest.mark.parametrize(
    "twice",
    [
        lambda draw: (draw.scatter(KEY, 1), draw.scatter(KEY, 1)),
        lambda draw: (draw.bits("key", 1), draw.scatter(KEY, 1)),
        lambda draw: (draw.integers("here", 0, 1), draw.integers("here", 0, 1)),
    ],
)
def test_a_site_is_used_once(twice: object) -> None:
    with pytest.raises(ValueError, match=r"site '(key|here)' is used twice in one level"):
        twice(room(2, 10, 11, 12))  # type: ignore[operator]


def test_another_attempt_draws_other_numbers() -> None:
    first, second = (drawing(100, attempt).bits("site", 1) for attempt in (0, 1))
    assert (first != second).all()


def test_require_rejects_for_good() -> None:
    draw = drawing(3)
    draw.require(np.array([True, False, True]))
    draw.require(np.array([True, True, False]))
    assert draw.valid.tolist() == [True, False, False]


def test_pick_tells_where_nothing_is_allowed() -> None:
    allowed = np.array([[False, True, False], [False, False, False]])
    cells, found = pick(allowed, np.array([7, 7], dtype=np.uint64) << np.uint64(60))
    assert cells[0] == 1
    assert found.tolist() == [True, False]
