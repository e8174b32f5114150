"""A network that repeats a convolutional LSTM on each observation before it acts.

After Guez et al. 2019 (section 2.1), whose DRC(3, 3) has three layers of 32 channels, three ticks
an observation, and a memory that lasts through the episode. Here one layer of 16 channels has six
ticks and begins again on each observation: PPO here has no memory, and more would cost more than
minutes of a CPU. Nothing of how to plan is built in except that what is near is looked at first.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from mesa_gym.trained.grid_networks import SIDE, GridNetwork, Head, Windows, advance_cells, take_own
from mesa_gym.trained.planner_maps import Boards

UNITS, TICKS = 16, 6
READ_UNITS = 64
# Of the gates that keep what cells remember, so that at first most of it is kept.
KEPT = 1.0


class TickingNetwork(GridNetwork):
    """An agent that looks at the same observation several times.

    Attributes:
        windows, sees: from planes to what every tick adds to the gates.
        ticks: from the outputs around a cell to its gates.
        reads: from the outputs of the agent's cell, and their means over cells, to the head.
        head: to scores and the value.
    """

    kind = "drc"

    def build(self, planes: int) -> None:
        """Make the layers."""
        self.windows = Windows(planes, UNITS)
        self.sees = nn.Conv2d(UNITS, 4 * UNITS, SIDE, padding=1)
        self.ticks = nn.Conv2d(UNITS, 4 * UNITS, SIDE, padding=1, bias=False)
        self.reads, self.head = nn.Linear(2 * UNITS, READ_UNITS), Head(READ_UNITS)
        with torch.no_grad():
            _, bias = self.sees.parameters()
            bias[UNITS : 2 * UNITS] += KEPT

    def compute_features(self, boards: Boards, edit: Tensor | None = None) -> Tensor:
        """Return the outputs after the last tick, float32 (n, UNITS, rows, columns)."""
        encoded = self.windows(boards)
        seen = self.sees(encoded if edit is None else encoded + edit)
        outputs = memory = torch.zeros_like(encoded)
        for _ in range(TICKS):
            outputs, memory = advance_cells(seen + self.ticks(outputs), memory, dim=1)
        return outputs

    def read_out(self, features: Tensor, cell: Tensor) -> tuple[Tensor, Tensor]:
        """Return scores of actions, (n, 5), and values, (n,); the means over cells count too."""
        both = torch.cat([take_own(features, cell), features.mean(dim=(2, 3))], dim=1)
        scores, values = self.head(self.reads(both).relu())
        return scores, values
