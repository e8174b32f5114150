"""Models of Stable-Baselines3 and sb3-contrib, as all algorithms that use them train them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from agents.lesson import EpisodeReturns, Lesson
from mesa_gym.errors import missing_extra
from mesa_gym.policies import as_policy
from mesa_gym.sb3 import make_sb3
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

    def _on_training_start(self) -> None:
        self.returns = EpisodeReturns(self.lesson, self.training_env.num_envs)

    def _on_step(self) -> bool:
        self.lesson.progress(self.training_env.num_envs)
        infos, done = self.locals["infos"], self.locals["dones"]
        levels = np.array([info.get("level", 0) for info in infos])
        self.returns.note(levels, self.locals["rewards"], done)
        for row in done.nonzero()[0]:
            earned = float(infos[row]["episode"]["r"])
            self.lesson.note(0, self.num_timesteps, earned)
        return True

    def _on_rollout_start(self) -> None:
        # Weights change between rollouts only.
        agent = Baseline(self.kind, self.model.policy, self.lesson.trap)
        while self.due and self.num_timesteps >= self.due[0]:
            self.lesson.keep(self.due.pop(0), self.lesson.seeds[0], agent)
        if self.num_timesteps:
            self.lesson.watch_agents(self.num_timesteps, [agent])

    def _on_training_end(self) -> None:
        agent = Baseline(self.kind, self.model.policy, self.lesson.trap)
        self.lesson.watch_agents(self.num_timesteps, [agent])


def train_models(lesson: Lesson, kind: str, make_model: MakeModel) -> list[Baseline]:
    """Train one model a seed; torch is left with one thread."""
    torch.set_num_threads(1)
    agents = []
    for alone in lesson.each():
        model = begin_model(alone, make_model)
        model.set_logger(Logger(folder=None, output_formats=[]))  # else SB3 leaves folders behind
        model.learn(lesson.steps, callback=Reporting(alone, kind))
        agents.append(Baseline(kind, model.policy, lesson.trap))
    return agents


def begin_model(lesson: Lesson, make_model: MakeModel) -> BaseAlgorithm:
    """Return the model of a lesson of one agent: a new one, or the one that it goes on from.

    Raises:
        ValueError: the model that it goes on from sees something that the trap does not show.
    """
    start, trap = lesson.start[0] if lesson.start else None, lesson.trap
    if isinstance(start, BaseAlgorithm):
        kind = as_policy(start, trap, lesson.horizon).observation
        venv = make_sb3(trap, start.n_envs, observation=kind, **lesson.keywords())
        venv.seed(lesson.seeds[0])
        start.set_env(venv)
        model = start
    else:
        model = make_model(trap, lesson.seeds[0], lesson.keywords(), lesson.discount)
        if start is not None:
            model.policy.load_state_dict(start.policy.state_dict())
    if lesson.settings.rate_left:
        # All that falls by the end of ``learn`` asks how much of it remains.
        model._update_current_progress_remaining = lambda *steps: None  # type: ignore[method-assign]
    return model


def make_model(
    algorithm: type[Any], policy: str, settings: dict[str, Any], trap: Trap, seed: int,
    keywords: dict[str, Any], discount: float, envs: int,
) -> Any:  # fmt: skip
    """Make a model that has learnt nothing; what comes after its settings is of ``MakeModel``."""
    venv = make_sb3(trap, envs, **keywords)
    return algorithm(policy, venv, seed=seed, gamma=discount, device="cpu", **settings)
