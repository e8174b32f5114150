"""PPO of Stable-Baselines3 (Schulman et al. 2017), on networks made for small grids."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from agents.actors import Actor
from agents.lesson import Lesson
from agents.networks import Network
from agents.sb3 import HEADS, environments, fresh_network, on_network, taught
from mesa_gym.errors import missing_extra

try:
    from stable_baselines3 import PPO
    from stable_baselines3.common.policies import ActorCriticPolicy
    from stable_baselines3.common.vec_env import VecEnv
except ImportError:
    raise missing_extra("stable-baselines3", "sb3") from None

ENVS = 128
LEARNING_RATE = 2e-3
ENTROPY = 0.01
SETTINGS: dict[str, Any] = {
    "n_steps": 32,
    "batch_size": 1024,
    "n_epochs": 3,
    "gae_lambda": 0.95,
    "ent_coef": ENTROPY,
    "learning_rate": lambda remaining: LEARNING_RATE * remaining,
}


class AnnealedPPO(PPO):
    """PPO whose entropy bonus falls to 0 by the end, as its learning rate does.

    Agents are scored by sampled actions, which the bonus keeps a little too random.
    """

    def train(self) -> None:
        """One round of updates."""
        self.ent_coef = ENTROPY * self._current_progress_remaining
        super().train()


def train(lesson: Lesson) -> Actor:
    """Train an agent."""
    return taught(make_model(lesson), lesson)


def make_model(
    lesson: Lesson,
    around: Callable[[Lesson, int, Network], VecEnv] = environments,
    kind: type[AnnealedPPO] = AnnealedPPO,
    **more: Any,
) -> AnnealedPPO:
    """SB3's model, untrained; what builds on PPO gives environments, or more, of its own."""
    network = fresh_network(lesson)
    return kind(
        ActorCriticPolicy,
        around(lesson, ENVS, network),
        seed=lesson.seed,
        device="cpu",
        policy_kwargs=on_network(network, net_arch=HEADS),
        gamma=lesson.discount,
        **SETTINGS,
        **more,
    )
