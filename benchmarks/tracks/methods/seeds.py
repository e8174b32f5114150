"""Several seeds of PPO: a set that differs by chance alone."""

from __future__ import annotations

from agents import ppo
from benchmarks.tracks.methods.asking import Deferring, Disagreement
from benchmarks.tracks.methods.members import ChoosingMethod
from benchmarks.tracks.methods.method import Asker, Task, observe_training
from mesa_gym.policies import Policy

SEEDS = 4


class Seeds(ChoosingMethod):
    """Four seeds of PPO; labels and answers choose one."""

    tracks = ("coverage", "labels", "ask")

    def train(self, task: Task) -> list[Policy]:
        """Train the agents, whose seeds no other task shares."""
        lesson = task.lesson(*(SEEDS * task.seed + index for index in range(SEEDS)))
        agents = ppo.train(lesson)
        self.usual = lesson.curve(0)[-1][1]
        return [*agents]

    def ask(self, task: Task, members: list[Policy]) -> Asker:
        """Ask where the agents differ."""
        return Deferring(members, Disagreement(members, observe_training(task, members[0])))
