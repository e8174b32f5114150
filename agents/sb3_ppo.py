"""PPO of Stable-Baselines3 (Schulman et al. 2017), as ``mesa_gym.sb3.ppo`` sets it up."""

from __future__ import annotations

from typing import Any

from agents.lesson import Lesson
from agents.sb3 import train_models
from mesa_gym.sb3 import AnnealedPPO, ppo
from mesa_gym.trained.agent import Agent
from mesa_gym.traps import Trap


def train(lesson: Lesson) -> list[Agent]:
    """Train one agent a seed."""
    return train_models(lesson, make_model)


def make_model(
    trap: Trap, seed: int, keywords: dict[str, Any], discount: float, envs: int = 128
) -> AnnealedPPO:
    """Make SB3's model."""
    return ppo(trap, envs, seed, keywords, gamma=discount)
