"""The network of all agents: an MLP on the grid as it looks from the agent's cell.

What is two steps to the left is at the same input wherever the agent stands, so that what is
learnt in one place holds in all. An input is a plane's bit at a place relative to the agent, and
few inputs of an observation are 1. On a CPU the first layer therefore adds up the rows of its
weights that belong to these, a sixth of the work of the product with all inputs.

Agents that are trained together are a *stack*: parameters with an axis of agents in front.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, NamedTuple, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import embedding_bag

from mesa_gym.engine import ACTIONS, Bools, State
from mesa_gym.policies.protocol import in_blocks
from mesa_gym.traps import Trap

Bytes = NDArray[np.uint8]
Ints = NDArray[np.int64]

UNITS = 128
# Five scores of actions and a value, filled up: agents whose parameters fill whole vector
# registers are computed alike alone and beside others.
OUTPUTS = 8
VALUE = len(ACTIONS)


class Inputs(Protocol):
    """The inputs of a network: an array of numbers for each observation.

    Attributes:
        count: of different inputs, which also fills up short lists of them.
    """

    count: int

    def list_inputs(self, planes: Bytes) -> NDArray[Any]:
        """Return (n, m) of planes (n, height, width, channels)."""


class CentredInputs:
    """The inputs of a network on a trap.

    First the window, which reaches every inner cell from every inner cell, then the top row, where
    held items are drawn, at fixed places, and last one input for each inner cell, which is 1 where
    the agent stands: it tells where the border is. Not among them are the agent's own plane and
    the walls of the border.

    Args:
        trap: gives the size of the grid.
        names: of the channels, with "agent" and "wall"; those of the trap by default.

    Attributes:
        count: how many inputs there are; where a list of inputs is too short, it is filled up
            with this number.
        columns: of an observation as a vector, those that are inputs, int64 (m,).
    """

    def __init__(self, trap: Trap, names: Sequence[str] | None = None) -> None:
        names = trap.channels if names is None else names
        height, width = trap.size
        agent, wall = names.index("agent"), names.index("wall")
        channels = np.array([c for c in range(len(names)) if c != agent])
        depth, columns = len(channels), 2 * width - 5
        self._agent = agent
        y, x, which = np.meshgrid(
            np.arange(height - 1), np.arange(1, width - 1), np.arange(depth), indexing="ij"
        )
        seen = (y > 0) | (channels[which] != wall)
        y, x, which = y[seen], x[seen], which[seen]
        window, top = (2 * height - 5) * columns * depth, (width - 2) * depth
        self.columns = (y * width + x) * len(names) + channels[which]
        self._first = np.where(y > 0, (y * columns + x) * depth, window + (x - 1) * depth) + which
        self._moves = (y > 0).astype(np.int64)
        y, x = np.divmod(np.arange(height * width), width)
        self._shift = ((height - 3 - y) * columns + width - 3 - x) * depth
        self._stands = window + top + (y - 1) * (width - 2) + x - 1
        self._channels, self._places = channels, window + top
        self.count = window + top + (height - 2) * (width - 2)

    def of(self, channels: list[int]) -> Ints:
        """Return the inputs that belong to some channels of an observation."""
        places = np.arange(self._places).reshape(-1, len(self._channels))
        return places[:, np.isin(self._channels, channels)].reshape(-1)

    def list_inputs(self, planes: Bytes) -> Ints:
        """Return the inputs that are 1, int64 (n, most), of planes (n, height, width, channels)."""
        n = len(planes)
        cell = planes[..., self._agent].reshape(n, -1).argmax(axis=1)
        row, column = planes.reshape(n, -1)[:, self.columns].nonzero()
        counts = np.bincount(row, minlength=n)
        place = np.arange(len(row)) - (counts.cumsum() - counts)[row]
        listed = np.full((n, int(counts.max(initial=0)) + 1), self.count)
        listed[row, place] = self._first[column] + self._moves[column] * self._shift[cell[row]]
        listed[np.arange(n), counts] = self._stands[cell]
        return listed

    def tensors(self, device: torch.device | str) -> tuple[Tensor, ...]:
        """Return the tables that ``dense`` needs."""
        tables = (self.columns, self._first, self._moves, self._shift, self._stands)
        return tuple(torch.as_tensor(table, device=device) for table in tables)

    def dense(self, planes: Tensor, tables: tuple[Tensor, ...]) -> Tensor:
        """Return all inputs, uint8 (n, count + 1), on the planes' device; the last is 0."""
        columns, first, moves, shift, stands = tables
        flat = planes.flatten(1)
        cell = planes[..., self._agent].flatten(1).argmax(dim=1)
        places = first + moves * shift[cell][:, None]
        inputs = torch.zeros(len(planes), self.count + 1, dtype=torch.uint8, device=planes.device)
        inputs.scatter_(1, places, flat[:, columns])
        return inputs.scatter_(1, stands[cell][:, None], 1)


