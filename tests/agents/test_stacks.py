"""The optimiser of stacks."""

import pytest
import torch

from agents.stacks import Optimiser
from mesa_gym.trained.stacks import draw_stack


@pytest.mark.thorough
def test_square_matrices_take_the_steps_of_muon_and_all_else_those_of_adam():
    stack, generator = draw_stack(40, (1, 2)), torch.Generator().manual_seed(0)
    before = [each.detach().clone() for each in stack]
    found = [[torch.randn(x.shape, generator=generator) for x in stack] for _ in range(4)]
    optimiser = Optimiser(stack, stack.second)
    for gradient in found:
        optimiser.step(gradient, 0.01)
    for index, name in enumerate(stack._fields):
        for agent in range(2):
            weights = before[index][agent].clone()
            if name == "second":  # torch computes it in bfloat16
                other = torch.optim.Muon([weights], lr=0.08, weight_decay=0, momentum=0.95)
            else:
                other = torch.optim.Adam([weights], lr=0.01, eps=1e-5)
            for gradient in found:
                weights.grad = gradient[index][agent]
                other.step()
            expected = weights - before[index][agent]
            missed = (stack[index][agent].detach() - weights).norm() / expected.norm()
            assert missed < (0.02 if name == "second" else 1e-5)
