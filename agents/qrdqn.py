"""QR-DQN of sb3-contrib (Dabney et al. 2018), on networks made for small grids."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from agents.actors import Actor, Greedy
from agents.lesson import Lesson
from agents.networks import HEAD
from agents.sb3 import actor_on, environments, fresh_network, on_network, taught
from mesa_gym.engine import ACTIONS
from mesa_gym.errors import missing_extra

try:
    from sb3_contrib import QRDQN
    from sb3_contrib.qrdqn.policies import QRDQNPolicy
except ImportError:
    raise missing_extra("sb3-contrib", "sb3") from None

ENVS = 256
LEARNING_RATE = 1e-3
QUANTILES = 25
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


def make_model(lesson: Lesson) -> QRDQN:
    """The model of sb3-contrib, untrained."""
    network = fresh_network(lesson)
    return QRDQN(
        QRDQNPolicy,
        environments(lesson, ENVS, network),
        seed=lesson.seed,
        device="cpu",
        policy_kwargs=on_network(network, net_arch=[HEAD], n_quantiles=QUANTILES),
        gamma=lesson.discount,
        **SETTINGS,
    )


def actor_of(model: QRDQN) -> Greedy:
    """Return what acts in a model: the means of its quantiles.

    The last layer is linear, so that the mean of its outputs is a layer with the mean of weights.
    """
    *hidden, quantiles = model.quantile_net.quantile_net
    with torch.random.fork_rng():
        means = nn.Linear(HEAD, len(ACTIONS))
    for name, weights in means.named_parameters():
        of_quantiles = getattr(quantiles, name).detach().view(-1, *weights.shape)
        weights.data = of_quantiles.mean(dim=0)
    head = nn.Sequential(*hidden, means)
    return actor_on(Greedy, model.quantile_net.features_extractor, head)
