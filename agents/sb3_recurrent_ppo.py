"""Recurrent PPO of sb3-contrib: PPO with an LSTM on the network's features."""

from __future__ import annotations

from typing import Any

from agents import sb3
from agents.lesson import Lesson
from mesa_gym.errors import missing_extra
from mesa_gym.sb3 import CentredExtractor
from mesa_gym.traps import Trap

try:
    from sb3_contrib import RecurrentPPO
except ImportError:
    raise missing_extra("sb3-contrib", "sb3") from None

ENVS = 128
LEARNING_RATE = 2e-3
ENTROPY = 0.01
SETTINGS: dict[str, Any] = {
    "n_steps": 16,
    "batch_size": 1024,
    "n_epochs": 3,
    "gae_lambda": 0.95,
    "ent_coef": ENTROPY,
    "learning_rate": lambda remaining: LEARNING_RATE * remaining,
    "policy_kwargs": {
        "features_extractor_class": CentredExtractor,
        "net_arch": [64],
        "lstm_hidden_size": 128,
        "enable_critic_lstm": False,
    },
}


class AnnealedRecurrentPPO(RecurrentPPO):
    """Recurrent PPO whose entropy bonus falls to 0 by the end, as PPO's does."""

    def train(self) -> None:
        """Take one round of updates."""
        self.ent_coef = ENTROPY * self._current_progress_remaining
        super().train()


def train(lesson: Lesson) -> list[sb3.Baseline]:
    """Train one agent a seed."""
    return sb3.train_models(lesson, "sb3-recurrent-ppo", make_model)


def make_model(
    trap: Trap, seed: int, keywords: dict[str, Any], discount: float, envs: int = ENVS
) -> RecurrentPPO:
    """Make the model of sb3-contrib; its value function has no memory."""
    settings = SETTINGS | {"gamma": discount}
    return sb3.make_model(
        AnnealedRecurrentPPO, "MlpLstmPolicy", trap, seed, envs, keywords, **settings
    )
