"""A recurrent network with a memory of the episode's observations.

Its weights are fixed while it acts, so that its memory contains everything it learns within an
episode, as in RL^2 (Duan et al. 2016, "RL^2"; Wang et al. 2016). The memory is a gated recurrent
unit (Cho et al. 2014); scores come from a layer that multiplies memory and inputs.
"""

from __future__ import annotations

from typing import Any

from mesa_gym.engine import ACTIONS
from mesa_gym.trained.agent import Layers, Shapes, Weights
from mesa_gym.trained.mlp import MLP, apply_layer, multiply, read_out, relu, shape_layers


class GRU(MLP):
    """A gated recurrent unit, with a head that reads the unit's input and memory.

    Its layers are ``first``, of the observation, before its ReLU; ``memory``, after the step;
    ``joins``, of both and of their product, before its ReLU; and the outputs.
    """

    kind = "gru"

    def list_shapes(self, shapes: Shapes) -> Shapes:
        """Return weight name -> shape; the number of units is read from the gates in ``shapes``."""
        units = shapes.get("recalls.weight", (0, 0))[-1]
        sides = {"first": (units, self.view.count), "sees": (3 * units, units)}
        sides |= {"joins": (units, 2 * units), "policy": (len(ACTIONS), units)}
        square = dict.fromkeys(("seen_factor.weight", "kept_factor.weight"), (units, units))
        return {"recalls.weight": (3 * units, units), **square,
                **shape_layers(sides | {"value": (1, units)})}  # fmt: skip

    def count_memory(self, weights: Weights) -> int:
        """Return the number of GRU units, whose values are the memory."""
        return int(weights["recalls.weight"].shape[1])

    def compute(self, xp: Any, weights: Weights, inputs: Any, memory: Any) -> Layers:
        """Return the network's layers from indices of inputs and the memory before the step."""
        first, gates = self.look(xp, weights, inputs)
        memory = remember(xp, weights, gates, memory)
        return {"first": first, "memory": memory, **self.recall(xp, weights, first, memory)}

    def look(self, xp: Any, weights: Weights, inputs: Any) -> tuple[Any, Any]:
        """Return the first layer's output and the gate inputs, both independent of the memory."""
        first = self.add(xp, weights["first.weight"].T, inputs) + weights["first.bias"]
        return first, apply_layer(weights, "sees", relu(xp, first))

    def recall(self, xp: Any, weights: Weights, first: Any, memory: Any) -> Layers:
        """Return the layers that follow the memory update, from ``first`` and the new memory."""
        hidden = relu(xp, first)
        product = multiply(hidden, weights["seen_factor.weight"].T)
        product = product * multiply(memory, weights["kept_factor.weight"].T)
        joins = apply_layer(weights, "joins", xp.concat([hidden, memory], axis=-1)) + product
        return {"joins": joins, **read_out(weights, relu(xp, joins))}


def remember(xp: Any, weights: Weights, gates: Any, memory: Any) -> Any:
    """Return the memory after a step, from the memory before it, float32 (..., units).

    ``gates`` are the gates' terms from the inputs, (..., 3 * units): update, reset, candidate.
    """
    units, old = memory.shape[-1], multiply(memory, weights["recalls.weight"].T)
    both = 1 / (1 + xp.exp(-(gates + old)[..., : 2 * units]))
    renew, admit = both[..., :units], both[..., units:]
    new = xp.tanh(gates[..., 2 * units :] + admit * old[..., 2 * units :])
    return (1 - renew) * memory + renew * new
