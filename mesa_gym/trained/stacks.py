"""Stacks: the parameters of agents of one kind, with an axis of agents in front.

The network is an MLP on ``mesa_gym.trained.inputs``. On a CPU its first layer adds up the rows of
its weights that belong to inputs that are 1, a sixth of the work of the product with all inputs.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import embedding_bag

from mesa_gym.engine import ACTIONS
from mesa_gym.trained.kinds import UNITS

# Five scores of actions and a value, filled up: agents whose parameters fill whole vector
# registers are computed alike alone and beside others.
OUTPUTS = 8
VALUE = len(ACTIONS)


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
    return Stack(*(torch.stack(each).requires_grad_() for each in zip(*drawn, strict=True)))


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
