"""PPO on pictures: the network sees the ``rgb`` observation around the agent, tile by tile."""

from __future__ import annotations

from typing import NamedTuple

import array_api_compat.torch as xp
import torch
from torch import Tensor, nn

from agents import ppo
from agents.lesson import Lesson
from agents.playing import Envs, HostEnvs, Variation
from agents.stacks import Stack, draw_stack, export_fields, import_fields
from mesa_gym.trained.agent import Agent
from mesa_gym.trained.inputs import relu
from mesa_gym.trained.pixels import FEATURES, PIXELS, PixelMLP, Tiles, join_tables


def train(lesson: Lesson) -> list[Agent]:
    """Train one agent a seed.

    Raises:
        ValueError: it is to be trained on a device.
    """
    return ppo.train_agents(lesson, Variation(), PixelLearner, Tiles)


class PixelStack(NamedTuple):
    """Parameters of S agents, float32; the first layer has FEATURES inputs for each place.

    Attributes:
        first: (S, places * FEATURES + cells + 1, UNITS), as in ``agents.stacks.Stack``.
        tiles: (S, PIXELS, FEATURES), the layer that all places share.
        tiles_bias: (S, 1, FEATURES).
    """

    first: Tensor
    first_bias: Tensor
    second: Tensor
    second_bias: Tensor
    outputs: Tensor
    outputs_bias: Tensor
    tiles: Tensor
    tiles_bias: Tensor


class PixelLearner(ppo.Learner):
    """A stack of agents that learn from pictures."""

    def __init__(self, envs: Envs, lesson: Lesson, inputs: int) -> None:
        assert isinstance(envs, HostEnvs)
        assert isinstance(envs.view, Tiles)
        self.view = envs.view
        super().__init__(envs, lesson, inputs)

    def draw(self, lesson: Lesson, inputs: int) -> PixelStack:
        """Draw the parameters of one agent a seed."""
        view, seeds = self.view, lesson.seeds
        stack = draw_stack(view.places * FEATURES + view.cells, seeds)
        tiles = torch.zeros(len(seeds), PIXELS, FEATURES)
        for seed, each in zip(seeds, tiles, strict=True):
            # Pictures are of length about 1: features then are about as large as a plane's bit.
            nn.init.normal_(each, 0, 1.0, generator=torch.Generator().manual_seed(seed))
        return PixelStack(*stack, tiles, torch.zeros(len(seeds), 1, FEATURES))

    def take_over(self, agent: Agent) -> PixelStack:
        """Return an agent as a stack of one."""
        return import_fields(agent, PixelStack)

    def build_acting_stack(self) -> Stack:
        """Return the stack that acts, whose first layer takes inputs of the view."""
        own: PixelStack = self.stack
        tiles = relu(xp, torch.from_numpy(self.view.pictures) @ own.tiles + own.tiles_bias)
        rows = zip(tiles, own.first, strict=True)
        tables = [join_tables(xp, tile, first, self.view.places) for tile, first in rows]
        return Stack(nn.functional.pad(torch.stack(tables), (0, 0, 0, 1)), *own[1:6])

    def make_agent(self, stack: PixelStack, index: int) -> Agent:
        """Return a copy of one of the agents."""
        net = PixelMLP(self.trap, self.view)
        return export_fields(net, stack, index)
