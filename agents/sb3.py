"""Models of Stable-Baselines3 and sb3-contrib, as all algorithms that use them train them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from agents.lesson import Lesson
from mesa_gym.errors import missing_extra
from mesa_gym.sb3 import SEEDS_APART, make_sb3
from mesa_gym.trained.baselines import Baseline
from mesa_gym.traps import Trap

try:
    from stable_baselines3.common.base_class import BaseAlgorithm
    from stable_baselines3.common.callbacks import BaseCallback
    from stable_baselines3.common.logger import Logger
except ImportError:
    raise missing_extra("stable-baselines3", "sb3") from None

# (trap, seed, keywords of the environments, discount) -> a model that has learnt nothing.
MakeModel = Callable[[Trap, int, dict[str, Any], float], BaseAlgorithm]


class Reporting(BaseCallback):
    """Tells a lesson of every step, of what episodes earned, and of the agent on its way."""

    def __init__(self, lesson: Lesson, kind: str) -> None:
        super().__init__()
        self.lesson, self.kind = lesson, kind
        self.due = list(lesson.checkpoints)

    def _on_step(self) -> bool:
        self.lesson.progress(self.training_env.num_envs)
        for row in self.locals["dones"].nonzero()[0]:
            earned = float(self.locals["infos"][row]["episode"]["r"])
            self.lesson.note(0, self.num_timesteps, earned)
        return True

    def _on_rollout_start(self) -> None:
        # Weights change between rollouts only.
        while self.due and self.num_timesteps >= self.due[0]:
            agent = Baseline(self.kind, self.model.policy, self.lesson.trap)
            self.lesson.keep(self.due.pop(0), self.lesson.seeds[0], agent)


def train_models(lesson: Lesson, kind: str, make_model: MakeModel) -> list[Baseline]:
    """Train one model a seed; torch is left with one thread."""
    torch.set_num_threads(1)
    agents = []
    for alone in lesson.each():
        model = make_model(lesson.trap, alone.seeds[0], lesson.keywords(), lesson.discount)
        model.set_logger(Logger(folder=None, output_formats=[]))  # else SB3 leaves folders behind
        model.learn(lesson.steps, callback=Reporting(alone, kind))
        agents.append(Baseline(kind, model.policy, lesson.trap))
    return agents


def make_model(
    algorithm: type[Any], policy: str, settings: dict[str, Any], trap: Trap, seed: int,
    keywords: dict[str, Any], discount: float, envs: int,
) -> Any:  # fmt: skip
    """Make a model that has learnt nothing; what comes after its settings is of ``MakeModel``."""
    venv = make_sb3(trap, envs, **keywords)
    model = algorithm(policy, venv, seed=seed, gamma=discount, device="cpu", **settings)
    venv.seed(SEEDS_APART * seed)  # the model has seeded them with its own seed
    return model
