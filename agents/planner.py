"""PPO of planners: networks that plan by construction, and whose objective is a map to read.

The network is ``mesa_gym.trained.planner_maps``, the function that NumPy plays, on torch's tensors.
The gradient of a score goes to the utility of the cell where its way ends and to the costs of the
cells that the way enters, and to nothing else.
"""

from __future__ import annotations

import math
from functools import partial
from typing import Any, NamedTuple

import array_api_compat.torch as xp
import torch
from torch import Tensor

from agents import ppo
from agents.inputs import WholePlanes
from agents.lesson import Lesson
from agents.playing import Envs, Variation
from agents.stacks import export_fields, import_fields
from mesa_gym.trained.agent import Agent
from mesa_gym.trained.planner_maps import PlannerNetwork

# What it costs at first to enter a free cell and a wall, and the first sharpness. Ways round walls
# are shorter than a wall, so that no plan enters what cannot be entered.
STEP, WALL, SHARPNESS = 0.15, 100.0, 7.4


def train(lesson: Lesson) -> list[Agent]:
    """Train one agent a seed; torch is left with one thread.

    Raises:
        ValueError: it is to be trained on a device.
    """
    return train_planners(lesson, PlannerNetwork)


def train_planners(lesson: Lesson, kind: type[PlannerNetwork]) -> list[Agent]:
    """Train planners of a kind; see ``train``."""
    return ppo.train_agents(lesson, Variation(), partial(PlannerLearner, kind), WholePlanes)


class PlannerStack(NamedTuple):
    """The weights of S planners, with S in place of the axis of length 1 that an agent's have."""

    first: Tensor
    first_bias: Tensor
    held: Tensor
    wants: Tensor
    pays: Tensor
    pays_bias: Tensor
    head: Tensor


class PlannerLearner(ppo.Learner):
    """A stack of planners of a kind in training."""

    def __init__(self, kind: type[PlannerNetwork], envs: Envs, lesson: Lesson, inputs: int) -> None:
        self.net = kind(lesson.trap)
        super().__init__(envs, lesson, inputs)

    def draw(self, lesson: Lesson, inputs: int) -> PlannerStack:
        """Draw the parameters of one agent a seed; nothing is wanted or known to be dear yet."""
        made = self.net.settings
        count, window = len(self.net.names), made.side**2
        pays, free = torch.zeros(count, 1), math.log(math.expm1(STEP))
        pays[self.net.wall] = (math.log(math.expm1(WALL)) - free) / made.gain
        head = torch.tensor([[math.log(SHARPNESS), STEP, 0.0, 0.5, -1.1]])
        drawn = []
        for seed in lesson.seeds:
            random = torch.Generator().manual_seed(seed)
            first = torch.empty(count * window + 1, made.units).uniform_(-1, 1, generator=random)
            first *= ((count + 1) * window) ** -0.5
            wants = torch.empty(made.units, 1).uniform_(-1, 1, generator=random)
            wants *= 0.1 / made.gain * made.units**-0.5
            held, bias = torch.zeros(count, made.units), torch.tensor([[free / made.gain]])
            drawn.append((first[:-1], first[-1:], held, wants, pays, bias, head))
        return PlannerStack(*(torch.stack(each) for each in zip(*drawn, strict=True)))

    def take_over(self, agent: Agent) -> PlannerStack:
        """Return an agent as a stack of one."""
        return import_fields(agent, PlannerStack)

    def compute(self, stack: PlannerStack, inputs: Tensor) -> tuple[Tensor, Tensor]:
        """Return scores of actions, (S, n, 5), and values, (S, n)."""
        seen = inputs.unflatten(-1, (*self.trap.size, -1))
        found = [
            self.net.compute(xp, {name: each[i, None] for name, each in weights}, planes, None)
            for weights in [stack._asdict().items()]
            for i, planes in enumerate(seen)
        ]
        scores, values = (torch.stack([each[x] for each in found]) for x in ("scores", "value"))
        return scores, values

    def compute_gradients(self, loss: Tensor) -> list[Tensor]:
        """Return the gradients of a loss by the parameters."""
        return list(torch.autograd.grad(loss, list(self.stack)))

    def make_agent(self, stack: Any, index: int) -> Agent:
        """Return a copy of one of the agents."""
        return export_fields(self.net, stack, index)
