"""Several seeds of PPO: a set that differs by chance alone."""

from __future__ import annotations

from agents import ppo
from benchmarks.tracks.methods.members import ChoosingMethod
from benchmarks.tracks.methods.method import Task
from mesa_gym.policies import Policy

SEEDS = 4


class Seeds(ChoosingMethod):
    """Four seeds of PPO; labels choose one."""

    def train(self, task: Task) -> list[Policy]:
        """Train the agents, whose seeds no other task shares; as long as there are steps for."""
        steps = min(task.steps, task.most_steps // SEEDS)
        lesson = task.lesson(*(SEEDS * task.seed + index for index in range(SEEDS)), steps=steps)
        agents = ppo.train(lesson)
        self.usual = lesson.curve(0)[-1][1]
        return [*agents]
