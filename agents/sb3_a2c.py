"""A2C of Stable-Baselines3 (Mnih et al. 2016)."""

from __future__ import annotations

from functools import partial
from typing import Any

from agents import sb3
from agents.lesson import Lesson
from mesa_gym.errors import missing_extra
from mesa_gym.trained.agent import Agent

try:
    from stable_baselines3 import A2C
except ImportError:
    raise missing_extra("stable-baselines3", "sb3") from None

LEARNING_RATE = 2e-3
SETTINGS: dict[str, Any] = {
    "n_steps": 8,
    "gae_lambda": 0.95,
    "ent_coef": 0.01,
    "learning_rate": lambda remaining: LEARNING_RATE * remaining,
    "policy_kwargs": {**sb3.NETWORK},
}
make_model = partial(sb3.make_model, A2C, "MlpPolicy", SETTINGS, envs=64)


def train(lesson: Lesson) -> list[Agent]:
    """Train one agent a seed."""
    return sb3.train_models(lesson, make_model)
