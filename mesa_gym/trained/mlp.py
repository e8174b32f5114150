"""The network of most agents: an MLP with two hidden layers over the grid centred on the agent.

Few inputs (``mesa_gym.envs.network_inputs``) are 1 and the others are 0, so that the first layer
sums the weights of these few inputs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from mesa_gym.engine import ACTIONS, Bytes, Ints
from mesa_gym.envs.network_inputs import CentredInputs
from mesa_gym.trained.agent import Layers, Network, Shapes, Weights
from mesa_gym.traps import Trap

UNITS = 128  # of a hidden layer, by default
# A function with the arguments and the result of ``sum_rows``.
SumRows = Callable[[Any, Any, Any], Any]


def sum_rows(xp: Any, table: Any, listed: Any) -> Any:
    """Return a linear layer's output for inputs that are 1 where listed and 0 elsewhere.

    Args:
        xp: the array namespace.
        table: the weights of each input, float32 (inputs, units).
        listed: indices of inputs that are 1, int64 (..., most), padded with the number of inputs.

    Returns:
        float32 (..., units); a row's result does not depend on other rows.
    """
    filled = xp.concat([table, xp.zeros_like(table[:1, :])])
    flat = xp.reshape(listed, (-1, listed.shape[-1]))
    # Gathering one column at a time is faster than one gather, whose result must be stored first.
    total = xp.take(filled, flat[:, 0], axis=0)
    for column in range(1, flat.shape[1]):
        total = total + xp.take(filled, flat[:, column], axis=0)
    return xp.reshape(total, (*listed.shape[:-1], table.shape[1]))


def multiply(rows: Any, matrix: Any) -> Any:
    """Return each row (..., k) multiplied by a matrix (k, m).

    Rows are multiplied one at a time: in a product of many rows, rounding may depend on a row's
    position, but an agent must act independently of its batch.
    """
    return (rows[..., None, :] @ matrix)[..., 0, :]


def relu(xp: Any, sums: Any) -> Any:
    """Return an array with negative values replaced by 0."""
    return xp.where(sums > 0, sums, xp.zeros_like(sums))


def shape_layers(sides: Mapping[str, tuple[int, int]]) -> Shapes:
    """Return weight and bias shapes of linear layers, given their (outputs, inputs)."""
    weights: Shapes = {f"{name}.weight": side for name, side in sides.items()}
    return {**weights, **{f"{name}.bias": side[:1] for name, side in sides.items()}}


def apply_layer(weights: Weights, name: str, inputs: Any) -> Any:
    """Return the output of a linear layer, named by its weights, on inputs (..., inputs)."""
    return multiply(inputs, weights[f"{name}.weight"].T) + weights[f"{name}.bias"]


def read_out(weights: Weights, features: Any) -> Layers:
    """Return the action scores and the state value from the last layer's features."""
    scores, value = (apply_layer(weights, name, features) for name in ("policy", "value"))
    return {"scores": scores, "value": value[..., 0]}


class MLP(Network):
    """An MLP; its layers are ``first`` and ``second``, before their ReLU, and the outputs.

    ``add`` sums rows of the first layer; compiled code passes its own function.
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
        """Return the network's layers from indices of inputs."""
        first = self.add(xp, weights["first.weight"].T, inputs) + weights["first.bias"]
        second = apply_layer(weights, "second", relu(xp, first))
        return {"first": first, "second": second, **read_out(weights, relu(xp, second))}


class LocalMLP(MLP):
    """An MLP with a local view of things that are at most three cells away.

    Its view is a square of 7 x 7 cells around the agent, as with Minigrid's default
    ``agent_view_size``. The agent's own cell and the row of held things are inputs as in ``MLP``.
    """

    kind = "local"
    reach = 3
