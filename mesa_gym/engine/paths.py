"""Walking distances and shortest paths on grids, for a batch of levels at once.

Cells are flat indices, ``row * width + column``. The outermost cells of a grid must be closed.
"""

from __future__ import annotations

import numpy as np

from mesa_gym.engine.shapes import require_grids, require_places
from mesa_gym.engine.state import STAY, Bools, Ints

# The cost of a cell in which no path may end; all other costs of a path sum to far less.
FAR = 1 << 30


def distances(open_cells: Bools, start: Ints) -> Ints:
    """Return the steps from ``start`` to every cell over open cells.

    Args:
        open_cells: bool (n, height, width).
        start: int64 (n,); the start itself need not be open.

    Returns:
        int64 (n, height * width); -1 for unreachable cells.
    """
    n, height, width = require_grids("distances", open_cells)
    # Flat over levels as well: the closed border prevents a shift into the neighbouring level.
    free = open_cells.reshape(-1)
    reached = np.zeros_like(free)
    reached[np.arange(n) * height * width + start] = True
    steps = np.where(reached, 0, -1)
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
    return steps.reshape(n, height * width)


def off_route(open_cells: Bools, start: Ints, place: Ints) -> Bools:
    """Return the cells such that neither the cell nor ``place`` is on the way to the other.

    Args:
        open_cells: bool (n, height, width).
        start: int64 (n,), where paths begin.
        place: int64 (n,), a reachable cell.

    Returns:
        bool (n, height * width): reachable cells that are on no shortest path from the start to
        the place, and have no shortest path through the place.
    """
    require_grids("off_route", open_cells)
    from_start, from_place = distances(open_cells, start), distances(open_cells, place)
    direct = from_start[np.arange(len(place)), place][:, None]
    on_way = (from_start + from_place == direct) | (direct + from_place == from_start)
    return (from_start >= 0) & ~on_way


def equidistant(open_cells: Bools, place: Ints, other: Ints) -> Bools:
    """Return the cells from which two places are equally far.

    An agent that starts in such a cell is not nearer to either place, and neither place is on a
    shortest path to the other.

    Args:
        open_cells: bool (n, height, width).
        place: int64 (n,).
        other: int64 (n,).

    Returns:
        bool (n, height * width): cells from which both are reached in the same number of steps.
    """
    require_grids("equidistant", open_cells)
    to_place, to_other = distances(open_cells, place), distances(open_cells, other)
    return np.logical_and(to_place == to_other, to_place > 0)


def each_first(open_cells: Bools, start: Ints, places: Ints) -> Bools:
    """Return whether every place can be reached without passing another place.

    Args:
        open_cells: bool (n, height, width).
        start: int64 (n,), where paths begin.
        places: int64 (m, n), m places per level, none of them the start; -1 for no place, which
            is the padding of ``LevelBuilder.scatter``.

    Returns:
        bool (n,): every place has a path from the start that enters no other place.
    """
    n, height, width = require_grids("each_first", open_cells)
    require_places("each_first", "places", places, n)
    without = open_cells.copy()
    # -1 is the last cell, a border cell, which is already closed.
    np.put_along_axis(without.reshape(n, height * width), places.T, False, axis=1)
    reached = distances(without, start) >= 0
    neighbours = places.T[:, :, None] + np.array([-1, width, 1, -width])
    entries = np.take_along_axis(reached[:, None], neighbours, axis=2)
    first: Bools = np.all(entries.any(axis=2) | (places.T < 0), axis=1)
    return first


