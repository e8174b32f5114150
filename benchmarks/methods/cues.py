"""An ensemble over cues: agents from each of which one plane is hidden.

Where two cues explain the reward of training, an agent that cannot see the one must learn the
other. Members that earn nearly as much in training as the agent that sees everything are kept.
"""

from __future__ import annotations

from benchmarks.methods.members import ChoosingMethod, sort_by_difference
from benchmarks.methods.task import WALL, Task
from benchmarks.methods.training import train
from mesa_gym.policies import Policy

KEPT = 0.95  # of the return of the agent that sees everything, what a member must earn
MEMBERS = 4  # as many as count for coverage


class Cues(ChoosingMethod):
    """One agent for each plane left out, and one that sees all; labels choose one."""

    def train(self, task: Task) -> list[Policy]:
        """Train the agents; the most different ones come first."""
        hidden = [(), *((channel,) for channel in range(WALL + 1, task.channels))]
        trained = train(task, hidden, steps=min(task.steps, task.most_steps // len(hidden)))
        self.usual = trained[0].earned
        least = self.usual - (1 - KEPT) * abs(self.usual)
        found = [each.policy for each in trained if each.earned >= least]
        return sort_by_difference(found, task.starts)[:MEMBERS]
