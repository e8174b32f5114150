"""An ensemble over cues: PPO agents from each of which a plane is hidden.

Where two cues explain the reward of training, an agent that cannot see the one must learn the
other. So for each plane one agent is trained that never sees it, beside one that sees all; kept
are those that earn nearly as much in training. They act together on what all think likely.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from agents.lesson import Lesson
from agents.playing import Variation
from agents.ppo import train_agents
from mesa_gym.envs.observations import Bytes
from mesa_gym.trained.ensemble import Ensemble
from mesa_gym.trained.networks import Network

# Of the return in training of the agent that sees everything, what a member must earn.
KEPT = 0.95
# Planes that no agent can do without.
EVERYONES = ("agent", "wall")


class Hidden(Variation):
    """Hides planes: of the environments of each agent others.

    Args:
        channels: for each agent, those that it does not see.
    """

    def __init__(self, channels: list[list[int]]) -> None:
        self.channels = channels

    def change_planes(self, planes: Bytes) -> Bytes:
        """Return planes with zeros where an agent does not see them."""
        shown = planes.copy()
        for own, hidden in zip(np.split(shown, len(self.channels)), self.channels, strict=True):
            own[..., hidden] = 0
        return shown


def train(lesson: Lesson) -> list[Ensemble]:
    """Train one ensemble a seed, whose members see the same levels, each without one plane."""
    return [Ensemble(lesson.trap, train_members(alone)) for alone in lesson.each()]


def train_members(lesson: Lesson) -> list[Network]:
    """Train the members of one ensemble, and return those that are kept.

    The first sees everything. The weights of a hidden plane are 0, so that a member can be given
    all planes.
    """
    groups: dict[str, list[int]] = {}
    for channel, plane in enumerate(lesson.trap.channels):
        groups.setdefault(plane, []).append(channel)
    hidden = [[], *(channels for plane, channels in groups.items() if plane not in EVERYONES)]
    members = replace(
        lesson,
        seeds=lesson.seeds * len(hidden),
        checkpoints=(),
        progress=lambda steps: lesson.progress(steps // len(hidden)),
    )
    networks = train_agents(members, Hidden(hidden))
    lesson.curves[0][:] = members.curves[0]
    curves = [members.curve(index) for index in range(len(hidden))]
    returns = [curve[-1][1] if curve else 0.0 for curve in curves]
    kept = []
    for network, channels, earned in zip(networks, hidden, returns, strict=True):
        if earned >= returns[0] - (1 - KEPT) * abs(returns[0]):
            network.first.weight.data[:, network.view.of(channels)] = 0
            kept.append(network)
    return kept
