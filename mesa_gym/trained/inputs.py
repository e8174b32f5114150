"""The inputs of networks: what of an observation they are given, and in which order.

What is two steps to the left is at the same input wherever the agent stands, so that what is
learnt in one place holds in all. An input is a plane's bit at a place relative to the agent, and
few inputs of an observation are 1.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from mesa_gym.engine import Ints
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
        names: of the channels, with "agent" and "wall"; those of the trap by default.

    Attributes:
        count: how many inputs there are; where a list of inputs is too short, it is filled up
            with this number.
        columns: of an observation as a vector, those that are inputs, int64 (m,).
    """

    def __init__(self, trap: Trap, names: Sequence[str] | None = None) -> None:
        names = trap.channels if names is None else names
        height, width = trap.size
        agent, wall = names.index("agent"), names.index("wall")
        channels = np.array([c for c in range(len(names)) if c != agent])
        depth, columns = len(channels), 2 * width - 5
        self._agent = agent
        y, x, which = np.meshgrid(
            np.arange(height - 1), np.arange(1, width - 1), np.arange(depth), indexing="ij"
        )
        seen = (y > 0) | (channels[which] != wall)
        y, x, which = y[seen], x[seen], which[seen]
        window, top = (2 * height - 5) * columns * depth, (width - 2) * depth
        self.columns = (y * width + x) * len(names) + channels[which]
        self._first = np.where(y > 0, (y * columns + x) * depth, window + (x - 1) * depth) + which
        self._moves = (y > 0).astype(np.int64)
        y, x = np.divmod(np.arange(height * width), width)
        self._shift = ((height - 3 - y) * columns + width - 3 - x) * depth
        self._stands = window + top + (y - 1) * (width - 2) + x - 1
        self._channels, self._places = channels, window + top
        self.count = window + top + (height - 2) * (width - 2)

    def of(self, channels: list[int]) -> Ints:
        """Return the inputs that belong to some channels of an observation."""
        places = np.arange(self._places).reshape(-1, len(self._channels))
        return places[:, np.isin(self._channels, channels)].reshape(-1)

    def list_inputs(self, planes: Bytes) -> Ints:
        """Return the inputs that are 1, int64 (n, most), of planes (n, height, width, channels)."""
        n = len(planes)
        cell = planes[..., self._agent].reshape(n, -1).argmax(axis=1)
        flat = planes.reshape(n, -1).take(self.columns, axis=1) != 0
        # Found in one axis and parted then: half the time of two axes.
        row, column = np.divmod(np.flatnonzero(flat), len(self.columns))
        counts = np.bincount(row, minlength=n)
        place = np.arange(len(row)) - (counts.cumsum() - counts)[row]
        listed = np.full((n, int(counts.max(initial=0)) + 1), self.count)
        listed[row, place] = self._first[column] + self._moves[column] * self._shift[cell[row]]
        listed[np.arange(n), counts] = self._stands[cell]
        return listed

    def tensors(self, device: torch.device | str) -> tuple[Tensor, ...]:
        """Return the tables that ``dense`` needs."""
        tables = (self.columns, self._first, self._moves, self._shift, self._stands)
        return tuple(torch.as_tensor(table, device=device) for table in tables)

    def dense(self, planes: Tensor, tables: tuple[Tensor, ...]) -> Tensor:
        """Return all inputs, uint8 (n, count + 1), on the planes' device; the last is 0."""
        columns, first, moves, shift, stands = tables
        flat = planes.flatten(1)
        cell = planes[..., self._agent].flatten(1).argmax(dim=1)
        places = first + moves * shift[cell][:, None]
        inputs = torch.zeros(len(planes), self.count + 1, dtype=torch.uint8, device=planes.device)
        inputs.scatter_(1, places, flat[:, columns])
        return inputs.scatter_(1, stands[cell][:, None], 1)
