"""The network on pictures: it sees the ``rgb`` observation around the agent, tile by tile.

A tile of the picture passes a linear layer and a ReLU that all places share, as in a convolution
of a tile's size and stride; its output is the input of an MLP's first layer. Few different tiles
occur, so the shared layer is computed once for each tile, and the first layer's table for each
place and tile follows from that: the same numbers in less time.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from mesa_gym.engine import ACTIONS, Ints
from mesa_gym.envs.observations import RGB_TILE, Bytes, make_observation, planes_of
from mesa_gym.envs.windows import CentredInputs
from mesa_gym.trained.agent import Layers, Shapes, Weights
from mesa_gym.trained.inputs import SumRows, multiply, relu, sum_rows
from mesa_gym.trained.mlp import MLP, UNITS
from mesa_gym.traps import Split, Trap

FEATURES = 16  # of a tile
SAMPLE = 200  # levels of each split, whose tiles are all that an agent can meet
PIXELS = RGB_TILE * RGB_TILE * 3
# Five scores and a value, filled up.
OUTPUTS = 8
VALUE = len(ACTIONS)


class Tiles(CentredInputs):
    """The inputs of a network on pictures: which tile lies where, seen from the agent's cell.

    Floor is not an input; a tile's features count by their difference to floor's.

    Args:
        trap: a trap whose first observations show all possible contents of cells.

    Attributes:
        known, tile: the possible contents of a cell as sorted numbers, and the tile of each.
        pictures: of the tiles, floor first: float32 (tiles, PIXELS) of length about 1.
        places, cells: the number of places of the first layer, and of cells of the agent.
    """

    def __init__(self, trap: Trap) -> None:
        self._seen = trap.channel["agent"]
        found, pictures = [], []
        for split in Split:
            state = trap.levels(split, np.arange(SAMPLE))
            planes = planes_of(trap, state)
            picture = make_observation(trap, "rgb").show(planes, state)
            n, height, width = planes.shape[:3]
            tiles = picture.reshape(n, height, RGB_TILE, width, RGB_TILE, 3).swapaxes(2, 3)
            shown = planes[..., self._seen] == 0  # the agent hides what it stands on
            found.append(self.encode_cells(planes)[shown])
            pictures.append(tiles[shown].reshape(-1, PIXELS))
        self.known, first = np.unique(np.concatenate(found), return_index=True)
        shown = np.concatenate(pictures)[first]
        # Things that look alike are one input; floor stays the first.
        _, first, alike = np.unique(shown, axis=0, return_index=True, return_inverse=True)
        self.tile = first.argsort().argsort()[alike.reshape(-1)]
        shades = (shown[np.sort(first)] / 255).astype(np.float32)
        self.pictures = shades / np.float32(PIXELS**0.5)
        names = [f"tile {number}" for number in range(len(shades))]
        walls = np.array([[name == "wall" for name in trap.channels]], dtype=np.uint8)
        names[self.find_tiles(walls).item()] = "wall"
        super().__init__(trap, ["agent", *names[1:]])
        self.cells = self.count - self.places * (len(self.pictures) - 1)

    def encode_cells(self, planes: Bytes) -> Ints:
        """Return a code for each cell's planes, except the agent's plane."""
        bits = 1 << np.arange(planes.shape[-1])
        bits[self._seen] = 0
        return np.asarray(planes.astype(np.int64) @ bits)

    def find_tiles(self, planes: Bytes) -> Ints:
        """Return the tile that each cell shows.

        Raises:
            ValueError: a cell has contents that no first observation has.
        """
        codes = self.encode_cells(planes)
        rows = np.searchsorted(self.known, codes).clip(max=len(self.known) - 1)
        if (self.known[rows] != codes).any():
            raise ValueError(
                "a cell has a picture that no first observation has; ppo-pixels needs traps whose"
                " things do not change: train with ppo"
            )
        return np.asarray(self.tile[rows])

    def list_inputs(self, planes: Bytes) -> Ints:
        """Return the indices of inputs that are 1, int64 (n, most), one row per state."""
        agent = planes[..., self._seen]
        tiles = np.where(agent, 0, self.find_tiles(planes))
        shown = tiles[..., None] == np.arange(len(self.pictures))
        shown[..., 0] = agent
        return super().list_inputs(shown.astype(np.uint8))


class PixelMLP(MLP):
    """An MLP on tiles of the picture; ``planes`` stand for the picture that they are drawn as.

    Its layers are those of an MLP. Its weights have an axis of length 1 in front.
    """

    kind = "pixels"
    view: Tiles

    def __init__(self, trap: Trap, add: SumRows = sum_rows) -> None:
        self.trap, self.add, self.view = trap, add, Tiles(trap)

    def list_shapes(self, given: Shapes) -> Shapes:
        """Return weight name -> shape."""
        inputs = self.view.places * FEATURES + self.view.cells
        return {
            "first": (1, inputs + 1, UNITS), "first_bias": (1, 1, UNITS),
            "second": (1, UNITS, UNITS), "second_bias": (1, 1, UNITS),
            "outputs": (1, UNITS, OUTPUTS), "outputs_bias": (1, 1, OUTPUTS),
            "tiles": (1, PIXELS, FEATURES), "tiles_bias": (1, 1, FEATURES),
        }  # fmt: skip

    def compute(self, xp: Any, weights: Weights, seen: Any, memory: Any) -> Layers:
        """Return the network's layers from index lists of inputs."""
        own = {name: each[0, ...] for name, each in weights.items()}
        tiles = relu(xp, xp.asarray(self.view.pictures) @ own["tiles"] + own["tiles_bias"])
        table = join_tables(xp, tiles, own["first"], self.view.places)
        first = self.add(xp, table, seen) + own["first_bias"]
        second = multiply(relu(xp, first), own["second"]) + own["second_bias"]
        outputs = multiply(relu(xp, second), own["outputs"]) + own["outputs_bias"]
        found = {"scores": outputs[..., :VALUE], "value": outputs[..., VALUE]}
        return {"first": first, "second": second, **found}


def join_tables(xp: Any, tiles: Any, first: Any, places: int) -> Any:
    """Return each input's contribution to the first layer, float32 (inputs, UNITS).

    The features of tiles are (tiles, FEATURES), floor's first; the first layer is from those at
    each of the places, and from where the agent stands.
    """
    features = tiles.shape[1]
    by_place = xp.reshape(first[: places * features, :], (places, features, -1))
    table = (tiles[1:, :] - tiles[:1, :]) @ by_place  # (places, tiles, UNITS)
    table = xp.reshape(table, (-1, first.shape[1]))
    return xp.concat([table, first[places * features : -1, :]])
