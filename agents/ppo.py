"""Stable-Baselines3's PPO with networks made for small grids."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from gymnasium.spaces import Box
from torch import Tensor, nn

from agents.networks import FEATURES, HEAD, Actor, Bytes, Network, make_network
from mesa_gym import make_sb3
from mesa_gym.errors import missing_extra
from mesa_gym.traps import Trap

try:
    from stable_baselines3 import PPO
    from stable_baselines3.common.callbacks import BaseCallback
    from stable_baselines3.common.logger import Logger
    from stable_baselines3.common.policies import ActorCriticPolicy
    from stable_baselines3.common.torch_layers import BaseFeaturesExtractor
    from stable_baselines3.common.vec_env import VecEnv, VecEnvWrapper
    from stable_baselines3.common.vec_env.base_vec_env import VecEnvStepReturn
except ImportError:
    raise missing_extra("stable-baselines3", "sb3") from None

# Half precision, where the processor has it, makes training 1.5 times as fast; agents that are
# trained act in full precision.
BF16 = bool(torch.cpu.get_capabilities().get("avx512_bf16"))
ENVS = 128
LEARNING_RATE = 2e-3
ENTROPY = 0.01
GAMMA = 0.97
SETTINGS: dict[str, Any] = {
    "n_steps": 32,
    "batch_size": 1024,
    "n_epochs": 3,
    "gae_lambda": 0.95,
    "ent_coef": ENTROPY,
    "learning_rate": lambda remaining: LEARNING_RATE * remaining,
}

Progress = Callable[[int], None]
# Into how many parts training is cut, and what is told the steps and the actor after each but
# the last.
Keep = tuple[int, Callable[[int, Actor], None]]


class Viewed(VecEnvWrapper):
    """Environments that show what a network sees: made once, and read again every epoch."""

    def __init__(self, venv: VecEnv, network: Network) -> None:
        super().__init__(venv, Box(0, 1, network.shape, np.uint8))
        self.view = network.view

    def reset(self) -> Bytes:
        """Begin an episode in every environment."""
        return self.view(np.asarray(self.venv.reset()))

    def step_wait(self) -> VecEnvStepReturn:
        """Take the step."""
        planes, rewards, dones, infos = self.venv.step_wait()
        for row in dones.nonzero()[0]:
            last = infos[row]["terminal_observation"]
            infos[row]["terminal_observation"] = self.view(last[None])[0]
        return self.view(np.asarray(planes)), rewards, dones, infos


class Features(BaseFeaturesExtractor):
    """A network, as SB3 wants it."""

    def __init__(self, space: Box, network: Network) -> None:
        super().__init__(space, FEATURES)
        self.network = network

    def forward(self, seen: Tensor) -> Tensor:
        """The network's features."""
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=BF16):
            features: Tensor = self.network(seen)
        return features.float()


class AnnealedPPO(PPO):
    """PPO whose entropy bonus falls to 0 by the end, as its learning rate does.

    Agents are scored by sampled actions, which the bonus keeps a little too random.
    """

    def train(self) -> None:
        """One round of updates."""
        self.ent_coef = ENTROPY * self._current_progress_remaining
        super().train()


class _Report(BaseCallback):
    """Tells of every step, and of the actor whenever a part of the training is over."""

    def __init__(self, steps: int, progress: Progress, keep: Keep) -> None:
        super().__init__()
        self.progress = progress
        parts, self.keep = keep
        self.due = [steps * part // parts for part in range(1, parts)]

    def _on_step(self) -> bool:
        self.progress(ENVS)
        return True

    def _on_rollout_start(self) -> None:
        # Weights change between rollouts only.
        while self.due and self.num_timesteps >= self.due[0]:
            assert isinstance(self.model, PPO)
            self.keep(self.due.pop(0), actor_of(self.model))


def train_ppo(
    trap: Trap,
    network: str,
    seed: int,
    steps: int,
    progress: Progress,
    keep: Keep = (1, lambda steps, actor: None),
    gamma: float = GAMMA,
    **keywords: Any,
) -> Actor:
    """Train on the ``train`` split.

    Args:
        trap: what to train on.
        network: one of ``agents.networks.NETWORKS``.
        seed: of weights, actions and levels.
        steps: environment steps, rounded up to whole rollouts.
        progress: called with the number of steps taken since the last call.
        keep: parts of training, and what is called with the steps and the actor (which goes on
            learning) after each part but the last, at the next whole rollout.
        gamma: the discount, or the paid objective's own where that is less.
        **keywords: ``alpha``, ``reward``, ``num_levels`` and ``max_steps``, of the environments.
    """
    torch.set_num_threads(1)
    model = make_model(trap, network, seed, gamma, **keywords)
    model.set_logger(Logger(folder=None, output_formats=[]))  # else SB3 leaves temporary folders
    model.learn(steps, callback=_Report(steps, progress, keep))
    return actor_of(model)


def make_model(trap: Trap, network: str, seed: int, gamma: float = GAMMA, **keywords: Any) -> PPO:
    """SB3's model, untrained; the arguments are those of ``train_ppo``."""
    keywords |= {"size": trap.size, **trap.parameters}
    # Seeds s and s + 1 of a vector environment share all streams of levels but one.
    venv = make_sb3(trap.id(), ENVS, seed=100_000 * seed, **keywords)
    torch.manual_seed(seed)
    made = make_network(network, trap.schema)
    return AnnealedPPO(
        ActorCriticPolicy,
        Viewed(venv, made),
        seed=seed,
        device="cpu",
        policy_kwargs={
            "features_extractor_class": Features,
            "features_extractor_kwargs": {"network": made},
            "net_arch": {"pi": [HEAD], "vf": [HEAD]},
            "activation_fn": nn.ReLU,
            "normalize_images": False,
            "optimizer_kwargs": {"eps": 1e-5, "fused": True},
        },
        # An objective that looks less far ahead than PPO does is learnt as it is meant.
        gamma=min(gamma, trap.discount(keywords.get("reward", "base"))),
        **SETTINGS,
    )


def actor_of(model: PPO) -> Actor:
    """What acts in a model: its network and head, without the value function."""
    features = model.policy.features_extractor
    assert isinstance(features, Features)
    with torch.random.fork_rng():  # making the head draws weights; training must not notice
        actor = Actor(features.network)
    actor.head = nn.Sequential(*model.policy.mlp_extractor.policy_net, model.policy.action_net)
    return actor
