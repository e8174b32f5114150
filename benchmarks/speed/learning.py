"""Frames a second of SB3's PPO on an environment, against a stub that costs nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import gymnasium
import numpy as np

from mesa_gym import make_sb3
from mesa_gym.errors import missing_extra
from mesa_gym.traps import Split

try:
    import torch
    from stable_baselines3 import PPO
    from stable_baselines3.common.vec_env import VecEnv, VecMonitor
    from stable_baselines3.common.vec_env.base_vec_env import VecEnvIndices, VecEnvStepReturn
except ImportError:
    raise missing_extra("stable-baselines3", "sb3") from None

ENVS = 128
# With SB3's own batches of 64 the learner takes so long that no environment would seem slow.
SETTINGS = {"n_steps": 32, "batch_size": 1024, "n_epochs": 3}


def ppo(id: str, on: str) -> Callable[[int], int]:
    """Frames of SB3's PPO with its MLP, learning included.

    Args:
        id: of the environment.
        on: ``ours``; ``stub`` for constant arrays of the same shapes instead; or ``timed``, a stub
            whose episodes end at the time limit, where SB3 asks the network for one value each.
    """
    torch.set_num_threads(1)
    venv = make_sb3(id, ENVS, seed=0)
    limits = {"stub": None, "timed": venv.get_attr("trap", 0)[0].horizon(Split.TRAIN)}
    # make_sb3 has put a VecMonitor around ours.
    given = VecMonitor(Stub(venv, limits[on])) if on in limits else venv
    model = PPO("MlpPolicy", given, device="cpu", seed=0, **SETTINGS)  # type: ignore[arg-type]

    def work(rollouts: int) -> int:
        frames = rollouts * ENVS * SETTINGS["n_steps"]
        model.learn(frames, reset_num_timesteps=False)
        return frames

    return work


class Stub(VecEnv):
    """Constant arrays of another environment's shapes.

    Args:
        like: the environment.
        limit: episodes are cut off after so many steps, evenly spread; None if they never end.
    """

    def __init__(self, like: VecEnv, limit: int | None = None) -> None:
        super().__init__(like.num_envs, like.observation_space, like.action_space)
        n, space = like.num_envs, like.observation_space
        assert isinstance(space, gymnasium.spaces.Box)
        self.observations = np.zeros((n, *space.shape), space.dtype)
        self.rewards = np.zeros(n, np.float32)
        # Steps until each episode's end; below 0 there is none.
        self.limit = -1 if limit is None else limit
        self.left = np.arange(n) % limit + 1 if limit else np.full(n, self.limit)

    def reset(self) -> np.ndarray:
        """The constant observations."""
        return self.observations

    def step_async(self, actions: np.ndarray) -> None:
        """Nothing depends on the actions."""

    def step_wait(self) -> VecEnvStepReturn:
        """The constants, and the end of some episodes."""
        infos: list[dict[str, Any]] = [{} for _ in range(self.num_envs)]
        self.left -= 1
        dones = self.left == 0
        self.left[dones] = self.limit
        for row in dones.nonzero()[0]:
            last = self.observations[row]
            infos[row] = {"TimeLimit.truncated": True, "terminal_observation": last}
        return self.observations, self.rewards, dones, infos

    def close(self) -> None:
        """Nothing is open."""

    def get_attr(self, attr_name: str, indices: VecEnvIndices = None) -> list[Any]:
        """SB3 asks for the render mode: there is none."""
        return [None for _ in self._get_indices(indices)]

    def set_attr(self, attr_name: str, value: Any, indices: VecEnvIndices = None) -> None:
        """There is nothing to set."""

    def env_method(
        self, method_name: str, *args: Any, indices: VecEnvIndices = None, **keywords: Any
    ) -> list[Any]:
        """There is nothing to call."""
        return [None for _ in self._get_indices(indices)]

    def env_is_wrapped(
        self, wrapper_class: type[gymnasium.Wrapper], indices: VecEnvIndices = None
    ) -> list[bool]:
        """Nothing is wrapped."""
        return [False for _ in self._get_indices(indices)]

    def get_images(self) -> Sequence[np.ndarray | None]:
        """There is nothing to see."""
        return [None] * self.num_envs
