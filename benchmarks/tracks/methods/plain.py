"""Single agents: PPO, and PPO in the grid's symmetries.

They ignore labels, and so tell what a method gets that uses no information.
"""

from __future__ import annotations

from agents import ppo, symmetry
from benchmarks.tracks.methods.asking import Deferring, Never
from benchmarks.tracks.methods.method import Asker, Method, Task
from mesa_gym.policies import Policy


class PlainPPO(Method):
    """PPO."""

    tracks = ("coverage", "labels", "ask")

    def train(self, task: Task) -> list[Policy]:
        """Train one agent."""
        return [*ppo.train(task.lesson())]

    def ask(self, task: Task, members: list[Policy]) -> Asker:
        """Never ask."""
        return Deferring(members, Never())


class Symmetry(PlainPPO):
    """PPO whose episodes are turned and mirrored."""

    priors = "rotations and reflections"

    def train(self, task: Task) -> list[Policy]:
        """Train one agent."""
        return [*symmetry.train(task.lesson())]
