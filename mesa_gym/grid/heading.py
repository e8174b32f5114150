"""Which way to go: for scripted policies, over the cheapest way; for movers, straight ahead."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from mesa_gym.grid.state import Bools, Ints

# The price of a cell in which no way ends; all prices of a way together are far below it.
FAR = 1 << 30


def toward(open_cells: Bools, start: Ints, ends: Ints, tolls: Ints | int = 1) -> Ints:
    """The first action of the way that costs least.

    A way costs the toll of every cell that it enters and the price of the cell in which it ends;
    staying costs the price of the start. Of equally cheap actions the first is taken.

    Args:
        open_cells: bool (n, height, width); the outermost cells must be closed.
        start: int64 (n,), flat cell indices.
        ends: int64 (n, height * width), the price of ending in each cell, 0 or more; ``FAR``
            where no way ends.
        tolls: the price of entering a cell, at least 1: one for all, or int64 (n, height * width).

    Returns:
        int64 (n,): 0 to 3, or 4 where staying costs no more than any way or no way leads to an
        end.
    """
    n, height, width = open_cells.shape
    closed = ~open_cells.reshape(n * height * width)
    tolls = np.broadcast_to(tolls, ends.shape).ravel()
    # What is still to pay in a cell. It is flat over levels, which closed borders keep apart.
    left = np.where(closed, FAR, ends.ravel())
    while True:
        entering = np.where(closed, FAR, left + tolls)
        cheaper = left.copy()
        for shift in (1, width):
            np.minimum(cheaper[shift:], entering[:-shift], out=cheaper[shift:])
            np.minimum(cheaper[:-shift], entering[shift:], out=cheaper[:-shift])
        cheaper[closed] = FAR
        if np.array_equal(cheaper, left):
            break
        left = cheaper
    costs = entering[(np.arange(n) * height * width + start)[:, None] + [-1, width, 1, -width]]
    staying = ends[np.arange(n), start]
    return np.where(costs.min(axis=1) < np.minimum(staying, FAR), costs.argmin(axis=1), 4)


def crowd(layer: Bools) -> Ints:
    """How many of the four cells beside each cell are set.

    Args:
        layer: bool (n, height, width), not set in the outermost cells.

    Returns:
        int64 (n, height * width).
    """
    n, _, width = layer.shape
    flat = layer.reshape(n, -1).astype(np.int64)
    beside: Ints = np.add.reduce([np.roll(flat, shift, axis=1) for shift in (1, -1, width, -width)])
    return beside


@lru_cache
def straight(height: int, width: int) -> Ints:
    """Steps that bring one cell nearer to another as the crow flies, walls or not.

    Returns:
        int64 (2, cells, cells), read-only: what to add to the first cell to come nearer to the
        second, 0 where they are the same; at first along the row [0], or along the column [1].
    """
    y, x = np.divmod(np.arange(height * width), width)
    down, right = np.sign(y - y[:, None]) * width, np.sign(x - x[:, None])
    steps = np.stack([np.where(right == 0, down, right), np.where(down == 0, right, down)])
    steps.flags.writeable = False
    return steps
