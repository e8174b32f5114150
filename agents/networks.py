"""Networks for small grids: what they see of the planes, and the layers that follow.

What a network sees is made of an observation once, by NumPy; torch then reads it many times.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from torch import Tensor, nn

from mesa_gym.errors import unknown
from mesa_gym.traps import Trap

Bytes = NDArray[np.uint8]

FEATURES = 128
HEAD = 64
# Half precision, where the processor has it, makes training 1.5 times as fast; agents that are
# trained act in full precision.
BF16 = bool(torch.cpu.get_capabilities().get("avx512_bf16"))


class Network(nn.Module):
    """A feature extractor.

    Attributes:
        shape: of what it sees of one observation.
        layers: torch's part, from what is seen (n, *shape) to features (n, ``FEATURES``).
    """

    shape: tuple[int, ...]
    layers: nn.Sequential

    def view(self, planes: Bytes) -> Bytes:
        """Return what is seen of planes (n, height, width, channels), uint8 (n, *shape), 0 or 1."""
        raise NotImplementedError

    def forward(self, seen: Tensor) -> Tensor:
        """Features, float32 (n, ``FEATURES``)."""
        features: Tensor = self.layers(seen.float())
        return features


class Centred(Network):
    """An MLP on the grid as it looks from the agent's cell.

    What is two steps to the left is at the same input wherever the agent stands, so that what
    was learnt in one place holds in all. The window reaches every inner cell from every inner
    cell; the inner cells of the top row, where held items are drawn, follow at a fixed place.
    The wall plane is turned round into open cells, so that outside of the grid all planes
    are zero; the agent's plane is left out, as it would always be the same.
    """

    def __init__(self, trap: Trap) -> None:
        super().__init__()
        self.agent, wall = trap.channel["agent"], trap.channel["wall"]
        self.others = [wall, *(c for c in range(len(trap.channels)) if c not in (self.agent, wall))]
        height, width = trap.size
        self.window = (2 * height - 5, 2 * width - 5)
        places = self.window[0] * self.window[1] + width - 2
        self.shape = (places * len(self.others),)
        self.layers = nn.Sequential(
            nn.Linear(self.shape[0], 256), nn.ReLU(), nn.Linear(256, FEATURES), nn.ReLU()
        )

    def view(self, planes: Bytes) -> Bytes:
        """The windows, uint8 (n, channels * window), then the top rows."""
        n, height, width, _ = planes.shape
        y, x = np.divmod(planes[..., self.agent].reshape(n, -1).argmax(axis=1), width)
        above, left = height - 3, width - 3
        padded = np.zeros((n, len(self.others), height + 2 * above, width + 2 * left), np.uint8)
        grid = padded[:, :, above:-above, left:-left]
        grid[:] = planes.transpose(0, 3, 1, 2)[:, self.others]
        grid[:, 0] ^= 1
        windows = sliding_window_view(padded, self.window, axis=(2, 3))[np.arange(n), :, y, x]
        top = grid[:, :, 0, 1:-1]
        return np.concatenate([windows.reshape(n, -1), top.reshape(n, -1)], axis=1)


class Global(Network):
    """A convolutional network on the grid as it is: three 3x3 layers and a dense one."""

    def __init__(self, trap: Trap) -> None:
        super().__init__()
        self.shape = (len(trap.channels), *trap.size)
        layers: list[nn.Module] = []
        for channels in (len(trap.channels), 16, 16):
            layers += [nn.Conv2d(channels, 16, 3, padding=1), nn.ReLU()]
        dense = nn.Linear(16 * trap.cells, FEATURES)
        self.layers = nn.Sequential(*layers, nn.Flatten(), dense, nn.ReLU())

    def view(self, planes: Bytes) -> Bytes:
        """The planes, channels first."""
        return np.ascontiguousarray(planes.transpose(0, 3, 1, 2))


NETWORKS: dict[str, type[Centred] | type[Global]] = {"centred": Centred, "cnn": Global}


def make_network(name: str, trap: Trap) -> Network:
    """Make the network of that name, one of ``NETWORKS``, with fresh weights."""
    if name not in NETWORKS:
        raise unknown("network", name, NETWORKS)
    return NETWORKS[name](trap)
