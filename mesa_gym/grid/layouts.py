"""Layouts: where the walls stand. Each fills ``draw.state`` and ``draw.free``."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from mesa_gym.grid.bits import UInt64s, below
from mesa_gym.grid.draw import Draw
from mesa_gym.grid.plane import WALL
from mesa_gym.grid.state import Bools, Ints


def maze(draw: Draw, loops: int = 4) -> None:
    """A perfect maze with some more passages opened.

    Rooms stand at odd rows and columns. The maze is the minimum spanning tree of random
    passage weights (Kruskal 1956), all levels advancing through their sorted passages
    together, so no direction is favoured; then ``loops`` of the closed passages open, chosen
    uniformly (fewer where fewer are left).

    Args:
        draw: the batch; height and width must be odd.
        loops: passages opened beyond the tree.

    Raises:
        ValueError: the height or the width is even.
    """
    height, width = draw.schema.height, draw.schema.width
    if height % 2 == 0 or width % 2 == 0:
        raise ValueError(f"a maze needs odd height and width, got {height}x{width}")
    rooms, ends, passages = _passages(height, width)
    tree = _spanning_tree(_shuffled(draw.bits("maze", len(passages))), ends, len(rooms))
    order = _shuffled(draw.bits("loops", len(passages)), last=tree)
    extra = min(loops, len(passages) - len(rooms) + 1)
    np.put_along_axis(tree, order[:, :extra], True, axis=1)
    open_cells = np.zeros((len(draw), draw.schema.cells), dtype=np.bool_)
    open_cells[:, rooms] = True
    open_cells[:, passages] = tree
    _carve(draw, open_cells)


def blocks(draw: Draw) -> None:
    """A room with blocks: pillars on even cells, some with an arm to the right or downwards.

    Each pillar stands with probability 1/2 and then grows an arm of one cell to the right
    (1/3), downwards (1/3) or none. An arm leads to the next pillar's place or to the border,
    always to a greater row or column, so arms never close a ring and every open cell can be
    reached from every other. The whole is then mirrored, or not, in each direction, so that
    no side is favoured.
    """
    height, width = draw.schema.height, draw.schema.width
    y, x = np.meshgrid(np.arange(2, height - 2, 2), np.arange(2, width - 2, 2), indexing="ij")
    pillars = (y * width + x).ravel()
    shape = below(draw.bits("blocks", len(pillars)), 6)
    open_cells: Bools = np.zeros((len(draw), height, width), dtype=np.bool_)
    open_cells[:, 1:-1, 1:-1] = True
    open_cells = open_cells.reshape(len(draw), -1)
    open_cells[:, pillars] = shape > 2
    open_cells[:, pillars + 1] &= shape != 0
    open_cells[:, pillars + width] &= shape != 1
    grid = open_cells.reshape(len(draw), height, width)
    mirror = below(draw.bits("mirror", 2), 2)[..., None, None] == 1
    grid = np.where(mirror[:, 0], grid[:, ::-1], grid)
    grid = np.where(mirror[:, 1], grid[:, :, ::-1], grid)
    _carve(draw, grid.reshape(len(draw), -1))


def corridor(draw: Draw) -> Ints:
    """An open corridor whose far right column is wall but for an alcove of one cell.

    Returns:
        int64 (n,): the alcove's cell, in the middle row.
    """
    height, width = draw.schema.height, draw.schema.width
    open_cells = np.zeros((len(draw), height, width), dtype=np.bool_)
    open_cells[:, 1:-1, 1:-2] = True
    open_cells[:, height // 2, width - 2] = True
    _carve(draw, open_cells.reshape(len(draw), -1))
    return np.full(len(draw), draw.schema.cell(height // 2, width - 2))


def _carve(draw: Draw, open_cells: Bools) -> None:
    walls = draw.state.planes[..., draw.schema.channels[WALL][0]]
    walls[:] = ~open_cells.reshape(walls.shape)
    draw.free = open_cells.copy()


@lru_cache
def _passages(height: int, width: int) -> tuple[Ints, Ints, Ints]:
    """Cells of the rooms, the two rooms (indices) that each passage joins, passages' cells."""
    rows, columns = height // 2, width // 2
    room = np.arange(rows * columns).reshape(rows, columns)
    y, x = np.divmod(room, columns)
    cell = (2 * y + 1) * width + 2 * x + 1
    across = np.stack([room[:, :-1].ravel(), room[:, 1:].ravel()])
    down = np.stack([room[:-1].ravel(), room[1:].ravel()])
    passages = np.concatenate([cell[:, :-1].ravel() + 1, cell[:-1].ravel() + width])
    return cell.ravel(), np.concatenate([across, down], axis=1), passages


def _shuffled(words: UInt64s, last: Bools | None = None) -> Ints:
    """A random order of the columns of each row; those in ``last`` come after all others.

    The column replaces the low 16 bits of its word, so keys are distinct and any sort agrees.
    """
    keys = (words & np.uint64(0x7FFFFFFFFFFF0000)) | np.arange(words.shape[1], dtype=np.uint64)
    if last is not None:
        keys |= last.astype(np.uint64) << np.uint64(63)
    return (np.sort(keys, axis=1) & np.uint64(0xFFFF)).astype(np.int64)


def _spanning_tree(order: Ints, ends: Ints, rooms: int) -> Bools:
    """Which passages Kruskal's algorithm opens, bool (n, passages), taking them in ``order``."""
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
