"""Value iteration networks (Tamar et al. 2016, sections 3 and 4).

Planes become a reward of each cell. Sweeps of a convolution and a maximum over its channels, which
all have the same weights, make values of it; the channels where the agent stands give the scores.

The network is the paper's, its start is not: with weights drawn small it earned no more than .76
in CheeseDish. Here the sweeps begin near value iteration without discount, four channels a step
each and one that stays, and walls begin dear. All of it is learnt further.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import pad

from mesa_gym.envs.observations import Bytes
from mesa_gym.policies.protocol import in_blocks
from mesa_gym.trained.grid_networks import BORDER, SIDE, Floats, GridNetwork, Head, Windows
from mesa_gym.trained.planner_maps import Boards

UNITS, CHANNELS, SWEEPS = 50, 10, 20
# By which the reward is multiplied, so that small steps of the weights carry it far.
GAIN = 2.0
# The reward of a wall at first, and what is seen beyond the border throughout.
WALL = -20.0
# By which values are multiplied before they are read.
SCALE = 0.1
# The weights of the sweeps at first differ from those of value iteration by so much.
NOISE = 0.01
# In a window, row by row: the cells to the left, below, to the right and above, and the middle.
MOVES = (3, 7, 5, 1, 4)


class ValueIterationNetwork(GridNetwork):
    """An agent that sweeps over a map of rewards.

    Attributes:
        windows, wants: from planes to the reward.
        pays, goes_on: what each channel takes of the rewards and of the values in the window around
            a cell, float32 (CHANNELS, 9).
        head: from the channels to scores and the value.
    """

    kind = "vin"

    def build(self, planes: int) -> None:
        """Make the layers."""
        self.windows, self.wants = Windows(planes, UNITS), nn.Conv2d(UNITS, 1, 1)
        self.pays = nn.Parameter(torch.randn(CHANNELS, SIDE**2) * NOISE)
        self.goes_on = nn.Parameter(torch.randn(CHANNELS, SIDE**2) * NOISE)
        self.head = Head(CHANNELS)
        wall = self._maps.names.index("wall")
        with torch.no_grad():
            for channel, place in enumerate(MOVES):
                self.pays[channel, place] += 1
                self.goes_on[channel, place] += 1
                self.head.policy.weight[channel, channel] += 1
            for each in self.windows.seen.parameters():
                each[0] = 0
            self.windows.seen.weight[0, wall, 1, 1] = 1
            self.wants.weight[0, 0] = WALL / GAIN

    def compute_rewards(self, boards: Boards) -> Tensor:
        """Return the reward of each inner cell, float32 (n, 1, rows, columns)."""
        found: Tensor = GAIN * self.wants(self.windows(boards))
        return found

    def compute_features(self, boards: Boards, edit: Tensor | None = None) -> Tensor:
        """Return the channels after the last sweep, float32 (n, CHANNELS, rows, columns)."""
        rewards = self.compute_rewards(boards)
        rewards = (rewards if edit is None else rewards + edit)[:, 0].movedim(0, 2)
        paid = self.pays @ list_windows(rewards)
        channels = paid
        for _ in range(SWEEPS):
            values = channels.max(dim=0)[0].view(rewards.shape)
            channels = torch.addmm(paid, self.goes_on, list_windows(values))
        return SCALE * channels.view(-1, *rewards.shape).movedim(3, 0)

    @torch.inference_mode()
    def objective(self, planes: Bytes) -> Floats:
        """Return the reward of each cell, float32 (n, height, width); 0 on the border.

        Args:
            planes: uint8 (n, height, width, channels), of a grid of any size.
        """

        def answer(seen: Bytes, rows: slice) -> Floats:
            found = self.compute_rewards(self.view(torch.from_numpy(seen)))
            return pad(found[:, 0], BORDER).numpy()

        return in_blocks(answer, planes)


def list_windows(values: Tensor) -> Tensor:
    """Return the windows around cells, float32 (9, rows * columns * n), of (rows, columns, n)."""
    rows, columns, _ = values.shape
    padded = pad(values, (0, 0, *BORDER), value=WALL)
    places = [(row, column) for row in range(SIDE) for column in range(SIDE)]
    shifted = [padded[y : y + rows, x : x + columns] for y, x in places]
    return torch.stack(shifted).flatten(1)
