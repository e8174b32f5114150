"""Models of Stable-Baselines3, as all algorithms that use them train them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
import torch

from agents.lesson import Lesson
from mesa_gym.errors import missing_extra
from mesa_gym.sb3 import CentredExtractor, make_sb3
from mesa_gym.trained.agent import Agent
from mesa_gym.trained.loading import make_agent, make_network
from mesa_gym.traps import Trap

try:
    from stable_baselines3.common.base_class import BaseAlgorithm
    from stable_baselines3.common.callbacks import BaseCallback
    from stable_baselines3.common.logger import Logger
except ImportError:
    raise missing_extra("stable-baselines3", "sb3") from None

# What all networks are made with; read-only, since Stable-Baselines3 writes into what it is given.
NETWORK: Mapping[str, Any] = MappingProxyType(
    {"features_extractor_class": CentredExtractor, "net_arch": [64]}
)
# Weights that SB3 has under a second name too.
DOUBLE = ("pi_features_extractor.", "vf_features_extractor.")
# (trap, seed, keywords of the environments, discount) -> a model that has learnt nothing.
MakeModel = Callable[[Trap, int, dict[str, Any], float], BaseAlgorithm]


class Reporting(BaseCallback):
    """Tells a lesson of every step, of what episodes earned, and of the agent on its way."""

    def __init__(self, lesson: Lesson) -> None:
        super().__init__()
        self.lesson = lesson
        self.due = list(lesson.checkpoints)

    def _on_step(self) -> bool:
        self.lesson.progress(self.training_env.num_envs)
        infos, done = self.locals["infos"], self.locals["dones"]
        for row in done.nonzero()[0]:
            earned = float(infos[row]["episode"]["r"])
            self.lesson.note(0, self.num_timesteps, earned)
        return True

    def _on_rollout_start(self) -> None:
        # Weights change between rollouts only.
        while self.due and self.num_timesteps >= self.due[0]:
            agent = export_model(self.model, self.lesson.trap)
            self.lesson.keep(self.due.pop(0), self.lesson.seeds[0], agent)


def train_models(lesson: Lesson, make_model: MakeModel) -> list[Agent]:
    """Train one model a seed; torch is left with one thread."""
    torch.set_num_threads(1)
    agents = []
    for alone in lesson.each():
        model = begin_model(alone, make_model)
        model.set_logger(Logger(folder=None, output_formats=[]))  # else SB3 leaves folders behind
        model.learn(lesson.steps, callback=Reporting(alone))
        agents.append(export_model(model, lesson.trap))
    return agents


def export_model(model: BaseAlgorithm, trap: Trap) -> Agent:
    """Return the agent that a model is now; its network is that of ``mesa_gym.trained.sb3_mlp``."""
    tensors = model.policy.state_dict().items()
    weights = {name: x.numpy().copy() for name, x in tensors if not name.startswith(DOUBLE)}
    return make_agent(make_network("sb3", trap), weights)


def begin_model(lesson: Lesson, make_model: MakeModel) -> BaseAlgorithm:
    """Return the model of a lesson of one agent: a new one, or one that goes on from an agent."""
    model = make_model(lesson.trap, lesson.seeds[0], lesson.keywords(), lesson.discount)
    if lesson.start:
        weights = lesson.start[0].weights.items()
        tensors = {name: torch.from_numpy(np.array(each)) for name, each in weights}
        model.policy.load_state_dict(tensors, strict=False)  # doubles are the same tensors
    return model


def make_model(
    algorithm: type[Any], policy: str, settings: dict[str, Any], trap: Trap, seed: int,
    keywords: dict[str, Any], discount: float, envs: int,
) -> Any:  # fmt: skip
    """Make a model that has learnt nothing; what comes after its settings is of ``MakeModel``."""
    venv = make_sb3(trap, envs, **keywords)
    return algorithm(policy, venv, seed=seed, gamma=discount, device="cpu", **settings)
