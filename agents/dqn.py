"""DQN of Stable-Baselines3 (Mnih et al. 2015), on networks made for small grids."""

from __future__ import annotations

from typing import Any

from agents.actors import Actor, Greedy
from agents.lesson import Lesson
from agents.networks import HEAD
from agents.sb3 import actor_on, environments, fresh_network, on_network, taught
from mesa_gym.errors import missing_extra

try:
    from stable_baselines3 import DQN
    from stable_baselines3.dqn.policies import DQNPolicy
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
}


def train(lesson: Lesson) -> Actor:
    """Train an agent."""
    return taught(make_model(lesson), lesson, actor_of)


def make_model(lesson: Lesson) -> DQN:
    """SB3's model, untrained."""
    network = fresh_network(lesson)
    return DQN(
        DQNPolicy,
        environments(lesson, ENVS, network),
        seed=lesson.seed,
        device="cpu",
        policy_kwargs=on_network(network, net_arch=[HEAD]),
        gamma=lesson.discount,
        **SETTINGS,
    )


def actor_of(model: DQN) -> Greedy:
    """Return what acts in a model: its Q-network."""
    return actor_on(Greedy, model.q_net.features_extractor, model.q_net.q_net)
