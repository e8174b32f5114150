"""Stacks in training: their gradients, their units, and their optimiser.

A stack is the parameters of agents that are trained together, with an axis of agents in front
(``mesa_gym.trained.stacks``).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import pad


def stack_networks(networks: Sequence[Any]) -> Any:
    """Return a copy of agents as one stack, of the kind that each has for itself as ``stack``."""
    found = [network.stack for network in networks]
    return type(found[0])(*(torch.cat(each) for each in zip(*found, strict=True)))


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
