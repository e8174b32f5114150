"""Stable-Baselines3's PPO with networks made for small grids."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from gymnasium.spaces import Box
from torch import Tensor, nn

from agents.networks import HEAD, Actor, make_network
from mesa_gym import make_sb3
from mesa_gym.errors import missing_extra
from mesa_gym.grid import Schema
from mesa_gym.traps import Trap

try:
    from stable_baselines3 import PPO
    from stable_baselines3.common.callbacks import BaseCallback
    from stable_baselines3.common.policies import ActorCriticPolicy
    from stable_baselines3.common.torch_layers import BaseFeaturesExtractor
except ImportError:
    raise missing_extra("stable-baselines3", "sb3") from None

ENVS = 128
# With 1,000 levels instead an agent learns the levels by heart and is not competent on others.
LEVELS = 30_000
LEARNING_RATE = 1e-3
ENTROPY = 0.01
SETTINGS: dict[str, Any] = {
    "n_steps": 32,
    "batch_size": 1024,
    "n_epochs": 3,
    "gamma": 0.97,
    "gae_lambda": 0.95,
    "ent_coef": ENTROPY,
    "learning_rate": lambda remaining: LEARNING_RATE * remaining,
}

Progress = Callable[[int], None]


class Features(BaseFeaturesExtractor):
    """A network, as SB3 wants it."""

    def __init__(self, space: Box, network: str, schema: Schema) -> None:
        made = make_network(network, schema)
        super().__init__(space, made.features_dim)
        self.network = made

    def forward(self, planes: Tensor) -> Tensor:
        """The network's features."""
        features: Tensor = self.network(planes)
        return features


class AnnealedPPO(PPO):
    """PPO whose entropy bonus falls to 0 by the end, as its learning rate does.

    Agents are scored by sampled actions; a bonus that stays keeps them hesitating to the last.
    """

    def train(self) -> None:
        """One round of updates."""
        self.ent_coef = ENTROPY * self._current_progress_remaining
        super().train()


class _Report(BaseCallback):
    def __init__(self, progress: Progress) -> None:
        super().__init__()
        self.progress = progress

    def _on_step(self) -> bool:
        self.progress(ENVS)
        return True


def train_ppo(
    trap: Trap, network: str, seed: int, steps: int, progress: Progress, **keywords: Any
) -> Actor:
    """Train on the ``train`` split.

    Args:
        trap: at its default size.
        network: one of ``agents.networks.NETWORKS``.
        seed: of weights, actions and levels.
        steps: environment steps, rounded up to whole rollouts.
        progress: called with the number of steps taken since the last call.
        **keywords: ``alpha`` and ``reward``, of the environments.
    """
    torch.set_num_threads(1)
    # Seeds s and s + 1 of a vector environment share all levels but one environment's.
    first = 100_000 * seed
    venv = make_sb3(trap.id(), ENVS, seed=first, num_levels=LEVELS, **keywords)
    model = AnnealedPPO(
        ActorCriticPolicy,
        venv,
        seed=seed,
        device="cpu",
        policy_kwargs={
            "features_extractor_class": Features,
            "features_extractor_kwargs": {"network": network, "schema": trap.schema},
            "net_arch": {"pi": [HEAD], "vf": [HEAD]},
            "activation_fn": nn.ReLU,
            "normalize_images": False,
        },
        **SETTINGS,
    )
    model.learn(steps, callback=_Report(progress))
    return actor_of(model.policy, network, trap)


def actor_of(policy: ActorCriticPolicy, network: str, trap: Trap) -> Actor:
    """What acts in an SB3 policy: its weights without those of the value function."""
    actor = Actor(network, trap.schema)
    features: Features = policy.features_extractor  # type: ignore[assignment]
    actor.features.load_state_dict(features.network.state_dict())
    head = nn.Sequential(*policy.mlp_extractor.policy_net, policy.action_net)
    actor.head.load_state_dict(head.state_dict())
    return actor
