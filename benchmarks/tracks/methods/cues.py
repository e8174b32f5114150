"""An ensemble over cues: agents from each of which one plane is hidden.

Where two cues explain the reward of training, an agent that cannot see the one must learn the
other. Members that earn nearly as much in training as the agent that sees everything are kept.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from agents import symmetry
from agents.ensemble import train_members
from agents.networks import Network
from benchmarks.tracks.methods.asking import (
    AtRandom,
    Deferring,
    Disagreement,
    First,
    Novelty,
    Weighing,
)
from benchmarks.tracks.methods.members import ChoosingMethod, recombine_planes, sort_by_difference
from benchmarks.tracks.methods.method import Asker, Task, observe_training
from mesa_gym.policies import Policy


class Cues(ChoosingMethod):
    """One agent for each plane left out, and one that sees all; asks where they differ."""

    tracks: ClassVar[tuple[str, ...]] = ("coverage", "labels", "ask")
    priors = "leaves out planes"

    def train(self, task: Task) -> list[Policy]:
        """Train the agents; the most different ones come first."""
        lesson = task.lesson()
        networks = train_members(lesson)
        self.usual = lesson.curve(0)[-1][1]
        found: list[Policy] = [*networks, *self.others(task)]
        self.planes = observe_training(task, found[0])
        rng = np.random.default_rng([task.seed, 5])
        return sort_by_difference(found, recombine_planes(self.planes, rng))

    def others(self, task: Task) -> list[Network]:
        """Return further members."""
        return []

    def ask(self, task: Task, members: list[Policy]) -> Asker:
        """Ask where the members differ."""
        return Deferring(members, Disagreement(members, self.planes))


class CuesSymmetry(Cues):
    """The same with an agent that learnt in the grid's symmetries, for which no place is a cue."""

    priors = "leaves out planes; rotations and reflections"

    def others(self, task: Task) -> list[Network]:
        """Return the agent."""
        return symmetry.train(task.lesson())


class AskFirst(Cues):
    """The ensemble that asks at the first steps."""

    tracks = ("ask",)
    shares = "cues"

    def ask(self, task: Task, members: list[Policy]) -> Asker:
        """Ask at once."""
        return Deferring(members, First())


class AskRandom(AskFirst):
    """The ensemble that asks at random."""

    def ask(self, task: Task, members: list[Policy]) -> Asker:
        """Ask at random steps."""
        return Deferring(members, AtRandom(self.planes))


class AskNovelty(AskFirst):
    """The ensemble that asks where what it sees is unlike training."""

    def ask(self, task: Task, members: list[Policy]) -> Asker:
        """Ask where the first member's features are far from training's."""
        assert isinstance(members[0], Network)
        return Deferring(members, Novelty(members[0], self.planes))


class AskPosterior(AskFirst):
    """The ensemble that weighs its members by the answers, and asks where these still differ."""

    def ask(self, task: Task, members: list[Policy]) -> Asker:
        """Ask where members that are still likely differ."""
        return Weighing(members, Disagreement(members, self.planes))
