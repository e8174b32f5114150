"""An ensemble over cues: agents from each of which one plane is hidden.

Where two cues explain the reward of training, an agent that cannot see the one must learn the
other. Members that earn nearly as much in training as the agent that sees everything are kept.
"""

from __future__ import annotations

import numpy as np

from agents.ensemble import train_members
from benchmarks.tracks.methods.members import ChoosingMethod, recombine_planes, sort_by_difference
from benchmarks.tracks.methods.method import WALL, Task, observe_training
from mesa_gym.policies import Policy


class Cues(ChoosingMethod):
    """One agent for each plane left out, and one that sees all; labels choose one."""

    priors = "leaves out planes"

    def train(self, task: Task) -> list[Policy]:
        """Train the agents; the most different ones come first."""
        agents = task.channels - WALL  # one for each other plane, and one that sees all
        lesson = task.lesson(steps=min(task.steps, task.most_steps // agents))
        networks = train_members(lesson)
        self.usual = lesson.curve(0)[-1][1]
        found: list[Policy] = [*networks]
        planes = observe_training(task, found[0])
        rng = np.random.default_rng([task.seed, 5])
        return sort_by_difference(found, recombine_planes(planes, rng))
