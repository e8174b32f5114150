"""PPO of networks that plan by construction, and whose objective is a map that can be read.

The network is in ``mesa_gym.trained.planner``. The gradient of a score goes to the utility of the
cell where its way ends and to the costs of the cells that the way enters, and to nothing else.
"""

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor

from agents import ppo
from agents.inputs import WholePlanes
from agents.lesson import Lesson
from agents.playing import Envs, Variation
from mesa_gym.trained.planner import Planner
from mesa_gym.trained.planner_maps import PlannerMaps, PlannerStack


def train(lesson: Lesson) -> list[Planner]:
    """Train one agent a seed; torch is left with one thread.

    Raises:
        ValueError: it is to be trained on a device.
    """
    return ppo.train_agents(lesson, Variation(), partial(PlannerLearner, Planner), WholePlanes)


class PlannerLearner(ppo.Learner):
    """A stack of planners of a kind in training."""

    def __init__(self, kind: type[Planner], envs: Envs, lesson: Lesson, inputs: int) -> None:
        self.kind, self.maps = kind, PlannerMaps(lesson.trap, kind.settings)
        super().__init__(envs, lesson, inputs)

    def draw(self, lesson: Lesson, inputs: int) -> PlannerStack:
        """Draw the parameters of one agent a seed."""
        return self.maps.draw(lesson.seeds)

    def compute(self, stack: PlannerStack, inputs: Tensor) -> tuple[Tensor, Tensor]:
        """Return scores of actions, (S, n, 5), and values, (S, n)."""
        boards = self.maps.view(inputs.unflatten(-1, (*self.trap.size, -1)))
        maps = self.maps.utility(stack, boards), self.maps.cost(stack, boards)
        return self.maps.score(stack, boards, *maps)

    def compute_gradients(self, loss: Tensor) -> list[Tensor]:
        """Return the gradients of a loss by the parameters."""
        return list(torch.autograd.grad(loss, list(self.stack)))

    def make_agent(self, stack: PlannerStack, index: int) -> Planner:
        """Return a copy of one of the agents."""
        return self.kind(self.trap, stack, index)
