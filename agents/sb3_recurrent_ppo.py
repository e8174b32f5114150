"""Recurrent PPO of sb3-contrib: PPO with an LSTM on the network's features."""

from __future__ import annotations

from functools import partial
from typing import Any

from agents import sb3
from agents.lesson import Lesson
from mesa_gym.errors import missing_extra
from mesa_gym.trained.baselines import RECURRENT_NETWORK, Baseline

try:
    from sb3_contrib import RecurrentPPO
except ImportError:
    raise missing_extra("sb3-contrib", "sb3") from None

LEARNING_RATE = 2e-3
ENTROPY = 0.01
SETTINGS: dict[str, Any] = {
    "n_steps": 16,
    "batch_size": 1024,
    "n_epochs": 3,
    "gae_lambda": 0.95,
    "ent_coef": ENTROPY,
    "learning_rate": lambda remaining: LEARNING_RATE * remaining,
    "policy_kwargs": {**RECURRENT_NETWORK},
}


class AnnealedRecurrentPPO(RecurrentPPO):
    """Recurrent PPO whose entropy bonus falls to 0 by the end, as PPO's does."""

    def train(self) -> None:
        """Take one round of updates."""
        self.ent_coef = ENTROPY * self._current_progress_remaining
        super().train()


make_model = partial(sb3.make_model, AnnealedRecurrentPPO, "MlpLstmPolicy", SETTINGS, envs=128)


def train(lesson: Lesson) -> list[Baseline]:
    """Train one agent a seed; its value function has no memory."""
    return sb3.train_models(lesson, "sb3-recurrent-ppo", make_model)
