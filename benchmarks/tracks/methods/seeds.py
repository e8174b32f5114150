"""Several seeds of PPO: a set that differs by chance alone."""

from __future__ import annotations

from typing import ClassVar

from agents import ppo
from benchmarks.tracks.methods.asking import Disagreement, Weighing
from benchmarks.tracks.methods.members import ChoosingMethod
from benchmarks.tracks.methods.method import Asker, Task, observe_training
from benchmarks.tracks.methods.svdd import OneClass
from mesa_gym.policies import Policy

SEEDS = 4


class Seeds(ChoosingMethod):
    """Four seeds of PPO; labels and answers choose one."""

    tracks: ClassVar[tuple[str, ...]] = ("coverage", "labels", "ask")

    def train(self, task: Task) -> list[Policy]:
        """Train the agents, whose seeds no other task shares; as long as there are steps for."""
        steps = min(task.steps, task.most_steps // SEEDS)
        lesson = task.lesson(*(SEEDS * task.seed + index for index in range(SEEDS)), steps=steps)
        agents = ppo.train(lesson)
        self.usual = lesson.curve(0)[-1][1]
        self.planes = observe_training(task, agents[0])
        self.one_class = OneClass(task, self.planes)
        return [*agents]

    def ask(self, task: Task, members: list[Policy]) -> Asker:
        """Ask where the agents differ."""
        return Weighing(members, Disagreement(members, self.planes))


class Svdd(Seeds):
    """Four seeds of PPO; asks where a one-class network finds what it sees new."""

    tracks: ClassVar[tuple[str, ...]] = ("ask",)
    paper = "Trinh et al. 2024"
    shares = "seeds"

    def ask(self, task: Task, members: list[Policy]) -> Asker:
        """Ask where it is new."""
        return Weighing(members, self.one_class)
