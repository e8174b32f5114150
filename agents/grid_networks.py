"""The training of networks on grids by PPO; agents of several seeds come one after another.

The networks compute something for each cell (``mesa_gym.trained.grid_networks``).
"""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import Tensor

from agents import ppo
from agents.inputs import WholePlanes
from agents.lesson import Lesson
from agents.playing import Envs, Variation
from mesa_gym.trained.grid_networks import GridNetwork


class GridLearner(ppo.Learner):
    """A network of one seed in training.

    The parameters that are stepped are views of the network's own, each as (1, 1, numbers).
    """

    def __init__(self, kind: type[GridNetwork], envs: Envs, lesson: Lesson, inputs: int) -> None:
        (seed,) = lesson.seeds
        started = lesson.start[0] if lesson.start else kind(lesson.trap, seed)
        self.network: GridNetwork = copy.deepcopy(started)
        super().__init__(envs, lesson, inputs)

    def begin(self, lesson: Lesson, inputs: int) -> list[Tensor]:
        """Return the parameters to learn."""
        return [each.detach().view(1, 1, -1) for each in self.network.parameters()]

    def compute(self, stack: Any, inputs: Tensor) -> tuple[Tensor, Tensor]:
        """Return scores of actions, (1, n, 5), and values, (1, n)."""
        scores, values = self.network.evaluate(inputs[0].unflatten(-1, (*self.trap.size, -1)))
        return scores[None], values[None]

    def compute_gradients(self, loss: Tensor) -> list[Tensor]:
        """Return the gradients of a loss by the parameters."""
        found = torch.autograd.grad(loss, list(self.network.parameters()))
        return [each.reshape(1, 1, -1) for each in found]

    def agents(self) -> list[Any]:
        """Return a copy of the agent in half precision, in which it is saved."""
        found = copy.deepcopy(self.network)
        for parameter in found.parameters():
            parameter.data = parameter.data.half().float()
        return [found]


def train_networks(lesson: Lesson, learning: ppo.MakeLearner) -> list[Any]:
    """Train one agent a seed, one after another; torch is left with one thread.

    Raises:
        ValueError: it is to be trained on a device.
    """
    trained = (
        ppo.train_agents(alone, Variation(), learning, WholePlanes) for alone in lesson.each()
    )
    return [agent for agents in trained for agent in agents]
