"""The inputs of networks: which planes and cells of an observation, and in which order.

A thing two steps to the left activates the same input wherever the agent is, so that agents
generalize over positions. An input is a plane's bit at a position relative to the agent. Few inputs
of an observation are 1, so an observation is stored as the list of these.
"""

from __future__ import annotations

import numpy as np

from mesa_gym.engine import Bools, Bytes, Ints
from mesa_gym.traps import Trap


class CentredInputs:
    """The inputs of a network on a trap.

    First comes the window, which covers every inner cell from every inner cell. The top row, where
    held items are drawn, follows at fixed positions. Last is one input per inner cell, which is 1
    for the agent's cell and so shows the distance to the border. The agent's own plane and the
    walls of the border are not inputs.

    Args:
        trap: determines the size of the grid.
        reach: the view distance in rows and columns; None for the whole grid.

    Attributes:
        window: the number of inputs in the window, whose positions move with the agent.
        count: the number of inputs; this number also pads lists of inputs.
        agent: the channel of the agent.
        places: the number of positions per channel, in the window and the top row.
        columns: the indices of a flat observation that are inputs, int64 (m,).
        first, moves: per column, its input seen from cell 0, and 1 if it moves, else 0, (m,).
        shift, stands: per cell of the agent, the offset of moving inputs, and the cell's own input.
        near: whether each input (and the padding) is in reach, bool (count + 1,); None if all are.
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
            # Inputs after the window, and the padding, are visible from everywhere.
            self.near = np.pad(near, (0, self.count + 1 - window), constant_values=True)

    def of(self, channels: list[int]) -> Ints:
        """Return the indices of the inputs of the given channels, at all positions."""
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
    # One search over the flat array takes half the time of a search over two axes.
    row, column = np.divmod(np.flatnonzero(bits), bits.shape[1])
    counts = np.bincount(row, minlength=len(bits))
    return row, column, np.arange(len(row)) - (counts.cumsum() - counts)[row], counts
