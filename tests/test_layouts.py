"""Layouts: mazes are trees with loops, rooms with blocks are in one piece, no side is favoured."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from reference import cells_of, in_one_piece, neighbours, steps_from
from scipy.stats import chisquare

from mesa_gym.grid import AGENT, WALL, Draw, Schema, blocks, corridor, maze

Size = tuple[int, int]


def drawing(n: int, size: Size) -> Draw:
    return Draw(Schema(*size, (AGENT, WALL)), key=1, level=np.arange(n))


def mazes(n: int, size: Size, loops: int) -> NDArray[np.bool_]:
    draw = drawing(n, size)
    maze(draw, loops)
    return draw.open_cells()


def rooms(n: int, size: Size) -> NDArray[np.bool_]:
    draw = drawing(n, size)
    blocks(draw)
    return draw.open_cells()


@pytest.mark.parametrize("size", [(5, 5), (7, 7), (9, 9), (13, 13), (7, 11), (13, 5)])
@pytest.mark.parametrize("loops", [0, 1, 4])
def test_maze_is_a_spanning_tree_with_exactly_so_many_loops(size: Size, loops: int) -> None:
    height, width = size
    passages = (height // 2) * (width // 2 - 1) + (height // 2 - 1) * (width // 2)
    spare = passages - (height // 2) * (width // 2) + 1
    for level in mazes(100, size, loops):
        cells = cells_of(level)
        assert {(y, x) for y in range(1, height, 2) for x in range(1, width, 2)} <= cells
        assert not any(y % 2 == 0 and x % 2 == 0 for y, x in cells)
        assert steps_from((1, 1), cells).keys() == cells
        edges = sum(beside in cells for cell in cells for beside in neighbours(cell)) // 2
        # A connected graph is a tree when it has one vertex more than edges.
        assert edges - len(cells) + 1 == min(loops, spare)


def test_maze_takes_each_spanning_tree_of_four_rooms_equally_often() -> None:
    passages = mazes(8000, (5, 5), 0)[:, [1, 2, 2, 3], [2, 1, 3, 2]]
    assert (passages.sum(axis=1) == 3).all()
    assert chisquare((~passages).sum(axis=0)).pvalue > 1e-3


def test_maze_opens_each_closed_passage_equally_often() -> None:
    tree, looped = mazes(8000, (7, 7), 0), mazes(8000, (7, 7), 1)
    y, x = np.divmod(np.arange(49), 7)
    passage = ((y + x) % 2 == 1) & (y > 0) & (y < 6) & (x > 0) & (x < 6)
    closed = ~tree.reshape(-1, 49)[:, passage]
    opened = looped.reshape(-1, 49)[:, passage] & closed
    assert (closed.sum(axis=1) == 4).all()
    assert (opened.sum(axis=1) == 1).all()
    rank = (np.cumsum(closed, axis=1) - 1)[opened]
    assert chisquare(np.bincount(rank, minlength=4)).pvalue > 1e-3


@pytest.mark.parametrize(
    "mirror",
    [np.fliplr, np.flipud, np.transpose],
    ids=["left-right", "up-down", "across-down"],
)
@pytest.mark.parametrize("loops", [0, 4])
def test_maze_favours_no_direction(mirror: object, loops: int) -> None:
    levels = mazes(10_000, (9, 9), loops).astype(np.int64)
    there = mirror(np.arange(81).reshape(9, 9)).ravel()  # type: ignore[operator]
    levels = levels.reshape(-1, 81)
    gap = levels - levels[:, there]
    spread = gap.std(axis=0)
    assert (spread > 0).sum() >= 18  # of the 24 passages, all but those on the axis
    sigmas = gap.mean(axis=0)[spread > 0] / spread[spread > 0] * np.sqrt(len(levels))
    assert np.abs(sigmas).max() < 4


@pytest.mark.parametrize("size", [(8, 8), (9, 8), (8, 9)])
def test_maze_refuses_even_sizes(size: Size) -> None:
    with pytest.raises(ValueError, match=f"odd height and width, got {size[0]}x{size[1]}"):
        maze(drawing(1, size))


@pytest.mark.parametrize("size", [(7, 7), (9, 9), (13, 13), (7, 13), (8, 8), (6, 11), (13, 10)])
def test_blocks_leave_one_piece_inside_a_closed_border(size: Size) -> None:
    levels = rooms(10_000, size)
    assert all(in_one_piece(level) for level in levels)
    assert not levels[:, [0, -1]].any()
    assert not levels[:, :, [0, -1]].any()


def test_flood_fill_sees_two_pieces() -> None:
    level = np.zeros((5, 7), dtype=np.bool_)
    level[1, 1:6] = level[3, 1:6] = True
    assert not in_one_piece(level)
    level[2, 3] = True
    assert in_one_piece(level)


@pytest.mark.parametrize("size", [(9, 9), (7, 11)])
def test_blocks_stand_as_often_as_stated(size: Size) -> None:
    height, width = size
    share = (~rooms(20_000, size)).mean(axis=0)
    pillars = [(y, x) for y in range(2, height - 2, 2) for x in range(2, width - 2, 2)]
    expected = np.ones(size)
    expected[1:-1, 1:-1] = 0
    for y, x in pillars:
        expected[y, x] = 1 / 2
        expected[y, x + 1] = expected[y + 1, x] = 1 / 6
    expected = (expected + expected[::-1] + expected[:, ::-1] + expected[::-1, ::-1]) / 4
    np.testing.assert_allclose(share, expected, atol=4.5 * 0.5 / np.sqrt(20_000))
    np.testing.assert_array_equal(
        share[np.isin(expected, (0, 1))], expected[np.isin(expected, (0, 1))]
    )


@pytest.mark.parametrize(("size", "row"), [((5, 13), 2), ((6, 8), 3), ((9, 9), 4)])
def test_corridor_ends_in_an_alcove_in_the_middle_row(size: Size, row: int) -> None:
    height, width = size
    draw = drawing(20, size)
    alcove = corridor(draw)
    assert alcove.tolist() == [row * width + width - 2] * 20
    expected = np.zeros(size, dtype=np.bool_)
    expected[1:-1, 1:-2] = True
    expected[row, -2] = True
    np.testing.assert_array_equal(draw.open_cells(), np.broadcast_to(expected, (20, *size)))


@pytest.mark.parametrize("layout", [maze, blocks, corridor])
def test_all_open_cells_are_free_for_objects(layout: object) -> None:
    draw = drawing(20, (7, 9))
    layout(draw)  # type: ignore[operator]
    np.testing.assert_array_equal(draw.free.reshape(20, 7, 9), draw.open_cells())
    assert not np.shares_memory(draw.free, draw.state.planes)


def test_blocks_favour_no_side() -> None:
    walls = 1 - rooms(20_000, (9, 9)).mean(axis=0)
    # The standard error of a difference is at most 0.005; five of them.
    for mirrored in (walls[::-1], walls[:, ::-1], walls.T):
        assert abs(walls - mirrored).max() < 0.025
