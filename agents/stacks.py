"""Stacks: the parameters of agents that are trained together, with an axis of agents in front.

The network is that of ``mesa_gym.trained.mlp``, in torch. On a CPU its first layer adds up the rows
of its weights that belong to inputs that are 1, a sixth of the work of the product with all inputs.
Trained parameters become the weights of agents, which NumPy plays.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import embedding_bag, pad

from mesa_gym.engine import ACTIONS
from mesa_gym.trained.agent import Agent, Network
from mesa_gym.trained.loading import make_agent, make_network
from mesa_gym.trained.mlp import UNITS
from mesa_gym.traps import Trap

# Five scores of actions and a value, filled up: agents whose parameters fill whole vector
# registers are computed alike alone and beside others.
OUTPUTS = 8
VALUE = len(ACTIONS)
# Where in the outputs the layers of an agent lie.
COLUMNS = {"policy": slice(VALUE), "value": slice(VALUE, VALUE + 1)}


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


def draw_stack(inputs: int, seeds: tuple[int, ...]) -> Stack:
    """Draw the parameters of one agent a seed."""
    drawn = []
    for seed in seeds:
        generator = torch.Generator().manual_seed(seed)
        stack = Stack(*(torch.zeros(shape) for shape in list_shapes(inputs)))
        nn.init.uniform_(stack.first[:-1], -0.1, 0.1, generator=generator)
        nn.init.orthogonal_(stack.second, 2**0.5, generator=generator)
        nn.init.orthogonal_(stack.outputs[:, :VALUE], 0.01, generator=generator)
        nn.init.orthogonal_(stack.outputs[:, VALUE : VALUE + 1], generator=generator)
        drawn.append(stack)
    return Stack(*(torch.stack(each) for each in zip(*drawn, strict=True)))


def list_shapes(inputs: int) -> list[tuple[int, int]]:
    """Return the shapes of one agent's parameters, in the order of ``Stack``."""
    return [
        (inputs + 1, UNITS), (1, UNITS), (UNITS, UNITS), (1, UNITS), (UNITS, OUTPUTS), (1, OUTPUTS)
    ]  # fmt: skip


def compute_outputs(stack: Stack, inputs: Tensor) -> tuple[Tensor, Tensor]:
    """Return scores of actions, (S, n, 5), and values, (S, n); of inputs see below."""
    found = compute_features(stack, inputs) @ stack.outputs + stack.outputs_bias
    return found[..., :VALUE], found[..., VALUE]


def compute_features(stack: Stack, inputs: Tensor) -> Tensor:
    """Return the second hidden layer, (S, n, UNITS).

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
    return (features @ stack.second + stack.second_bias).relu()


def export_agent(kind: str, trap: Trap, stack: Stack, index: int) -> Agent:
    """Return an agent of a stack, rounded to half precision, in which it is saved."""
    own = Stack(*(each[index] for each in stack))
    weights = {}
    for name, columns in COLUMNS.items():
        weights[f"{name}.weight"] = own.outputs[:, columns].T
        weights[f"{name}.bias"] = own.outputs_bias[0, columns]
    weights |= {"first.weight": own.first[:-1].T, "first.bias": own.first_bias[0]}
    weights |= {"second.weight": own.second.T, "second.bias": own.second_bias[0]}
    net = make_network(kind, trap)
    return make_agent(net, {name: _round(each) for name, each in weights.items()})


def import_agent(agent: Agent) -> Stack:
    """Return an agent as a stack of one."""
    own = {name: torch.from_numpy(np.array(each)) for name, each in agent.weights.items()}
    one = Stack(*(torch.zeros(1, *shape) for shape in list_shapes(own["first.weight"].shape[1])))
    one.first[0, :-1], one.first_bias[0, 0] = own["first.weight"].T, own["first.bias"]
    one.second[0], one.second_bias[0, 0] = own["second.weight"].T, own["second.bias"]
    for name, columns in COLUMNS.items():
        one.outputs[0, :, columns] = own[f"{name}.weight"].T
        one.outputs_bias[0, 0, columns] = own[f"{name}.bias"]
    return one


def export_fields(net: Network, stack: Any, index: int) -> Agent:
    """Return an agent of a stack whose fields are its weights, with an axis of length 1."""
    fields = stack._asdict().items()
    return make_agent(net, {name: _round(each[index : index + 1]) for name, each in fields})


def import_fields(agent: Agent, kind: type[Any]) -> Any:
    """Return an agent of ``export_fields`` as a stack of one, of a type."""
    return kind(*(torch.from_numpy(np.array(agent.weights[name])) for name in kind._fields))


def _round(parameter: Tensor) -> NDArray[np.float32]:
    """Return parameters in half precision, in which they are saved, as float32."""
    return parameter.detach().cpu().half().float().numpy()


def compute_gradients(loss: Tensor, stack: Sequence[Tensor]) -> list[Tensor]:
    """Return the gradients of a loss by the parameters of a stack."""
    found = list(torch.autograd.grad(loss, list(stack)))
    found[0][:, -1] = 0  # the row for lists that are filled up stays 0
    return found


@torch.no_grad()
def resize_stack(stack: Any, units: int) -> Any:
    """Return a stack with so many units in its hidden layers: the first, or more that do nothing.

    Args:
        stack: with the layers of ``Stack``, and perhaps others before them.
        units: of each hidden layer.
    """
    more = units - stack.second.shape[-1]
    sides: dict[str, tuple[int, ...]]
    sides = {"second": (0, more, 0, more), "outputs": (0, 0, 0, more)}
    sides |= dict.fromkeys(("first", "first_bias", "second_bias"), (0, more))
    return stack._replace(**{name: pad(getattr(stack, name), side) for name, side in sides.items()})


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
