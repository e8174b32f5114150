"""PPO with a local view: the network sees things that lie at most three cells away."""

from __future__ import annotations

from functools import partial

from agents import ppo
from agents.lesson import Lesson
from agents.playing import Variation
from mesa_gym.trained.agent import Agent
from mesa_gym.trained.inputs import CentredInputs
from mesa_gym.trained.local import REACH


class LocalLearner(ppo.Learner):
    """A stack of agents that learn with a local view."""

    kind = "local"


def train(lesson: Lesson) -> list[Agent]:
    """Train one agent a seed.

    Raises:
        ValueError: it is to be trained on a device.
    """
    view = partial(CentredInputs, reach=REACH)
    return ppo.train_agents(lesson, Variation(), LocalLearner, view)
