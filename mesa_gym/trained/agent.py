"""A trained agent: its weights, its network, and its policy.

A network is a pure function of an array namespace, weights, inputs and memory. Agents act with
NumPy. If the weights are tensors of torch or arrays of JAX, the function returns arrays of the same
library, which can compute gradients.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any, ClassVar, Self

import array_api_compat
import numpy as np
from numpy.typing import NDArray

from mesa_gym.engine import Bools, Bytes, Floats, State
from mesa_gym.errors import shorten
from mesa_gym.policies.protocol import soften_scores
from mesa_gym.traps import Trap

Weights = Mapping[str, Any]  # name -> array; all arrays are of one library
Shapes = Mapping[str, tuple[int, ...]]
# Name -> array: "scores" of the five actions, (..., 5), the "value" of the state, (...), the next
# "memory" of a network with a memory, and hidden layers.
Layers = dict[str, Any]


class Network:
    """A kind of network on a trap; subclasses define its inputs and its layers.

    Attributes:
        kind: the name of the kind in ``policy.json``.
        sized: whether the network acts only on grids of one size.
        rows: the number of observations that are computed at once, which limits memory use.
    """

    kind: ClassVar[str]
    sized: ClassVar[bool] = True
    rows: ClassVar[int] = 1024

    def __init__(self, trap: Trap) -> None:
        self.trap = trap

    def list_shapes(self, shapes: Shapes) -> Shapes:
        """Return weight name -> shape; a variable width is read from ``shapes``."""
        raise NotImplementedError

    def count_memory(self, weights: Weights) -> int:
        """Return the number of memory values that the agent keeps between steps."""
        return 0

    def see(self, planes: Bytes) -> NDArray[Any]:
        """Return the network's inputs, (n, ...), from planes (n, height, width, channels)."""
        return planes

    def compute(self, xp: Any, weights: Weights, inputs: Any, memory: Any) -> Layers:
        """Return the layers of the network by name.

        Args:
            xp: the namespace of the arrays.
            weights: name -> array.
            inputs: the result of ``see``, with any number of leading axes.
            memory: the memory before the step, float32 (..., numbers).
        """
        raise NotImplementedError


class Agent:
    """A trained policy (``mesa_gym.policies.Policy``).

    Args:
        net: the agent's network.
        weights: name -> array, of NumPy or of another library of the array API.

    Attributes:
        weights: the weights; NumPy arrays are read-only.
        memory: False for an agent without memory, else float32 (n, numbers), one row per episode;
            None before the first ``reset``. It can be read and set between steps.

    Raises:
        ValueError: the weights do not fit the network.
    """

    observation = "planes"

    def __init__(self, net: Network, weights: Weights) -> None:
        shapes = {name: tuple(array.shape) for name, array in weights.items()}
        _require_shapes(net.list_shapes(shapes), shapes)
        self.net = net
        self.weights = {name: _keep_array(array) for name, array in weights.items()}
        self.training_settings: dict[str, str] = {}
        self._remembers = net.count_memory(weights)
        self.memory: Any = None if self._remembers else False

    @property
    def kind(self) -> str:
        """The kind of network, a key of ``mesa_gym.trained.loading.NETWORKS``."""
        return self.net.kind

    def replaced(self, weights: Weights) -> Self:
        """Return a copy of the agent with the named weights replaced."""
        agent = copy.copy(self)
        Agent.__init__(agent, self.net, self.weights | dict(weights))
        return agent

    def require_savable(self) -> None:
        """Raise ValueError if weights alone cannot restore this agent."""

    def layers(self, planes: Bytes, memory: Any = None) -> Layers:
        """Return all layers of the network, name -> array (n, ...) of the weights' library.

        Args:
            planes: uint8 (n, height, width, channels).
            memory: the memory before the step, (n, numbers); by default zeros, as at a start.
        """
        return self._compute(planes, memory, ())

    def _compute(self, planes: Bytes, memory: Any, names: tuple[str, ...]) -> Layers:
        """Return the layers listed in ``names``; all layers if it is empty."""
        xp, inputs = array_api_compat.array_namespace(*self.weights.values()), self.net.see(planes)
        n = len(inputs)
        if memory is None:
            memory = np.zeros((n, self._remembers), np.float32)
        if not array_api_compat.is_numpy_namespace(xp):
            return self.net.compute(xp, self.weights, xp.asarray(inputs), xp.asarray(memory))
        parts = [slice(first, first + self.net.rows) for first in range(0, n, self.net.rows)]
        layers = [self.net.compute(xp, self.weights, inputs[rows], memory[rows]) for rows in parts]
        return {x: np.concatenate([part[x] for part in layers]) for x in names or layers[0]}

    def reset(self, mask: Bools, rng: np.random.Generator) -> None:
        """Set the memory of the rows in ``mask`` to zeros."""
        if self._remembers and mask.all():
            self.memory = np.zeros((len(mask), self._remembers), np.float32)
        elif self._remembers:
            self.memory = np.where(mask[:, None], np.float32(0), self.memory)

    def keep_rows(self, mask: Bools) -> None:
        """Drop the rows outside ``mask``; their episodes have ended."""
        if self._remembers:
            self.memory = self.memory[mask]

    def act(self, observation: Bytes, state: State | None = None) -> Floats:
        """Return action probabilities, float64 (n, 5), and update the memory.

        Raises:
            ValueError: the memory has a wrong number of rows, such as before the first ``reset``.
        """
        names: tuple[str, ...] = ("scores",)
        if self._remembers:
            shape, names = (len(observation), self._remembers), ("scores", "memory")
            if np.shape(self.memory) != shape:
                raise ValueError(
                    f"the memory has the shape {np.shape(self.memory)}; expected {shape}: reset the"
                    " agent with a mask of all rows before its first step"
                )
        layers = self._compute(observation, self.memory if self._remembers else None, names)
        self.memory = layers.get("memory", self.memory)
        return soften_scores(layers["scores"])


def _keep_array(array: Any) -> Any:
    """Return a NumPy array as read-only float32; arrays of other libraries are unchanged."""
    if isinstance(array, np.ndarray):
        # Weights are (outputs, inputs) but are used transposed; Fortran order makes this fast.
        array = np.asfortranarray(array, np.float32).view()
        array.flags.writeable = False
    return array


def _require_shapes(expected: Shapes, actual: Shapes) -> None:
    """Raise ValueError if a weight is missing, unknown or of a wrong shape."""
    for name in [*expected, *actual]:
        if expected.get(name) != actual.get(name):
            needed, got = (
                f"shape {shorten(shapes[name])}" if name in shapes else "no such weights"
                for shapes in (expected, actual)
            )
            raise ValueError(f"weights {shorten(name)}: expected {needed}, got {got}")
