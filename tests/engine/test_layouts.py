"""Layouts: mazes are trees with loops, rooms with blocks are in one piece, no side is favoured."""

import numpy as np
import pytest
from scipy.stats import chisquare

from mesa_gym.engine import LevelBuilder, World
from tests.support.reference import cells_of, neighbours, steps_from


def in_one_piece(open_cells):
    """Return whether a flood fill reaches all open cells; a grid is one integer, a bit a cell."""
    width = open_cells.shape[1]
    free = int.from_bytes(np.packbits(open_cells).tobytes())
    water, before = free & -free, 0
    while water != before:
        before = water
        water |= (water << 1 | water >> 1 | water << width | water >> width) & free
    return water == free != 0


class Bare(World):
    """Nothing except walls."""


def built(n, size):
    return LevelBuilder(Bare(size), key=1, number=np.arange(n))


def drawn(layout, n, size, *loops):
    """The open cells of n layouts."""
    level = built(n, size)
    getattr(level, layout)(*loops)
    return level.open_cells


@pytest.mark.parametrize("size", [(5, 5), (7, 7), (9, 9), (13, 13), (7, 11), (13, 5)])
@pytest.mark.parametrize("loops", [None, 0, 1, 4])
def test_maze_is_a_spanning_tree_with_loops(size, loops):
    height, width = size
    passages = (height // 2) * (width // 2 - 1) + (height // 2 - 1) * (width // 2)
    spare = passages - (height // 2) * (width // 2) + 1
    expected = min(4, spare * 4 // 9) if loops is None else min(loops, spare)
    for level in drawn("maze", 100, size, loops):
        cells = cells_of(level)
        assert {(y, x) for y in range(1, height, 2) for x in range(1, width, 2)} <= cells
        assert not any(y % 2 == 0 and x % 2 == 0 for y, x in cells)
        assert steps_from((1, 1), cells).keys() == cells
        edges = sum(beside in cells for cell in cells for beside in neighbours(cell)) // 2
        # A connected graph is a tree when it has one vertex more than edges.
        assert edges - len(cells) + 1 == expected


def test_maze_draws_four_room_trees_equally_often():
    passages = drawn("maze", 8000, (5, 5), 0)[:, [1, 2, 2, 3], [2, 1, 3, 2]]
    assert (passages.sum(axis=1) == 3).all()
    assert chisquare((~passages).sum(axis=0)).pvalue > 1e-3


def test_maze_opens_closed_passages_equally_often():
    tree, looped = (drawn("maze", 8000, (7, 7), loops) for loops in (0, 1))
    y, x = np.divmod(np.arange(49), 7)
    passage = ((y + x) % 2 == 1) & (y > 0) & (y < 6) & (x > 0) & (x < 6)
    closed = ~tree.reshape(-1, 49)[:, passage]
    opened = looped.reshape(-1, 49)[:, passage] & closed
    assert (closed.sum(axis=1) == 4).all()
    assert (opened.sum(axis=1) == 1).all()
    rank = (np.cumsum(closed, axis=1) - 1)[opened]
    assert chisquare(np.bincount(rank, minlength=4)).pvalue > 1e-3


@pytest.mark.parametrize("mirror", [np.fliplr, np.flipud, np.transpose])
@pytest.mark.parametrize("loops", [0, 4])
def test_maze_favours_no_direction(mirror, loops):
    levels = drawn("maze", 10_000, (9, 9), loops)
    flat = levels.reshape(-1, 81).astype(np.int64)
    gap = flat - flat[:, mirror(np.arange(81).reshape(9, 9)).ravel()]  # type: ignore[operator]
    spread = gap.std(axis=0)
    assert (spread > 0).sum() >= 18  # of the 24 passages, all except those on the axis
    sigmas = gap.mean(axis=0)[spread > 0] / spread[spread > 0] * np.sqrt(len(levels))
    assert np.abs(sigmas).max() < 4


@pytest.mark.parametrize("size", [(8, 8), (9, 8), (8, 9)])
def test_maze_of_even_size_is_refused(size):
    with pytest.raises(ValueError, match=f"odd height and width, got {size[0]}x{size[1]}"):
        built(1, size).maze()


@pytest.mark.parametrize("size", [(7, 7), (9, 9), (13, 13), (7, 13), (8, 8), (6, 11), (13, 10)])
def test_blocks_leave_one_connected_room(size):
    levels = drawn("blocks", 5_000, size)
    assert all(in_one_piece(level) for level in levels)
    assert not levels[:, [0, -1]].any()
    assert not levels[:, :, [0, -1]].any()


@pytest.mark.parametrize("size", [(9, 9), (7, 11)])
def test_blocks_have_the_stated_frequency(size):
    height, width = size
    share = (~drawn("blocks", 20_000, size)).mean(axis=0)
    expected = np.ones(size)
    expected[1:-1, 1:-1] = 0
    for y in range(2, height - 2, 2):
        for x in range(2, width - 2, 2):
            expected[y, x] = 1 / 2
            expected[y, x + 1] = expected[y + 1, x] = 1 / 6
    expected = (expected + expected[::-1] + expected[:, ::-1] + expected[::-1, ::-1]) / 4
    np.testing.assert_allclose(share, expected, atol=4.5 * 0.5 / np.sqrt(20_000))
    sure = np.isin(expected, (0, 1))
    np.testing.assert_array_equal(share[sure], expected[sure])
