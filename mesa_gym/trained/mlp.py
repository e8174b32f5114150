"""The network of most agents: two hidden layers over the grid centred on the agent."""

from __future__ import annotations

from typing import Any, ClassVar

from mesa_gym.engine import ACTIONS, Ints
from mesa_gym.envs.network_inputs import CentredInputs
from mesa_gym.envs.observations import Bytes
from mesa_gym.trained.agent import Layers, Network, Shapes, Weights
from mesa_gym.trained.layers import (
    SumRows,
    apply_layer,
    read_out,
    relu,
    shape_layers,
    sum_rows,
)
from mesa_gym.traps import Trap

UNITS = 128  # of a hidden layer, where nothing else is asked for


class MLP(Network):
    """An MLP whose layers are ``first`` and ``second``, before their ReLU, and its outputs.

    ``add`` sums up rows of the first layer; compiled code gives another function than NumPy's.
    """

    kind = "mlp"
    reach: ClassVar[int | None] = None

    def __init__(self, trap: Trap, add: SumRows = sum_rows) -> None:
        super().__init__(trap)
        self.view, self.add = CentredInputs(trap, reach=self.reach), add

    def list_shapes(self, shapes: Shapes) -> Shapes:
        """Return weight name -> shape."""
        units = (*shapes.get("second.weight", ()), UNITS)[0]
        sides = {"first": (units, self.view.count), "second": (units, units)}
        return shape_layers(sides | {"policy": (len(ACTIONS), units), "value": (1, units)})

    def see(self, planes: Bytes) -> Ints:
        """Return the indices of inputs that are 1, int64 (n, most)."""
        return self.view.list_inputs(planes)

    def compute(self, xp: Any, weights: Weights, inputs: Any, memory: Any) -> Layers:
        """Return the network's layers from index lists of inputs."""
        first = self.add(xp, weights["first.weight"].T, inputs) + weights["first.bias"]
        second = apply_layer(weights, "second", relu(xp, first))
        return {"first": first, "second": second, **read_out(weights, relu(xp, second))}


class LocalMLP(MLP):
    """An MLP with a local view: it sees things at most three cells away.

    A square of 7 x 7 cells around the agent, as in Minigrid's usual ``agent_view_size``. The cell
    on which the agent stands and the row of what it holds are seen as before.
    """

    kind = "local"
    reach = 3
