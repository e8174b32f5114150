"""Walks to the nearest wanted cell: codes of cells, and the cheapest ways to them.

The number of a cell is binary: bit i is plane i, agent and wall left out, so that 0 is bare floor.
"""

from __future__ import annotations

import numpy as np

from benchmarks.methods.task import AGENT, WALL, Bytes, Floats, Ints, Task
from mesa_gym.engine import ACTIONS, Bools, State
from mesa_gym.policies.protocol import Memoryless

# What it costs to enter bare floor, a thing that is not wanted, and a wall.
FLOOR, THING, FAR = 1, 20, 10_000
MOST_WORTH = 255  # worths of codes are bytes
SWEEPS = 6  # over a map, between two looks at whether anything still changes
# Rows and columns that an action moves; the last one stays.
MOVES = np.array([(0, -1), (1, 0), (0, 1), (-1, 0), (0, 0)])
# The inner cells, and those to the left, below, to the right and above of them.
INNER = (slice(1, -1), slice(1, -1))
NEIGHBOURS = (
    (slice(1, -1), slice(None, -2)),
    (slice(2, None), slice(1, -1)),
    (slice(1, -1), slice(2, None)),
    (slice(None, -2), slice(1, -1)),
)


def code_cells(planes: Bytes) -> Ints:
    """Return codes of the planes of cells, int64 (n, height, width); 0 on walls."""
    others = planes[..., WALL + 1 :].astype(np.float32)
    codes = (others @ np.float32(2) ** np.arange(others.shape[-1], dtype=np.float32)).astype(int)
    return np.where(planes[..., WALL] > 0, 0, codes)


def count_codes(task: Task) -> int:
    """Return the number of codes of cells."""
    return 1 << (task.channels - WALL - 1)


def find_agents(planes: Bytes) -> tuple[Ints, Ints]:
    """Return the agents' rows and columns, int64 (n,) each."""
    flat = planes[..., AGENT].reshape(len(planes), -1).argmax(axis=1)
    row, column = np.divmod(flat, planes.shape[2])
    return row, column


def compute_parities(masks: Ints, codes: Ints) -> Bools:
    """Return which codes show an odd number of the planes of a mask, bool (masks, codes).

    If planes were mixed by exclusive or, each original plane is such a parity.
    """
    return (np.bitwise_count(masks[:, None] & codes) & 1).astype(np.bool_)


def measure_ways(wanted: Bools, cost: Ints) -> Ints:
    """Return the cost of the cheapest way that enters a cell and goes on to a wanted one.

    Args:
        wanted: bool (n, height, width).
        cost: of entering each cell, int64 (n, height, width); ``FAR`` on the border.

    Returns:
        int32 (n, height, width), the cell's own cost included; at least ``FAR`` where none leads.
    """
    pays = cost.transpose(1, 2, 0).astype(np.int32)
    total = np.where(wanted.transpose(1, 2, 0), pays, np.int32(FAR))
    inner, own = total[INNER], np.ascontiguousarray(pays[INNER])
    while True:
        before = inner.copy()
        for _ in range(SWEEPS):
            best = np.minimum(total[NEIGHBOURS[0]], total[NEIGHBOURS[1]])
            np.minimum(best, total[NEIGHBOURS[2]], out=best)
            np.minimum(best, total[NEIGHBOURS[3]], out=best)
            best += own
            np.minimum(inner, best, out=inner)
        if np.array_equal(before, inner):
            return total.transpose(2, 0, 1)


class CodeSeeker(Memoryless):
    """A policy that goes to the nearest of the cells with the best code.

    It walks around other things if it can, takes a random one of equally short ways, and stays on
    the only wanted cell. Without a wanted cell it acts at random.

    Args:
        worth: of every code, uint8 (codes,); 0 for what is not wanted.
    """

    def __init__(self, worth: Bytes) -> None:
        self.worth = worth

    def act(self, observation: Bytes, state: State | None = None) -> Floats:
        """Return action probabilities, float64 (n, 5)."""
        rated = self.worth[code_cells(observation)]
        rows, (row, column) = np.arange(len(rated)), find_agents(observation)
        there = rated[rows, row, column] > 0
        rated[rows, row, column] = 0
        wanted = (rated > 0) & (rated == rated.max(axis=(1, 2), keepdims=True))
        things = observation[..., WALL + 1 :].any(axis=3) & ~wanted
        cost = np.where(observation[..., WALL] > 0, FAR, np.where(things, THING, FLOOR))
        ways = measure_ways(wanted, cost)
        near = ways[rows, row + MOVES[:4, :1], column + MOVES[:4, 1:]].T
        found = np.ones((len(rated), len(ACTIONS)))
        lost = near.min(axis=1) >= FAR
        found[~lost, :4] = near[~lost] == near[~lost].min(axis=1, keepdims=True)
        found[~lost, 4] = 0
        found[lost & there, :4] = 0
        return found / found.sum(axis=1, keepdims=True)
