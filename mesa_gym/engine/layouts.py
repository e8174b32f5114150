"""Layouts of walls. Each function returns the open cells as a pure function of random words."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np

from mesa_gym.engine.chance import below
from mesa_gym.engine.state import Bools, Ints

# Returns random words, int64 (count, n), for a site and a count.
Words = Callable[[str, int], Ints]


def maze(size: tuple[int, int], words: Words, loops: int | None = None) -> Bools:
    """Return perfect mazes in which some more passages are opened.

    Rooms are at odd rows and columns. The maze is the minimum spanning tree of random passage
    weights (Kruskal 1956), so no direction is favoured. All levels are computed together, one
    passage of each at a time. Then ``loops`` of the closed passages are opened, chosen uniformly
    (all of them if there are fewer).

    Args:
        size: height and width, both odd.
        words: draws random words, at the sites ``maze`` and ``loops``.
        loops: the number of passages opened beyond the tree; by default 4, or fewer in a small
            grid, where at most four in nine of the closed passages are opened.

    Returns:
        bool (n, height * width).

    Raises:
        ValueError: the height or the width is even.
    """
    height, width = size
    if height % 2 == 0 or width % 2 == 0:
        raise ValueError(f"a maze needs odd height and width, got {height}x{width}")
    rooms, ends, passages = _list_passages(height, width)
    left = len(passages) - len(rooms) + 1
    if loops is None:
        # With nearly all passages open, a small grid would have too few layouts to hold some out.
        loops = min(4, left * 4 // 9)
    tree = _grow_spanning_tree(_shuffle_columns(words("maze", len(passages)).T), ends, len(rooms))
    order = _shuffle_columns(words("loops", len(passages)).T, last=tree)
    np.put_along_axis(tree, order[:, : min(loops, left)], True, axis=1)
    open_cells = np.zeros((tree.shape[0], height * width), dtype=np.bool_)
    open_cells[:, rooms] = True
    open_cells[:, passages] = tree
    return open_cells


def blocks(size: tuple[int, int], words: Words) -> Bools:
    """Return rooms with blocks: pillars on even cells, some with an arm to the right or downwards.

    Each pillar exists with probability 1/2 and has an arm of one cell to the right (1/3),
    downwards (1/3) or none. An arm leads to the position of the next pillar or to the border,
    always to a greater row or column. Arms therefore never close a ring, and every open cell can
    be reached from every other. Finally the grid is mirrored at random in each direction, so that
    no side is favoured.

    Args:
        size: height and width, both odd.
        words: draws random words, at the sites ``blocks`` and ``mirror``.

    Returns:
        bool (n, height * width).
    """
    height, width = size
    rows, columns = np.arange(2, height - 2, 2), np.arange(2, width - 2, 2)
    pillars = np.add.outer(rows * width, columns).ravel()
    shape = below(words("blocks", len(pillars)), 6).T
    mirror = below(words("mirror", 2), 2).T[..., None, None] == 1
    n = shape.shape[0]
    grid: Bools = np.zeros((n, height, width), dtype=np.bool_)
    grid[:, 1:-1, 1:-1] = True
    open_cells = grid.reshape(n, -1)
    open_cells[:, pillars] = shape > 2
    open_cells[:, pillars + 1] &= shape != 0
    open_cells[:, pillars + width] &= shape != 1
    grid = np.where(mirror[:, 0], grid[:, ::-1], grid)
    grid = np.where(mirror[:, 1], grid[:, :, ::-1], grid)
    return grid.reshape(n, -1)


@lru_cache
def _list_passages(height: int, width: int) -> tuple[Ints, Ints, Ints]:
    """Return the cell of each room, the two rooms at each passage, and each passage's cell."""
    rows, columns = height // 2, width // 2
    room = np.arange(rows * columns).reshape(rows, columns)
    y, x = np.divmod(room, columns)
    cell = (2 * y + 1) * width + 2 * x + 1
    across = np.stack([room[:, :-1].ravel(), room[:, 1:].ravel()])
    down = np.stack([room[:-1].ravel(), room[1:].ravel()])
    passages = np.concatenate([cell[:, :-1].ravel() + 1, cell[:-1].ravel() + width])
    return cell.ravel(), np.concatenate([across, down], axis=1), passages


def _shuffle_columns(words: Ints, last: Bools | None = None) -> Ints:
    """Return a random order of the columns of each row; those in ``last`` come after all others.

    The column replaces the low 16 bits of its word, so keys are distinct and any sort agrees.
    """
    keys = (words & 0x7FFFFFFFFFFF0000) | np.arange(words.shape[1])
    if last is not None:
        # The sign bit is the highest bit of the word read as unsigned.
        keys |= last.astype(np.int64) << 63
    return np.sort(keys.view(np.uint64), axis=1).view(np.int64) & 0xFFFF


def _grow_spanning_tree(order: Ints, ends: Ints, rooms: int) -> Bools:
    """Return which passages Kruskal's algorithm opens, bool (n, passages), in ``order``."""
    n, passages = order.shape
    rows = np.arange(n)
    component = np.tile(np.arange(rooms, dtype=np.uint16), (n, 1))
    tree = np.zeros((n, passages), dtype=np.bool_)
    for column in order.T:
        a = component[rows, ends[0, column]]
        b = component[rows, ends[1, column]]
        tree[rows, column] = a != b
        component = np.where(component == b[:, None], a[:, None], component)
    return tree
