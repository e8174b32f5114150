"""The network of agents trained with Stable-Baselines3, which acts without that package.

It equals the network of ``mesa_gym.sb3``: actor and critic share the two layers of
``CentredExtractor`` and have one separate layer each. Weights have their names in SB3.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from mesa_gym.engine import ACTIONS, Bytes, Ints
from mesa_gym.envs.network_inputs import find_set
from mesa_gym.envs.observations import widest, windows_around
from mesa_gym.trained.agent import Layers, Network, Shapes, Weights
from mesa_gym.trained.mlp import apply_layer, relu, shape_layers, sum_rows
from mesa_gym.traps import Trap

FIRST, SECOND = "features_extractor.layers.0", "features_extractor.layers.2"
ACTOR = ("mlp_extractor.policy_net.0", "action_net")
CRITIC = ("mlp_extractor.value_net.0", "value_net")
# Units of the two shared layers, and of each separate layer.
HIDDEN = 256
SHARED = 128
OWN = 64


class SB3MLP(Network):
    """An MLP on the observation ``centred``; an input is 1 for an open cell instead of for a wall.

    Its layers are ``first`` and ``second``, before their ReLU, and the outputs.
    """

    kind = "sb3"

    def __init__(self, trap: Trap) -> None:
        super().__init__(trap)
        self._places = windows_around(*trap.size, widest(*trap.size))
        planes = [name for name in trap.channels if name != "agent"]
        self._seen = [trap.channels.index(name) for name in ("agent", *planes)]
        self._wall, self.count = planes.index("wall"), self._places.shape[1] * len(planes)

    def list_shapes(self, shapes: Shapes) -> Shapes:
        """Return weight name -> shape."""
        sides = {FIRST: (HIDDEN, self.count), SECOND: (SHARED, HIDDEN)}
        sides |= dict.fromkeys((ACTOR[0], CRITIC[0]), (OWN, SHARED))
        return shape_layers(sides | {ACTOR[1]: (len(ACTIONS), OWN), CRITIC[1]: (1, OWN)})

    def see(self, planes: Bytes) -> Ints:
        """Return the indices of inputs that are 1, int64 (n, most)."""
        grid = planes[..., self._seen].reshape(len(planes), -1, len(self._seen)) != 0
        cell, other_planes = grid[..., 0].argmax(axis=1), grid[..., 1:]
        other_planes[..., self._wall] ^= True
        windows = other_planes[np.arange(len(grid))[:, None], self._places[cell]]
        row, column, place, counts = find_set(windows.reshape(len(grid), -1))
        listed = np.full((len(grid), counts.max(initial=1)), self.count)
        listed[row, place] = column
        return listed

    def compute(self, xp: Any, weights: Weights, inputs: Any, memory: Any) -> Layers:
        """Return the network's layers from indices of inputs."""
        first = sum_rows(xp, weights[f"{FIRST}.weight"].T, inputs) + weights[f"{FIRST}.bias"]
        second = apply_layer(weights, SECOND, relu(xp, first))
        features = relu(xp, second)
        scores, value = (
            apply_layer(weights, last, xp.tanh(apply_layer(weights, branch, features)))
            for branch, last in (ACTOR, CRITIC)
        )
        return {"first": first, "second": second, "scores": scores, "value": value[..., 0]}
