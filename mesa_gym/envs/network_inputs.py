"""The inputs of networks: the planes and cells of an observation, and their order.

A thing two steps to the left is at the same input wherever the agent stands, so that agents
generalise over places. An input is a plane's bit at a place relative to the agent, and few inputs
of an observation are 1: these are listed.
"""

from __future__ import annotations

import numpy as np

from mesa_gym.engine import Bools, Ints
from mesa_gym.envs.observations import Bytes
from mesa_gym.traps import Trap


class CentredInputs:
    """The inputs of a network on a trap.

    First the window, which reaches every inner cell from every inner cell, then the top row, where
    held items are drawn, at fixed places, and last one input for each inner cell, which is 1 where
    the agent stands: it tells where the border is. Not among them are the agent's own plane and
    the walls of the border.

    Args:
        trap: gives the size of the grid.
        reach: how many rows and columns away things are seen; None for all of the grid.

    Attributes:
        window: how many inputs the window has; those of places that move with the agent.
        count: how many inputs there are; where a list of inputs is too short, it is filled up
            with this number.
        agent: the channel of the agent.
        places: how many places see a channel.
        columns: of an observation as a vector, those that are inputs, int64 (m,).
        first, moves: of each column its input seen from cell 0, and 1 where that moves, (m,).
        shift, stands: by the cell of the agent, how far inputs move, and the input that says so.
        near: which inputs are seen, the filler too, bool (count + 1,); None where all are.
    """

    def __init__(self, trap: Trap, reach: int | None = None) -> None:
        names, (height, width) = trap.channels, trap.size
        wall, self.agent = names.index("wall"), names.index("agent")
        self._channels = np.array([c for c in range(len(names)) if c != self.agent])
        depth, rows, columns = len(self._channels), 2 * height - 5, 2 * width - 5
        y, x, channel = np.meshgrid(
            np.arange(height - 1), np.arange(1, width - 1), np.arange(depth), indexing="ij"
        )
        # The border always has walls, so the wall channel of its top row is left out.
        visible = (y > 0) | (self._channels[channel] != wall)
        y, x, channel = y[visible], x[visible], channel[visible]
        window, top = rows * columns * depth, (width - 2) * depth
        self.window = window
        self.columns = (y * width + x) * len(names) + self._channels[channel]
        # Inputs in order: the window centred on the agent, then the top row, then the agent's cell.
        self.first = np.where(y > 0, (y * columns + x) * depth, window + (x - 1) * depth) + channel
        self.moves = (y > 0).astype(np.int64)
        y, x = np.divmod(np.arange(height * width), width)
        self.shift = ((height - 3 - y) * columns + width - 3 - x) * depth
        self.stands = window + top + (y - 1) * (width - 2) + x - 1
        self.places = (window + top) // depth
        self.count = window + top + (height - 2) * (width - 2)
        self.near: Bools | None = None
        if reach is not None:
            away = (np.abs(np.arange(side) - side // 2) <= reach for side in (rows, columns))
            near = np.logical_and.outer(*away).repeat(depth)
            # Those after the window, the filler too, are seen from everywhere.
            self.near = np.pad(near, (0, self.count + 1 - window), constant_values=True)

    def of(self, channels: list[int]) -> Ints:
        """Return the indices of the inputs that show the given channels, at any place."""
        inputs = np.arange(self.places * len(self._channels)).reshape(self.places, -1)
        return inputs[:, np.isin(self._channels, channels)].reshape(-1)

    def list_inputs(self, planes: Bytes) -> Ints:
        """Return the indices of inputs that are 1, int64 (n, most), one row per state."""
        n = len(planes)
        cell = planes[..., self.agent].reshape(n, -1).argmax(axis=1)
        row, column, place, counts = find_set(planes.reshape(n, -1).take(self.columns, axis=1) != 0)
        listed = np.full((n, counts.max(initial=0) + 1), self.count)
        listed[row, place] = self.first[column] + self.moves[column] * self.shift[cell[row]]
        listed[np.arange(n), counts] = self.stands[cell]
        return listed if self.near is None else np.where(self.near[listed], listed, self.count)


def find_set(bits: Bools) -> tuple[Ints, Ints, Ints, Ints]:
    """Return row, column and rank within the row of each set bit, and the count of each row."""
    # Found in one axis and parted then: half the time of two axes.
    row, column = np.divmod(np.flatnonzero(bits), bits.shape[1])
    counts = np.bincount(row, minlength=len(bits))
    return row, column, np.arange(len(row)) - (counts.cumsum() - counts)[row], counts
