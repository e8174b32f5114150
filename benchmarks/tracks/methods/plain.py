"""Single agents: PPO, and PPO in the grid's symmetries.

They ignore labels, and so tell what a method gets that uses no information.
"""

from __future__ import annotations

from typing import ClassVar

from agents import ppo, symmetry
from benchmarks.tracks.methods.asking import Never, Weighing
from benchmarks.tracks.methods.method import Asker, Method, Task
from mesa_gym.policies import Policy


class PlainPPO(Method):
    """PPO."""

    paper = "Schulman et al. 2017"

    tracks: ClassVar[tuple[str, ...]] = ("coverage", "labels", "ask", "rare")

    def train(self, task: Task) -> list[Policy]:
        """Train one agent."""
        return [*ppo.train(task.lesson())]

    def ask(self, task: Task, members: list[Policy]) -> Asker:
        """Never ask."""
        return Weighing(members, Never())


class Symmetry(PlainPPO):
    """PPO whose episodes are turned and mirrored."""

    tracks = ("coverage", "labels", "ask")
    paper = ""
    priors = "rotations and reflections"

    def train(self, task: Task) -> list[Policy]:
        """Train one agent."""
        return [*symmetry.train(task.lesson())]
