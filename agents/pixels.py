"""PPO on pictures: the network sees the ``rgb`` observation around the agent, tile by tile."""

from __future__ import annotations

from agents import ppo
from agents.lesson import Lesson
from agents.playing import Envs, HostEnvs, Variation
from mesa_gym.trained.pixels import PixelNetwork, PixelStack, Tiles, draw_pixel_stack
from mesa_gym.trained.stacks import Stack


def train(lesson: Lesson) -> list[PixelNetwork]:
    """Train one agent a seed.

    Raises:
        ValueError: it is to be trained on a device.
    """
    return ppo.train_agents(lesson, Variation(), PixelLearner, Tiles)


class PixelLearner(ppo.Learner):
    """A stack of agents that learn from pictures."""

    def __init__(self, envs: Envs, lesson: Lesson, inputs: int) -> None:
        assert isinstance(envs, HostEnvs)
        assert isinstance(envs.view, Tiles)
        self.view = envs.view
        super().__init__(envs, lesson, inputs)

    def draw(self, lesson: Lesson, inputs: int) -> PixelStack:
        """Draw the parameters of one agent a seed."""
        return draw_pixel_stack(self.view, lesson.seeds)

    def build_acting_stack(self) -> Stack:
        """Return the stack that acts."""
        parameters: PixelStack = self.stack
        return parameters.build_stack(self.view)

    def make_agent(self, stack: PixelStack, index: int) -> PixelNetwork:
        """Return a copy of one of the agents."""
        return PixelNetwork(self.trap, stack, index, self.view)
