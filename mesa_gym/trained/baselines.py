"""Agents of Stable-Baselines3 and sb3-contrib: the networks of their models, and how they act."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType
from typing import Any

import numpy as np
import torch
from gymnasium.spaces import Discrete
from numpy.typing import NDArray

from mesa_gym.engine import ACTIONS, Bools, State
from mesa_gym.envs.observations import Bytes, make_observation
from mesa_gym.errors import missing_extra
from mesa_gym.policies import as_policy
from mesa_gym.sb3 import CentredExtractor
from mesa_gym.trained.networks import TorchAgent
from mesa_gym.traps import Split, Trap

# What all networks are made with; read-only, since Stable-Baselines3 writes into what it is given.
NETWORK: Mapping[str, Any] = MappingProxyType(
    {"features_extractor_class": CentredExtractor, "net_arch": [64]}
)
RECURRENT_NETWORK: Mapping[str, Any] = MappingProxyType(
    {**NETWORK, "lstm_hidden_size": 128, "enable_critic_lstm": False}
)
# Kind -> the package and the class of a model's network, and what it is made with.
POLICIES = {
    "sb3-ppo": ("stable_baselines3.ppo", "MlpPolicy", NETWORK),
    "sb3-a2c": ("stable_baselines3.a2c", "MlpPolicy", NETWORK),
    "sb3-dqn": ("stable_baselines3.dqn", "MlpPolicy", NETWORK),
    "sb3-recurrent-ppo": ("sb3_contrib.ppo_recurrent", "MlpLstmPolicy", RECURRENT_NETWORK),
}
# A network that values actions acts at random this often, as in Mnih et al. 2015.
SLIPS = 0.05


class Baseline(TorchAgent):
    """A model's network as an agent: takes actions as likely as the model does.

    One that values actions takes the best, except for a random one every twentieth time.
    """

    def __init__(self, kind: str, policy: Any, trap: Trap) -> None:
        super().__init__()
        self.kind = kind  # type: ignore[misc]
        self.policy = policy
        self._actor = as_policy(policy, trap, trap.horizon(Split.TRAIN))
        self.observation = self._actor.observation
        self.memory = getattr(self._actor, "memory", True) is not False

    def reset(self, mask: Bools, rng: np.random.Generator) -> None:
        """Forget what the rows of a mask have seen."""
        self._actor.reset(mask, rng)

    def act(self, observation: Bytes, state: State | None = None) -> NDArray[np.float64]:
        """Return action probabilities, float64 (n, 5)."""
        answer = self._actor.act(observation, state)
        if answer.ndim == 2:
            return np.asarray(answer, dtype=np.float64)
        best = np.eye(len(ACTIONS))[answer.astype(np.int64)]
        return (1 - SLIPS) * best + SLIPS / len(ACTIONS)


def make_baseline(kind: str, trap: Trap) -> Baseline:
    """Make an agent of ``POLICIES`` for weights that were saved.

    Raises:
        ImportError: the package of its network is not installed.
    """
    package, name, settings = POLICIES[kind]
    try:
        network = getattr(import_module(package), name)
    except ImportError:
        raise missing_extra(package.partition(".")[0].replace("_", "-"), "sb3") from None
    spaces = make_observation(trap, "planes").space, Discrete(len(ACTIONS))
    with torch.random.fork_rng(devices=[]):  # its random state is the user's
        policy = network(*spaces, lambda remaining: 0.0, **settings)
    return Baseline(kind, policy, trap)
