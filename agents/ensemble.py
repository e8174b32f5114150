"""An ensemble over cues: PPO agents from each of which a plane is hidden.

Where two cues explain the reward of training, an agent that cannot see the one must learn the
other. So for each plane one agent is trained that never sees it, beside one that sees all; kept
are those that earn nearly as much in training. They act together on what all think likely.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from agents.lesson import Lesson
from agents.networks import Network, TorchAgent
from agents.playing import Variation
from agents.ppo import train_agents
from mesa_gym.envs.observations import Bytes
from mesa_gym.traps import Trap

# Of the return in training of the agent that sees everything, what a member must earn.
KEPT = 0.95
# Planes that no agent can do without.
EVERYONES = ("agent", "wall")


class Ensemble(TorchAgent):
    """Several networks, which do what all of them think likely.

    Its probabilities are the product of the members', normalised (a product of experts, Hinton
    2002): one member that is certain that an action is wrong is enough to rule it out, and where
    members are certain of different actions it hesitates between these. The logarithms are
    averaged, not added, so that members who think alike are no more certain together than
    each of them.
    """

    kind = "ensemble"

    def __init__(self, trap: Trap, members: list[Network] | None = None) -> None:
        super().__init__()
        self._trap = trap
        self.members: Any = nn.ModuleList(members or [])

    def make_room(self, tensors: dict[str, Tensor]) -> None:
        """Make as many members as the tensors of a saved ensemble are of."""
        count = len({name.split(".")[1] for name in tensors})
        self.members = nn.ModuleList(Network(self._trap) for _ in range(count))

    def encode_planes(self, planes: Tensor) -> Tensor:
        """Return what the members' first layers make of planes, float32 (n, members, UNITS)."""
        return torch.stack([member.encode_planes(planes) for member in self.members], dim=1)

    def compute_scores(self, encoded: Tensor) -> Tensor:
        """Return the mean of the members' logarithms of probabilities, float32 (n, 5)."""
        both = zip(self.members, encoded.unbind(dim=1), strict=True)
        return torch.stack([m.compute_scores(own).log_softmax(dim=1) for m, own in both]).mean(0)


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