class RowSum(torch.autograd.Function):
    """Sums of rows of a table: a linear layer on inputs of which few are 1 and all others 0."""

    @staticmethod
    def forward(ctx: Any, table: Tensor, listed: Tensor) -> Tensor:
        """Return float32 (n, units), for a table (rows, units) and row numbers int64 (n, most)."""
        ctx.rows, ctx.listed = len(table), listed
        return embedding_bag(listed, table, mode="sum")

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        """Return the table's gradient: of each row, the sum over those that read it."""
        listed = ctx.listed.numpy()
        # Short integers are sorted by their digits, which is several times as fast.
        short = np.uint16 if ctx.rows <= 2**16 else np.int64
        rows = listed.reshape(-1).astype(short)
        readers = np.argsort(rows, kind="stable") // listed.shape[1]
        starts = np.concatenate([[0], np.bincount(rows, minlength=ctx.rows).cumsum()[:-1]])
        into = (torch.from_numpy(readers), gradient.contiguous(), torch.from_numpy(starts))
        return embedding_bag(*into, mode="sum"), None


class Stack(NamedTuple):
    """Parameters of S agents, float32.

    Attributes:
        first: (S, inputs + 1, UNITS); the last row is 0, for lists that are filled up.
        second, outputs: (S, UNITS, UNITS) and (S, UNITS, OUTPUTS).
        first_bias, second_bias, outputs_bias: (S, 1, UNITS) twice and (S, 1, OUTPUTS).
    """

    first: Tensor
    first_bias: Tensor
    second: Tensor
    second_bias: Tensor
    outputs: Tensor
    outputs_bias: Tensor


def draw_stack(inputs: int, seeds: tuple[int, ...], device: torch.device | str = "cpu") -> Stack:
    """Draw the parameters of one agent a seed."""
    drawn = []
    for seed in seeds:
        generator = torch.Generator().manual_seed(seed)
        stack = Stack(*(torch.zeros(shape) for shape in _shapes(inputs)))
        nn.init.uniform_(stack.first[:-1], -0.1, 0.1, generator=generator)
        nn.init.orthogonal_(stack.second, 2**0.5, generator=generator)
        nn.init.orthogonal_(stack.outputs[:, :VALUE], 0.01, generator=generator)
        nn.init.orthogonal_(stack.outputs[:, VALUE : VALUE + 1], generator=generator)
        drawn.append(stack)
    return Stack(
        *(torch.stack(each).to(device).requires_grad_() for each in zip(*drawn, strict=True))
    )


def _shapes(inputs: int) -> list[tuple[int, int]]:
    return [
        (inputs + 1, UNITS), (1, UNITS), (UNITS, UNITS), (1, UNITS), (UNITS, OUTPUTS), (1, OUTPUTS)
    ]  # fmt: skip


