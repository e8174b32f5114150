"""Torch networks for small grids: a batch of planes in, features or action scores out.

Both kinds take the environments' uint8 planes (n, height, width, channels) as they are, and turn
them into floats themselves.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from mesa_gym.errors import unknown
from mesa_gym.grid import ACTIONS, AGENT, WALL, Schema

HEAD = 64


class Network(nn.Module):
    """A feature extractor.

    Args:
        schema: what the channels of the planes are.

    Attributes:
        features_dim: how many features an observation gives.
    """

    features_dim: int

    def __init__(self, schema: Schema) -> None:
        super().__init__()

    def forward(self, planes: Tensor) -> Tensor:
        """Features, float32 (n, features_dim), of uint8 planes (n, height, width, channels)."""
        raise NotImplementedError


class Centred(Network):
    """An MLP on the grid as it looks from the agent's cell.

    What is two steps to the left is at the same input wherever the agent stands, so that what
    was learnt in one place holds in all. The window reaches every inner cell from every inner
    cell; the inner cells of the top row, where held items are drawn, follow at a fixed place.
    The wall plane is turned round into open cells, so that outside of the grid all planes
    are zero; the agent's plane is left out, as it would always be the same.
    """

    features_dim = 128
    cells: Tensor

    def __init__(self, schema: Schema) -> None:
        super().__init__(schema)
        (self.agent,), (self.wall,) = schema.channels[AGENT], schema.channels[WALL]
        self.things = [c for c in range(len(schema.planes)) if c not in (self.agent, self.wall)]
        self.register_buffer("cells", seen_cells(schema.height, schema.width), persistent=False)
        self.layers = nn.Sequential(
            nn.Linear(self.cells.shape[1] * (1 + len(self.things)), 256),
            nn.ReLU(),
            nn.Linear(256, self.features_dim),
            nn.ReLU(),
        )

    def forward(self, planes: Tensor) -> Tensor:
        """Features, float32 (n, 128)."""
        features: Tensor = self.layers(self.view(planes))
        return features

    def view(self, planes: Tensor) -> Tensor:
        """What the agents see, float32 (n, cells * channels): open cells, then other planes."""
        flat = planes.flatten(1, 2)
        at = flat[:, :, self.agent].argmax(dim=1)
        shown = torch.cat([1 - flat[:, :, [self.wall]], flat[:, :, self.things]], dim=2)
        shown = nn.functional.pad(shown.float(), (0, 0, 0, 1))  # one cell for all outside
        n, cells, channels = shown.shape
        rows = self.cells[at] + cells * torch.arange(n)[:, None]
        return shown.view(-1, channels).index_select(0, rows.flatten()).view(n, -1)


class Global(Network):
    """A convolutional network on the grid as it is: three 3x3 layers and a dense one."""

    features_dim = 128

    def __init__(self, schema: Schema) -> None:
        super().__init__(schema)
        layers: list[nn.Module] = []
        for channels in (len(schema.planes), 16, 16):
            layers += [nn.Conv2d(channels, 16, 3, padding=1), nn.ReLU()]
        dense = nn.Linear(16 * schema.cells, self.features_dim)
        self.layers = nn.Sequential(*layers, nn.Flatten(), dense, nn.ReLU())

    def forward(self, planes: Tensor) -> Tensor:
        """Features, float32 (n, 128)."""
        features: Tensor = self.layers(planes.float().permute(0, 3, 1, 2))
        return features


NETWORKS: dict[str, type[Network]] = {"centred": Centred, "cnn": Global}


def make_network(name: str, schema: Schema) -> Network:
    """The network of that name, one of ``NETWORKS``, with fresh weights."""
    if name not in NETWORKS:
        raise unknown("network", name, NETWORKS)
    return NETWORKS[name](schema)


class Actor(nn.Module):
    """What acts: a network and a head of 64 units that scores the five actions."""

    def __init__(self, network: str, schema: Schema) -> None:
        super().__init__()
        self.features = make_network(network, schema)
        width = self.features.features_dim
        self.head = nn.Sequential(nn.Linear(width, HEAD), nn.ReLU(), nn.Linear(HEAD, len(ACTIONS)))

    def forward(self, planes: Tensor) -> Tensor:
        """Log-odds of the actions, float32 (n, 5)."""
        scores: Tensor = self.head(self.features(planes))
        return scores


def seen_cells(height: int, width: int) -> Tensor:
    """For an agent on each cell, which cells it sees at each place of its view.

    Returns:
        int64 (height * width, places): flat cells, ``height * width`` for outside. First the
        window of (2 height - 5) x (2 width - 5) cells around the agent, then the top row's.
    """
    y, x = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    dy, dx = torch.arange(3 - height, height - 2), torch.arange(3 - width, width - 2)
    rows = y.reshape(-1, 1, 1) + dy[:, None]
    columns = x.reshape(-1, 1, 1) + dx
    inside = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
    window = torch.where(inside, rows * width + columns, height * width).flatten(1)
    top = torch.arange(1, width - 1).expand(height * width, -1)
    return torch.cat([window, top], dim=1)
