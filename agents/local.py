"""PPO with a local view: the network sees things that lie at most three cells away."""

from __future__ import annotations

from agents import ppo
from agents.lesson import Lesson
from agents.playing import Variation
from mesa_gym.trained.local import LocalInputs, LocalNetwork
from mesa_gym.trained.stacks import Stack


class LocalLearner(ppo.Learner):
    """A stack of agents that learn with a local view."""

    def make_agent(self, stack: Stack, index: int) -> LocalNetwork:
        """Return a copy of one of the agents."""
        return LocalNetwork(self.trap, stack, index)


def train(lesson: Lesson) -> list[LocalNetwork]:
    """Train one agent a seed.

    Raises:
        ValueError: it is to be trained on a device.
    """
    return ppo.train_agents(lesson, Variation(), LocalLearner, LocalInputs)