def compute_outputs(stack: Stack, inputs: Tensor) -> tuple[Tensor, Tensor]:
    """Return scores of actions, (S, n, 5), and values, (S, n).

    Args:
        stack: of S agents.
        inputs: of ``CentredInputs.list_inputs``, int64 (S, n, most), or of
            ``CentredInputs.dense``, uint8 (S, n, count + 1).
    """
    agents, rows, units = stack.first.shape
    if inputs.dtype is torch.int64:
        own = torch.arange(agents)[:, None, None] * rows + inputs
        table = stack.first.view(agents * rows, units)
        summed = RowSum.apply(table, own.flatten(0, 1)).view(agents, -1, units)
    else:
        summed = inputs.to(stack.first.dtype) @ stack.first
    features = (summed + stack.first_bias).relu()
    features = (features @ stack.second + stack.second_bias).relu()
    found = features @ stack.outputs + stack.outputs_bias
    return found[..., :VALUE], found[..., VALUE]


def stack_networks(networks: Sequence[Network]) -> Stack:
    """Return a copy of networks as a stack."""
    found = [network.to_stack() for network in networks]
    return Stack(*(torch.cat(each) for each in zip(*found, strict=True)))


def compute_gradients(loss: Tensor, stack: Sequence[Tensor]) -> list[Tensor]:
    """Return the gradients of a loss by the parameters of a stack."""
    found = list(torch.autograd.grad(loss, list(stack)))
    found[0][:, -1] = 0  # the row for lists that are filled up stays 0
    return found


class Optimiser:
    """Muon on a stack's square matrices and Adam on its other parameters, in place.

    Muon (Jordan et al. 2024) makes every direction of an update equally long by five steps of a
    Newton-Schulz iteration; their coefficients are used. Adam is that of Kingma & Ba (2015). CUDA
    graphs can capture a step, which ``torch.optim.Muon`` does not offer, nor stacks.
    """

    BETAS, EPSILON = (0.9, 0.999), 1e-5
    MOMENTUM = 0.95
    NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)
    # Of the rate of Adam; not searched finely.
    MUON_RATE = 8.0

    def __init__(self, stack: Sequence[Tensor], square: Tensor | None) -> None:
        self.stack, self.square = stack, square
        self.moments = [(torch.zeros_like(each), torch.zeros_like(each)) for each in stack]
        self.steps = torch.zeros(1, device=stack[0].device)

    @torch.no_grad()
    def step(self, gradients: Sequence[Tensor], rate: Tensor | float) -> None:
        """Take a step down the gradients of ``stack``'s parameters."""
        first, second = self.BETAS
        self.steps += 1
        unbiased = (1 - second**self.steps).sqrt()
        for weights, gradient, (mean, square) in zip(
            self.stack, gradients, self.moments, strict=True
        ):
            if weights is self.square:
                mean.lerp_(gradient, 1 - self.MOMENTUM)
                ahead = gradient.lerp(mean, self.MOMENTUM)
                weights -= rate * self.MUON_RATE * self.orthogonalise(ahead)
                continue
            mean.lerp_(gradient, 1 - first)
            square.mul_(second).addcmul_(gradient, gradient, value=1 - second)
            scaled = mean / (square.sqrt() / unbiased + self.EPSILON)
            weights -= rate / (1 - first**self.steps) * scaled

    def orthogonalise(self, matrices: Tensor) -> Tensor:
        """Return matrices (S, n, n) whose singular values became about 1 (0.7 to 1.2)."""
        norms = matrices.flatten(1).square().sum(dim=1).sqrt()[:, None, None]
        matrices = matrices / (norms + 1e-7)
        a, b, c = self.NEWTON_SCHULZ
        for _ in range(5):
            squared = matrices @ matrices.mT
            matrices = a * matrices + (b * squared + c * squared @ squared) @ matrices
        return matrices

    def list_lasting_tensors(self) -> list[Tensor]:
        """Return every tensor that a step changes."""
        return [*self.stack, *(each for pair in self.moments for each in pair), self.steps]


