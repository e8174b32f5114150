"""PPO of agents that do not see some planes: whatever cue was hidden, they learnt another."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from agents.lesson import Lesson
from agents.playing import Variation
from agents.ppo import train_agents
from mesa_gym.envs.observations import Bytes
from mesa_gym.trained.agent import Agent
from mesa_gym.trained.inputs import CentredInputs


class Hidden(Variation):
    """Hides planes: of the environments of each agent others.

    Args:
        channels: for each agent, those that it does not see.
    """

    def __init__(self, channels: Sequence[Sequence[int]]) -> None:
        self.channels = [[*each] for each in channels]

    def change_planes(self, planes: Bytes) -> Bytes:
        """Return planes with zeros where an agent does not see them."""
        shown = planes.copy()
        for own, hidden in zip(np.split(shown, len(self.channels)), self.channels, strict=True):
            own[..., hidden] = 0
        return shown


def train_hidden(lesson: Lesson, channels: Sequence[Sequence[int]]) -> list[Agent]:
    """Train an agent a seed, each without the planes of some channels.

    The weights of a hidden plane are 0, so that an agent can be given all planes.
    """
    view, found = CentredInputs(lesson.trap), []
    trained = train_agents(lesson, Hidden(channels))
    for agent, hidden in zip(trained, channels, strict=True):
        first = agent.weights["first.weight"].copy()
        first[:, view.of([*hidden])] = 0
        found.append(agent.replaced({"first.weight": first}))
    return found
