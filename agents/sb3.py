"""Baselines of Stable-Baselines3: its PPO, and its A2C, as ``mesa_gym.sb3`` sets them up."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np
import torch

from agents.results import LOOKS, Report, TrainedAgent, TrainingLook, judge_agent
from agents.run import Run
from agents.settings import PPOSettings
from mesa_gym.errors import missing_extra
from mesa_gym.sb3 import CentredExtractor, make_sb3, ppo
from mesa_gym.trained.agent import Agent
from mesa_gym.trained.loading import make_agent, make_network
from mesa_gym.traps import Trap

try:
    from stable_baselines3 import A2C
    from stable_baselines3.common.base_class import BaseAlgorithm
    from stable_baselines3.common.callbacks import BaseCallback
    from stable_baselines3.common.logger import Logger
except ImportError:
    raise missing_extra("stable-baselines3", "sb3") from None

# Weights that SB3 has under a second name too.
DOUBLE = ("pi_features_extractor.", "vf_features_extractor.")
LEARNING_RATE = 2e-3
# Read-only, since Stable-Baselines3 writes into what it is given.
A2C_SETTINGS: Mapping[str, Any] = MappingProxyType({
    "n_steps": 8,
    "gae_lambda": 0.95,
    "ent_coef": 0.01,
    "learning_rate": lambda remaining: LEARNING_RATE * remaining,
})  # fmt: skip
# A trap, a seed, keywords of the environments and a discount -> a model that has learnt nothing.
MakeModel = Callable[[Trap, int, dict[str, Any], float], BaseAlgorithm]


def train_ppo(
    run: Run, seeds: Sequence[int], report: Report | None = None, device: str | None = None
) -> list[TrainedAgent]:
    """PPO of Stable-Baselines3 (Schulman et al. 2017), as ``mesa_gym.sb3.ppo`` sets it up."""
    return train_models(run, seeds, report, device, make_ppo)


def train_a2c(
    run: Run, seeds: Sequence[int], report: Report | None = None, device: str | None = None
) -> list[TrainedAgent]:
    """A2C of Stable-Baselines3 (Mnih et al. 2016), with GAE and a rate that falls to 0."""
    return train_models(run, seeds, report, device, make_a2c)


def make_ppo(trap: Trap, seed: int, keywords: dict[str, Any], discount: float) -> BaseAlgorithm:
    """Make SB3's PPO."""
    return ppo(trap, 128, seed, keywords, gamma=discount)


def make_a2c(trap: Trap, seed: int, keywords: dict[str, Any], discount: float) -> BaseAlgorithm:
    """Make SB3's A2C."""
    network = {"features_extractor_class": CentredExtractor, "net_arch": [64]}
    return A2C(
        "MlpPolicy", make_sb3(trap, 64, **keywords), seed=seed, gamma=discount, device="cpu",
        policy_kwargs=network, **A2C_SETTINGS,
    )  # fmt: skip


def train_models(
    run: Run, seeds: Sequence[int], report: Report | None, device: str | None, make: MakeModel
) -> list[TrainedAgent]:
    """Train one model a seed, one after another; torch is left with one thread.

    Raises:
        ValueError: a device is asked for.
    """
    if device is not None and device != "cpu":
        raise ValueError(f"Stable-Baselines3 trains here on the CPU alone, got device {device}")
    torch.set_num_threads(1)
    (stage,) = run.parts()
    trap, found = stage.settings.trap, []
    discount = stage.bound_discount(PPOSettings().discount)
    for seed in seeds:
        model = make(trap, seed, stage.keywords(), discount)
        model.set_logger(Logger(folder=None, output_formats=[]))  # else SB3 leaves folders behind
        watch = Watch(run, trap, seed, report)
        model.learn(run.steps, callback=watch)
        watch.trained.agent = export_model(model, trap)
        found.append(watch.trained)
    return found


class Watch(BaseCallback):
    """Notes the returns of episodes, the agent at checkpoints, and its competence.

    Args:
        run, trap, seed: what is trained.
        report: told how it goes, or None.
    """

    def __init__(self, run: Run, trap: Trap, seed: int, report: Report | None) -> None:
        super().__init__()
        self.run, self.trap, self.seed, self.report = run, trap, seed, report
        self.trained, self._earned = TrainedAgent(), list[float]()
        self._parts = [run.steps * i // LOOKS for i in range(1, LOOKS + 1)]
        self._marks = [run.steps * i // run.checkpoints for i in range(1, run.checkpoints)]

    def _on_step(self) -> bool:
        infos, done = self.locals["infos"], self.locals["dones"]
        self._earned += [float(infos[row]["episode"]["r"]) for row in done.nonzero()[0]]
        return True

    def _on_rollout_end(self) -> None:
        # Weights change after a rollout: what ends here is of the agent before.
        while self._marks and self.num_timesteps >= self._marks[0]:
            self.trained.earlier[self._marks.pop(0)] = export_model(self.model, self.trap)
        while self._parts and self.num_timesteps >= self._parts[0]:
            self._note(self._parts.pop(0))

    def _note(self, steps: int) -> None:
        mean = float(np.mean(self._earned)) if self._earned else 0.0
        if self._earned:
            self.trained.curve.append((steps, mean))
        self._earned = []
        if self.report is not None:
            shares = judge_agent(export_model(self.model, self.trap), self.trap, steps)
            self.trained.looks.append(TrainingLook(steps, mean, *shares))
            self.report([self.seed], [self.trained.looks[-1]])


def export_model(model: BaseAlgorithm, trap: Trap) -> Agent:
    """Return the agent that a model is now; its network is that of ``mesa_gym.trained.sb3_mlp``."""
    tensors = model.policy.state_dict().items()
    weights = {name: x.numpy().copy() for name, x in tensors if not name.startswith(DOUBLE)}
    return make_agent(make_network("sb3", trap), weights)
