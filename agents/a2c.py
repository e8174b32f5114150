"""A2C of Stable-Baselines3 (Mnih et al. 2016), on networks made for small grids."""

from __future__ import annotations

from typing import Any

from agents.actors import Actor
from agents.lesson import Lesson
from agents.sb3 import HEADS, environments, fresh_network, on_network, taught
from mesa_gym.errors import missing_extra

try:
    from stable_baselines3 import A2C
    from stable_baselines3.common.policies import ActorCriticPolicy
except ImportError:
    raise missing_extra("stable-baselines3", "sb3") from None

ENVS = 128
LEARNING_RATE = 2e-3
ENTROPY = 0.01
SETTINGS: dict[str, Any] = {
    "n_steps": 8,
    "gae_lambda": 0.95,
    "ent_coef": ENTROPY,
    "normalize_advantage": True,
    "learning_rate": lambda remaining: LEARNING_RATE * remaining,
}


class AnnealedA2C(A2C):
    """A2C whose entropy bonus falls to 0 by the end, as PPO's does."""

    def train(self) -> None:
        """One update."""
        self.ent_coef = ENTROPY * self._current_progress_remaining
        super().train()


def train(lesson: Lesson) -> Actor:
    """Train an agent."""
    return taught(make_model(lesson), lesson)


def make_model(lesson: Lesson) -> A2C:
    """SB3's model, untrained."""
    network = fresh_network(lesson)
    return AnnealedA2C(
        ActorCriticPolicy,
        environments(lesson, ENVS, network),
        seed=lesson.seed,
        device="cpu",
        policy_kwargs=on_network(network, net_arch=HEADS),
        gamma=lesson.discount,
        **SETTINGS,
    )
