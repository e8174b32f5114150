"""PPO of Stable-Baselines3 (Raffin et al. 2021), as ``mesa_gym.sb3.ppo`` sets it up.

It tells whether what ``ppo`` gets is a property of this project's own PPO.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import torch
from stable_baselines3.common.logger import Logger
from stable_baselines3.common.vec_env import VecEnv

from benchmarks.tracks.methods.method import Bytes, Floats, Ints, Method, Task
from benchmarks.tracks.served import ServedEnv
from mesa_gym.engine import State
from mesa_gym.policies import Policy
from mesa_gym.policies.protocol import Memoryless
from mesa_gym.sb3 import make_learner

ENVIRONMENTS = 128


class SB3PPO(Method):
    """PPO of Stable-Baselines3."""

    # One agent that uses no information gets 0 by labels and answers, as `ppo` does already.
    tracks: ClassVar[tuple[str, ...]] = ("coverage",)
    # Its network is not one of those that the closed division takes.
    division = "open"
    paper = "Raffin et al. 2021"

    def train(self, task: Task) -> list[Policy]:
        """Train one agent."""
        model = make_learner(
            ServedVecEnv(task.vector_env(ENVIRONMENTS), task.seed), task.seed, task.discount
        )
        model.set_logger(Logger(folder=None, output_formats=[]))
        model.learn(task.steps)
        return [SB3Policy(model.policy)]


class SB3Policy(Memoryless):
    """A policy network of Stable-Baselines3 as a policy of this project.

    Args:
        network: an ``ActorCriticPolicy``.
    """

    def __init__(self, network: Any) -> None:
        self.network = network

    @torch.inference_mode()
    def act(self, observation: Bytes, state: State | None = None) -> Floats:
        """Return action probabilities, float64 (n, 5)."""
        found = self.network.get_distribution(torch.from_numpy(observation))
        shares: Floats = found.distribution.probs.double().numpy()
        return shares / shares.sum(axis=1, keepdims=True)


class ServedVecEnv(VecEnv):
    """Environments that the evaluator serves, in the interface of Stable-Baselines3.

    Args:
        envs: the environments.
        seed: of the task; trainings of different seeds share no stream of levels.
    """

    def __init__(self, envs: ServedEnv, seed: int) -> None:
        self._envs, self._seed = envs, 100_000 * seed
        self._actions = np.empty(0, dtype=np.int64)
        super().__init__(envs.num_envs, envs.single_observation_space, envs.single_action_space)

    def reset(self) -> Bytes:
        """Begin an episode in every environment."""
        return self._envs.reset(seed=self._seed)[0]

    def step_async(self, actions: Ints) -> None:
        """Keep the actions of the next step."""
        self._actions = actions

    def step_wait(self) -> tuple[Bytes, Floats, Any, list[dict[str, Any]]]:
        """Take the step."""
        seen, rewards, ended, late, infos = self._envs.step(self._actions)
        told: list[dict[str, Any]] = [{} for _ in range(self.num_envs)]
        for row in (ended | late).nonzero()[0].tolist():
            told[row]["terminal_observation"] = infos["final_obs"][row]
            told[row]["TimeLimit.truncated"] = bool(late[row] and not ended[row])
        return seen, rewards.astype(np.float32), ended | late, told

    def close(self) -> None:
        """Leave the environments to the evaluator."""

    def get_attr(self, attr_name: str, indices: Any = None) -> list[Any]:
        """Return what all environments have, the render mode, which is None."""
        return [None] * self.num_envs

    def set_attr(self, attr_name: str, value: Any, indices: Any = None) -> None:
        """Raise AttributeError: nothing of served environments can be set."""
        raise AttributeError(attr_name)

    def env_method(self, method_name: str, *args: Any, indices: Any = None, **kwargs: Any) -> Any:
        """Raise AttributeError: served environments have no other methods."""
        raise AttributeError(method_name)

    def env_is_wrapped(self, wrapper_class: Any, indices: Any = None) -> list[bool]:
        """Return False for each."""
        return [False] * self.num_envs