class TorchAgent(nn.Module):
    """An agent that was trained: a module and a policy, ``mesa_gym.policies.Policy``.

    Class attributes:
        kind: its name in ``policy.json``; one of ``agents.saving.KINDS``.
        observation: the kind that it acts on.
        memory: False for an agent that remembers nothing.
        sized: False for an agent that acts on grids of any size.
    """

    kind: ClassVar[str]
    observation = "planes"
    memory: Any = False
    sized = True

    def reset(self, mask: Bools, rng: np.random.Generator) -> None:
        """Begin episodes in the rows of a mask; an agent without memory does nothing."""

    def require_savable(self) -> None:
        """Raise ValueError where weights alone would not be this agent."""

    def forward(self, planes: Tensor) -> Tensor:
        """Return scores of the actions, float32 (n, 5), for planes (n, height, width, channels)."""
        raise NotImplementedError

    @torch.inference_mode()
    def act(self, observation: Bytes, state: State | None = None) -> NDArray[np.float64]:
        """Return action probabilities, float64 (n, 5)."""

        def answer(seen: Bytes, rows: slice) -> NDArray[np.float64]:
            scores: Tensor = self(torch.from_numpy(seen))
            return scores.double().softmax(dim=1).numpy()

        return in_blocks(answer, observation)


class Network(TorchAgent):
    """An MLP with named layers.

    Attributes:
        first, second: the hidden layers, each followed by a ReLU.
        policy, value: what they feed: scores of the five actions, and the value.
    """

    kind = "network"

    def __init__(self, trap: Trap, stack: Stack | None = None, agent: int = 0) -> None:
        super().__init__()
        self.view = CentredInputs(trap)
        self._tables = self.view.tensors("cpu")
        with torch.random.fork_rng(devices=[]):  # its random state is the user's
            self.first = nn.Linear(self.view.count, UNITS)
            self.second = nn.Linear(UNITS, UNITS)
            self.policy, self.value = nn.Linear(UNITS, len(ACTIONS)), nn.Linear(UNITS, 1)
        if stack is not None:
            self._copy(Stack(*(each[agent : agent + 1].detach().cpu() for each in stack)))
        self.eval()

    def _copy(self, one: Stack) -> None:
        """Take over an agent of a stack, rounded to half precision, in which it is saved."""
        for layer, weight, bias in self._layers(one):
            layer.weight.data = weight.T.contiguous().half().float()
            layer.bias.data = bias.half().float()

    def to_stack(self) -> Stack:
        """Return its parameters as a stack of one agent."""
        one = Stack(*(torch.zeros(1, *shape) for shape in _shapes(self.view.count)))
        for layer, weight, bias in self._layers(one):
            weight[:], bias[:] = layer.weight.detach().T, layer.bias.detach()
        return one

    def _layers(self, one: Stack) -> list[tuple[nn.Linear, Tensor, Tensor]]:
        """Return each layer, and views of a stack of one agent: its weights and its bias."""
        scores, value = slice(0, VALUE), slice(VALUE, VALUE + 1)
        return [
            (self.first, one.first[0, :-1], one.first_bias[0, 0]),
            (self.second, one.second[0], one.second_bias[0, 0]),
            (self.policy, one.outputs[0, :, scores], one.outputs_bias[0, 0, scores]),
            (self.value, one.outputs[0, :, value], one.outputs_bias[0, 0, value]),
        ]

    def forward(self, planes: Tensor) -> Tensor:
        """Return scores of the actions, float32 (n, 5), for planes (n, height, width, channels)."""
        scores: Tensor = self.policy(self.features(planes))
        return scores

    def features(self, planes: Tensor) -> Tensor:
        """Return what the second layer makes of planes, float32 (n, UNITS)."""
        inputs = self.view.dense(planes, self._tables)[:, :-1].float()
        features: Tensor = self.second(self.first(inputs).relu()).relu()
        return features
