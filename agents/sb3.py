"""Environments, features and reports of all agents that Stable-Baselines3 trains."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import deepcopy
from typing import Any, TypeVar

import numpy as np
import torch
from gymnasium.spaces import Box
from torch import Tensor, nn

from agents.actors import Actor
from agents.lesson import Lesson
from agents.networks import BF16, FEATURES, HEAD, Bytes, Network, make_network
from mesa_gym import make_sb3
from mesa_gym.errors import missing_extra

try:
    from stable_baselines3.common.base_class import BaseAlgorithm
    from stable_baselines3.common.callbacks import BaseCallback
    from stable_baselines3.common.logger import Logger
    from stable_baselines3.common.on_policy_algorithm import OnPolicyAlgorithm
    from stable_baselines3.common.torch_layers import BaseFeaturesExtractor
    from stable_baselines3.common.vec_env import VecEnv, VecEnvWrapper
    from stable_baselines3.common.vec_env.base_vec_env import VecEnvStepReturn
except ImportError:
    raise missing_extra("stable-baselines3", "sb3") from None

Some = TypeVar("Some", bound=Actor)


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
    """A network, as SB3 wants it: each its own, as a target network is no copy else."""

    def __init__(self, space: Box, network: Network) -> None:
        super().__init__(space, FEATURES)
        self.network = deepcopy(network)

    def forward(self, seen: Tensor) -> Tensor:
        """The network's features."""
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=BF16):
            features: Tensor = self.network(seen)
        return features.float()


class Reporting(BaseCallback):
    """Tells a lesson of every step, of what episodes earned, and of the actor on its way."""

    def __init__(self, lesson: Lesson, exported: Callable[[Any], Actor]) -> None:
        super().__init__()
        self.lesson, self.exported = lesson, exported
        self.due = lesson.due()

    def _on_step(self) -> bool:
        self.lesson.progress(self.training_env.num_envs)
        for row in self.locals["dones"].nonzero()[0]:
            earned = float(self.locals["infos"][row]["episode"]["r"])
            self.lesson.curve.add(self.num_timesteps, earned)
        return True

    def _on_rollout_start(self) -> None:
        # Weights change between rollouts only.
        while self.due and self.num_timesteps >= self.due[0]:
            self.lesson.keep(self.due.pop(0), self.exported(self.model))


def environments(
    lesson: Lesson, n: int, network: Network, around: Callable[[VecEnv], VecEnv] | None = None
) -> Viewed:
    """So many environments of a lesson as its network sees them, from what ``around`` shows."""
    venv: VecEnv = make_sb3(lesson.trap.id(), n, **lesson.keywords())
    return Viewed(venv if around is None else around(venv), network)


def fresh_network(lesson: Lesson) -> Network:
    """The lesson's network; torch is left with one thread, and its random state with the seed."""
    torch.set_num_threads(1)
    torch.manual_seed(lesson.seed)
    return make_network(lesson.network, lesson.trap)


def on_network(network: Network, **more: Any) -> dict[str, Any]:
    """SB3's ``policy_kwargs`` for a policy with that network."""
    return {
        "features_extractor_class": Features,
        "features_extractor_kwargs": {"network": network},
        "activation_fn": nn.ReLU,
        "normalize_images": False,
        "optimizer_class": torch.optim.Adam,  # else A2C and QR-DQN choose options of their own
        "optimizer_kwargs": {"eps": 1e-5, "fused": True},
        **more,
    }


def actor_on(kind: type[Some], features: BaseFeaturesExtractor, head: nn.Sequential) -> Some:
    """An actor of that kind with the network and the head of a model."""
    assert isinstance(features, Features)
    with torch.random.fork_rng():  # making the head draws weights; training must not notice
        actor = kind(features.network)
    actor.head = head
    return actor


def actor_of(model: OnPolicyAlgorithm) -> Actor:
    """Return what acts in an actor-critic: its network and head, without the value function."""
    policy = model.policy
    head = nn.Sequential(*policy.mlp_extractor.policy_net, policy.action_net)
    return actor_on(Actor, policy.features_extractor, head)


def taught(
    model: BaseAlgorithm,
    lesson: Lesson,
    exported: Callable[[Any], Actor] = actor_of,
    callbacks: Sequence[BaseCallback] = (),
) -> Actor:
    """Have a model learn; the actor that it has become.

    Args:
        model: SB3's, untrained.
        lesson: what it is to learn.
        exported: makes an actor of the model; by default, of an actor-critic.
        callbacks: that do more than report.
    """
    model.set_logger(Logger(folder=None, output_formats=[]))  # else SB3 leaves temporary folders
    assert model.env is not None
    # A model has seeded its environments with its own seed, so that neighbours would share levels.
    model.env.seed(lesson.first_seed)
    model.learn(lesson.steps, callback=[Reporting(lesson, exported), *callbacks])
    return exported(model)


HEADS = {"pi": [HEAD], "vf": [HEAD]}
