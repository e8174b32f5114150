"""DQN of Stable-Baselines3 (Mnih et al. 2015)."""

from __future__ import annotations

from typing import Any

from agents.lesson import Lesson
from agents.sb3 import Baseline, train_models
from mesa_gym.errors import missing_extra
from mesa_gym.sb3 import SEEDS_APART, CentredExtractor, make_sb3
from mesa_gym.traps import Trap

try:
    from stable_baselines3 import DQN
except ImportError:
    raise missing_extra("stable-baselines3", "sb3") from None

# One gradient step after every step of all: more experience is worth more than more updates.
ENVS = 256
LEARNING_RATE = 1e-3
SETTINGS: dict[str, Any] = {
    "buffer_size": 200_000,
    "learning_starts": 1_000,
    "train_freq": 1,
    "gradient_steps": 1,
    "batch_size": 512,
    "n_steps": 3,
    "target_update_interval": 25_600,
    "exploration_fraction": 0.3,
    "exploration_final_eps": 0.05,
    "learning_rate": lambda remaining: LEARNING_RATE * remaining,
    "policy_kwargs": {"features_extractor_class": CentredExtractor, "net_arch": [64]},
    "device": "cpu",
}


def train(lesson: Lesson) -> list[Baseline]:
    """Train one agent a seed."""
    return train_models(lesson, "sb3-dqn", make_model)


def make_model(
    trap: Trap, seed: int, keywords: dict[str, Any], discount: float, envs: int = ENVS
) -> DQN:
    """Make SB3's model."""
    venv = make_sb3(trap, envs, **keywords)
    model = DQN("MlpPolicy", venv, seed=seed, gamma=discount, **SETTINGS)
    venv.seed(SEEDS_APART * seed)  # the model has seeded them with its own seed
    return model
