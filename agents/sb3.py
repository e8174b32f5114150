"""Agents of Stable-Baselines3 and sb3-contrib: how they are trained, saved and made again."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from agents.lesson import Lesson
from agents.networks import TorchAgent
from mesa_gym.engine import ACTIONS, Bools, State
from mesa_gym.envs.observations import Bytes
from mesa_gym.errors import missing_extra
from mesa_gym.policies import as_policy
from mesa_gym.sb3 import SEEDS_APART, make_sb3
from mesa_gym.traps import Split, Trap

try:
    from stable_baselines3.common.base_class import BaseAlgorithm
    from stable_baselines3.common.callbacks import BaseCallback
    from stable_baselines3.common.logger import Logger
except ImportError:
    raise missing_extra("stable-baselines3", "sb3") from None

# A network that values actions acts at random this often, as in Mnih et al. 2015.
SLIPS = 0.05
# (trap, seed, keywords of the environments, discount) -> a model that has learnt nothing.
MakeModel = Callable[[Trap, int, dict[str, Any], float], BaseAlgorithm]


class Baseline(TorchAgent):
    """A model as an agent: takes actions as likely as the model does.

    A model that values actions takes the best, except for a random one every twentieth time.
    """

    def __init__(self, kind: str, model: BaseAlgorithm, trap: Trap) -> None:
        super().__init__()
        self.kind = kind  # type: ignore[misc]
        self.policy = model.policy
        self._actor = as_policy(model, trap, trap.horizon(Split.TRAIN))
        self.memory = getattr(self._actor, "memory", True) is not False

    def reset(self, mask: Bools, rng: np.random.Generator) -> None:
        """Forget what the rows of a mask have seen."""
        self._actor.reset(mask, rng)

    def act(self, observation: Bytes, state: State | None = None) -> NDArray[np.float64]:
        """Return action probabilities, float64 (n, 5)."""
        answer = self._actor.act(observation, state)
        if answer.ndim == 2:
            return np.asarray(answer, dtype=np.float64)
        best = np.eye(len(ACTIONS))[answer.astype(np.int64)]
        return (1 - SLIPS) * best + SLIPS / len(ACTIONS)


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
            agent = Baseline(self.kind, self.model, self.lesson.trap)
            self.lesson.keep(self.due.pop(0), self.lesson.seeds[0], agent)


def train_models(lesson: Lesson, kind: str, make_model: MakeModel) -> list[Baseline]:
    """Train one model a seed; torch is left with one thread."""
    torch.set_num_threads(1)
    agents = []
    for alone in lesson.each():
        model = make_model(lesson.trap, alone.seeds[0], lesson.keywords(), lesson.discount)
        model.set_logger(Logger(folder=None, output_formats=[]))  # else SB3 leaves folders behind
        model.learn(lesson.steps, callback=Reporting(alone, kind))
        agents.append(Baseline(kind, model, lesson.trap))
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


def make_untrained(kind: str, trap: Trap) -> Baseline:
    """Make a baseline for weights that were saved: ``agents.sb3_ppo`` makes ``sb3-ppo``."""
    module: Any = import_module(f"agents.{kind.replace('-', '_')}")
    state = torch.get_rng_state()
    model = module.make_model(trap, 0, {}, 0.99, envs=1)
    torch.set_rng_state(state)
    return Baseline(kind, model, trap)
