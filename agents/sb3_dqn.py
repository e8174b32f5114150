"""DQN of Stable-Baselines3 (Mnih et al. 2015)."""

from __future__ import annotations

from functools import partial
from typing import Any

from agents import sb3
from agents.lesson import Lesson
from mesa_gym.errors import missing_extra
from mesa_gym.trained.baselines import NETWORK, Baseline

try:
    from stable_baselines3 import DQN
except ImportError:
    raise missing_extra("stable-baselines3", "sb3") from None

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
    "policy_kwargs": {**NETWORK},
}
# One gradient step after every step of all: more experience is worth more than more updates.
make_model = partial(sb3.make_model, DQN, "MlpPolicy", SETTINGS, envs=256)


def train(lesson: Lesson) -> list[Baseline]:
    """Train one agent a seed."""
    return sb3.train_models(lesson, "sb3-dqn", make_model)
