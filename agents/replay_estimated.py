"""Prioritised level replay on PPO, by an estimate of the regret.

The optimum of a level is taken to be the highest return that the agent ever earned there, as in
"MaxMC" (Jiang et al. 2021, "Replay-Guided Adversarial Environment Design"). A level on which a
proxy is all that the agent ever pursued then has no regret.
"""

from __future__ import annotations

import numpy as np

from agents.lesson import Lesson
from agents.ppo import train_apart
from agents.replay import Floats, Replay
from mesa_gym.engine import Ints, State
from mesa_gym.trained.networks import Network


class EstimatedReplay(Replay):
    """Scores levels by the best return so far minus the last."""

    def __init__(self, lesson: Lesson) -> None:
        super().__init__(lesson)
        self._best: dict[int, float] = {}

    def priority(self, levels: Ints, starts: State, earned: Floats) -> Floats:
        """Return how far levels fell short of the best return there, float64 (n,)."""
        best = [
            max(self._best.get(level, now), now)
            for level, now in zip(levels.tolist(), earned.tolist(), strict=True)
        ]
        self._best.update(zip(levels.tolist(), best, strict=True))
        return np.array(best) - earned


def train(lesson: Lesson) -> list[Network]:
    """Train one agent a seed."""
    return train_apart(lesson, EstimatedReplay)
