"""Walking distances by breadth-first search, for a batch of grids at once."""

from __future__ import annotations

import numpy as np

from mesa_gym.grid.state import Bools, Ints

UNREACHABLE = -1


def distances(open_cells: Bools, start: Ints) -> Ints:
    """Steps from ``start`` to every cell over open cells.

    Args:
        open_cells: bool (n, height, width); the outermost cells must be closed.
        start: int64 (n,), flat cell indices; the start itself need not be open.

    Returns:
        int64 (n, height * width); ``UNREACHABLE`` where no path leads.
    """
    n, height, width = open_cells.shape
    cells = height * width
    # Flat over levels as well: the closed border keeps a shift from crossing into a neighbour.
    free = open_cells.reshape(n * cells)
    reached = np.zeros(n * cells, dtype=np.bool_)
    reached[np.arange(n) * cells + start] = True
    steps = np.where(reached, 0, UNREACHABLE)
    frontier, step = reached.copy(), 0
    while frontier.any():
        step += 1
        grown = np.zeros_like(reached)
        for shift in (1, width):
            grown[shift:] |= frontier[:-shift]
            grown[:-shift] |= frontier[shift:]
        frontier = grown & free & ~reached
        reached |= frontier
        steps[frontier] = step
    return steps.reshape(n, cells)


def apart(open_cells: Bools, start: Ints, place: Ints) -> Bools:
    """Cells such that neither they nor ``place`` is on the way to the other.

    Args:
        open_cells: bool (n, height, width); the outermost cells must be closed.
        start: int64 (n,), flat cell indices, where ways begin.
        place: int64 (n,), flat cell indices, which can be reached.

    Returns:
        bool (n, height * width): cells that can be reached, lie on no shortest path from the
        start to the place, and have no shortest path that passes the place.
    """
    from_start, from_place = distances(open_cells, start), distances(open_cells, place)
    whole = from_start[np.arange(len(place)), place][:, None]
    free: Bools = (
        (from_start >= 0) & (from_start + from_place != whole) & (whole + from_place != from_start)
    )
    return free


def equidistant(open_cells: Bools, place: Ints, other: Ints) -> Bools:
    """Cells from which two places are equally far.

    An agent that starts on one of them is given no reason but its goal to prefer either place,
    and neither place is on a shortest path to the other.

    Args:
        open_cells: bool (n, height, width); the outermost cells must be closed.
        place: int64 (n,), flat cell indices.
        other: int64 (n,), likewise.

    Returns:
        bool (n, height * width): cells from which both can be reached, in as many steps.
    """
    to_place, to_other = distances(open_cells, place), distances(open_cells, other)
    same: Bools = (to_place == to_other) & (to_place > 0)
    return same


def each_first(open_cells: Bools, start: Ints, places: Ints) -> Bools:
    """Whether each of some places can be reached before any other of them.

    Args:
        open_cells: bool (n, height, width); the outermost cells must be closed.
        start: int64 (n,), flat cell indices, where ways begin.
        places: int64 (n, m), flat cell indices of m places a level, none of them the start; -1
            for no place, as ``Draw.scatter`` fills up.

    Returns:
        bool (n,): every place has a way from the start that enters no other place.
    """
    n, height, width = open_cells.shape
    without = open_cells.reshape(n, height * width).copy()
    # -1 is the last cell, of the border, which is closed already.
    np.put_along_axis(without, places, False, axis=1)
    reached = distances(without.reshape(open_cells.shape), start) >= 0
    beside = places[:, :, None] + np.array([-1, width, 1, -width])
    entries = np.take_along_axis(reached[:, None], beside, axis=2)
    first: Bools = np.all(entries.any(axis=2) | (places < 0), axis=1)
    return first