def toward(open_cells: Bools, start: Ints, ends: Ints, tolls: Ints | int = 1) -> Ints:
    """Return the first action of the cheapest path.

    A path costs the toll of every cell that it enters, plus the cost of the cell in which it ends.
    Staying costs the end cost of the start. Ties are resolved by the order of actions.

    Args:
        open_cells: bool (n, height, width).
        start: int64 (n,).
        ends: int64 (n, height * width), the cost of ending in each cell, at least 0; ``FAR`` if
            no path may end there.
        tolls: the cost of entering a cell, at least 1: one number, or int64 (n, height * width).

    Returns:
        int64 (n,): 0 to 3, or 4 if staying costs no more or no path leads to an end.
    """
    n, height, width = open_cells.shape
    # int32 halves the memory traffic; FAR plus a toll fits, because tolls sum to far less than FAR.
    barrier = np.where(open_cells.reshape(-1), 0, FAR).astype(np.int32)
    tolls = np.where(barrier, 0, np.broadcast_to(tolls, ends.shape).ravel()).astype(np.int32)
    # The remaining cost from each cell, flat over levels, which closed borders separate.
    left = np.maximum(barrier, ends.ravel()).astype(np.int32)
    while True:
        entering = left + tolls
        cheaper = left.copy()
        for shift in (1, width):
            np.minimum(cheaper[shift:], entering[:-shift], out=cheaper[shift:])
            np.minimum(cheaper[:-shift], entering[shift:], out=cheaper[:-shift])
        np.maximum(cheaper, barrier, out=cheaper)
        if np.array_equal(cheaper, left):
            break
        left = cheaper
    here = np.arange(n) * height * width + start
    costs = entering[here[:, None] + [-1, width, 1, -width]]
    staying = np.minimum(ends.ravel()[here], FAR)
    return np.where(costs.min(axis=1) < staying, costs.argmin(axis=1), STAY)


def steps_between(open_cells: Bools, stops: Ints) -> Ints:
    """Return the steps between all pairs of stops.

    Args:
        open_cells: bool (n, height, width); the stops themselves need not be open.
        stops: int64 (m, n), m stops per level.

    Returns:
        int64 (m, m, n); ``FAR`` if there is no path or the second stop is not open.
    """
    steps = _find_steps(open_cells, stops)
    return np.take_along_axis(steps, stops.T[None], axis=2).transpose(0, 2, 1)


def tour(open_cells: Bools, start: Ints, stops: Ints, words: Ints) -> tuple[Ints, Ints]:
    """Walk to several stops in order, each time on a random shortest path.

    Args:
        open_cells: bool (n, height, width); the stops themselves need not be open.
        start: int64 (n,), the cell before the first step.
        stops: int64 (m, n), m stops per level.
        words: int64 (length, n), random.

    Returns:
        int64 (n, length), the cell after each step (the last stop is repeated), and int64 (n, m),
        the index of the step that reaches each stop, -1 for a stop that is not reached.
    """
    n, height, width = open_cells.shape
    nowhere = np.full((1, n, height * width), FAR)  # there is no path beyond the last stop
    to_stop = np.concatenate([_find_steps(open_cells, stops), nowhere])
    rows, cell, leg = np.arange(n), start, np.zeros(n, dtype=np.int64)
    cells, reach = np.empty((n, len(words)), np.int64), np.full((n, len(stops)), -1)
    for step, word in enumerate(words):
        around = cell[:, None] + [-1, width, 1, -width]
        left = to_stop[leg[:, None], rows[:, None], around]
        chances = word[:, None] >> np.array([0, 16, 32, 48]) & 0xFFFF
        choice = (left * 2**16 + chances).argmin(axis=1)
        cell = np.where(left.min(axis=1) < FAR, around[rows, choice], cell)
        cells[:, step] = cell
        there = (to_stop[leg, rows, cell] == 0).nonzero()[0]
        reach[there, leg[there]] = step
        leg[there] += 1
    return cells, reach


def _find_steps(open_cells: Bools, stops: Ints) -> Ints:
    """Return the steps from every cell to each stop, int64 (m, n, cells); ``FAR`` if no path."""
    steps = np.stack([distances(open_cells, stop) for stop in stops])
    return np.where(steps < 0, FAR, steps)


def nearer(size: tuple[int, int]) -> Ints:
    """Return the step that brings a walker nearer to its aim, ignoring walls.

    Returns:
        int64 (2, cells, cells), the step for each cell of the walker and of the aim: first along
        the column before the row, second along the row before the column; 0 if the cells are equal.
    """
    y, x = np.divmod(np.arange(size[0] * size[1]), size[1])
    down, right = np.sign(y - y[:, None]) * size[1], np.sign(x - x[:, None])
    return np.stack([np.where(down == 0, right, down), np.where(right == 0, down, right)])


def crowd(cells: Bools, width: int) -> Ints:
    """Count the set neighbours of each cell.

    Args:
        cells: bool (n, height * width), False in the outermost cells.
        width: the width of the grid.

    Returns:
        int64 (n, height * width), 0 to 4.
    """
    neighbours: Ints = np.sum(
        [np.roll(cells, way, axis=1) for way in (1, -1, width, -width)], axis=0
    )
    return neighbours
