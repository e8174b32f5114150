"""The network on pictures: it sees the ``rgb`` observation around the agent, tile by tile.

A tile of the picture passes a linear layer and a ReLU that all places share, as in a convolution
of a tile's size and stride; what comes out is what the first layer of ``networks.Network`` takes.
Few different tiles occur, so that the shared layer is computed once for each of these, and the
first layer's table for each place and tile follows from that: the same numbers in less time.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from mesa_gym.engine import Ints
from mesa_gym.envs.observations import TILE, Bytes, make_observation, planes_of
from mesa_gym.trained.inputs import CentredInputs
from mesa_gym.trained.networks import StackAgent
from mesa_gym.trained.stacks import Stack, compute_outputs, draw_stack
from mesa_gym.traps import Split, Trap

FEATURES = 16  # of a tile
SAMPLE = 200  # levels of each split, whose tiles are all that an agent can meet
PIXELS = TILE * TILE * 3


class Tiles(CentredInputs):
    """The inputs of a network on pictures: which tile lies where, seen from the agent's cell.

    Floor is not an input; the first layer takes how a tile's features differ from those of floor.

    Args:
        trap: any whose cells show all that they can show where episodes begin.

    Attributes:
        pictures: of the tiles, floor first: float32 (tiles, PIXELS) of length about 1.
        places: how many places of the first layer see a tile.
    """

    def __init__(self, trap: Trap) -> None:
        self._seen = trap.channel["agent"]
        found, pictures = [], []
        for split in Split:
            state = trap.levels(split, np.arange(SAMPLE))
            planes = planes_of(trap, state)
            picture = make_observation(trap, "rgb").show(planes, state)
            n, height, width = planes.shape[:3]
            tiles = picture.reshape(n, height, TILE, width, TILE, 3).swapaxes(2, 3)
            shown = planes[..., self._seen] == 0  # the agent hides what it stands on
            found.append(self._encode_cells(planes)[shown])
            pictures.append(tiles[shown].reshape(-1, PIXELS))
        self._known, first = np.unique(np.concatenate(found), return_index=True)
        self.pictures = torch.from_numpy(np.concatenate(pictures)[first] / 255).float()
        self.pictures /= PIXELS**0.5
        names = [f"tile {code}" for code in self._known]
        names[self._encode_cells(_only(trap, "wall"), known=True).item()] = "wall"
        super().__init__(trap, ["agent", *names[1:]])
        self.places = self._places // (len(names) - 1)

    def _encode_cells(self, planes: Bytes, known: bool = False) -> Ints:
        """Return what lies on each cell except the agent: a number, or its place among the known.

        Raises:
            ValueError: a cell shows what it does not show where episodes begin.
        """
        bits = np.arange(planes.shape[-1])
        codes: Ints = planes.astype(np.int64) @ np.where(bits == self._seen, 0, 1 << bits)
        if not known:
            return codes
        rows = np.searchsorted(self._known, codes).clip(max=len(self._known) - 1)
        if (self._known[rows] != codes).any():
            raise ValueError(
                "a cell shows what none shows where episodes begin; ppo-pixels is for traps whose"
                " things do not change: train with ppo"
            )
        return rows

    def list_inputs(self, planes: Bytes) -> Ints:
        """Return the inputs that are 1, int64 (n, most), of planes (n, height, width, channels)."""
        agent = planes[..., self._seen]
        tiles = np.where(agent, 0, self._encode_cells(planes, known=True))
        shown = tiles[..., None] == np.arange(len(self._known))
        shown[..., 0] = agent
        return super().list_inputs(shown.astype(np.uint8))


def _only(trap: Trap, name: str) -> Bytes:
    """Return the planes of a cell with one thing alone, (1, channels)."""
    return np.array([[channel == name for channel in trap.channels]], dtype=np.uint8)


class PixelStack(NamedTuple):
    """Parameters of S agents, float32; the first layer has FEATURES inputs for each place.

    Attributes:
        first: (S, places * FEATURES + cells + 1, UNITS), as in ``mesa_gym.trained.stacks.Stack``.
        tiles: (S, PIXELS, FEATURES), the layer that all places share.
        tiles_bias: (S, 1, FEATURES).
    """

    first: Tensor
    first_bias: Tensor
    second: Tensor
    second_bias: Tensor
    outputs: Tensor
    outputs_bias: Tensor
    tiles: Tensor
    tiles_bias: Tensor

    def build_stack(self, view: Tiles) -> Stack:
        """Return the stack whose inputs are of a view."""
        features = (view.pictures @ self.tiles + self.tiles_bias).relu()
        features = features[:, 1:] - features[:, :1]
        count = view.places * FEATURES
        by_place = self.first[:, :count].unflatten(1, (view.places, FEATURES))
        table = torch.einsum("stf,spfu->sptu", features, by_place).flatten(1, 2)
        return Stack(torch.cat([table, self.first[:, count:]], dim=1), *self[1:6])


def draw_pixel_stack(view: Tiles, seeds: tuple[int, ...]) -> PixelStack:
    """Draw the parameters of one agent a seed."""
    cells = view.count - view.places * (len(view.pictures) - 1)
    stack = draw_stack(view.places * FEATURES + cells, seeds)
    tiles = torch.zeros(len(seeds), PIXELS, FEATURES)
    for seed, each in zip(seeds, tiles, strict=True):
        # Pictures are of length about 1: features then are about as large as a plane's bit.
        nn.init.normal_(each, 0, 1.0, generator=torch.Generator().manual_seed(seed))
    return PixelStack(*stack, tiles, torch.zeros(len(seeds), 1, FEATURES))


class PixelNetwork(StackAgent):
    """An MLP on tiles of the picture; ``planes`` stand for the picture that they are drawn as."""

    kind = "pixels"

    def __init__(
        self,
        trap: Trap,
        stack: PixelStack | None = None,
        agent: int = 0,
        view: Tiles | None = None,
    ) -> None:
        super().__init__()
        self.view = view or Tiles(trap)
        self.take_parameters(stack or draw_pixel_stack(self.view, (0,)), agent)

    def compute_scores(self, encoded: Tensor) -> Tensor:
        """Return scores of the actions, float32 (n, 5), for planes (n, height, width, channels)."""
        listed = torch.from_numpy(self.view.list_inputs(encoded.numpy()))
        scores, _ = compute_outputs(self.stack.build_stack(self.view), listed[None])
        return scores[0]
