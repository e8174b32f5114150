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


def between(from_start: Ints, to_goal: Ints, cell: Ints, goal: Ints) -> Bools:
    """Whether ``cell`` lies on some shortest path from a start to ``goal``.

    Args:
        from_start: what ``distances`` gives from the start.
        to_goal: what it gives from the goal.
        cell: int64 (n,), flat cell indices.
        goal: int64 (n,), flat cell indices.

    Returns:
        bool (n,); False where the goal or the cell cannot be reached.
    """
    rows = np.arange(len(goal))
    whole = from_start[rows, goal]
    first, second = from_start[rows, cell], to_goal[rows, cell]
    return (whole >= 0) & (first >= 0) & (second >= 0) & (first + second == whole)
