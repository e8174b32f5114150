"""Gymnasium's NumpyToTorch around a trap's vector environment: tensors in, tensors out.

It needs torch and what `pip install "gymnasium[array-api]"` brings. It converts infos too and has
no way to convert text, so `split` is left out before it. With autoreset in the same step, the last
observations stand in an array of arrays, which it cannot convert either.
"""

from typing import Any

import gymnasium as gym
import numpy as np
import torch
from gymnasium.vector import AutoresetMode, VectorEnv, VectorWrapper
from gymnasium.wrappers.vector import NumpyToTorch

import mesa_gym

ENVS, STEPS = 4, 100


class WithoutSplit(VectorWrapper):
    """Infos of numbers only."""

    def reset(self, **keywords: Any) -> tuple[Any, dict[str, Any]]:
        """The reset, its infos without the name of the split."""
        observations, infos = self.env.reset(**keywords)
        return observations, self.numbers(infos)

    def step(self, actions: Any) -> tuple[Any, Any, Any, Any, dict[str, Any]]:
        """The step, likewise."""
        *given, infos = self.env.step(actions)
        return (*given, self.numbers(infos))

    @staticmethod
    def numbers(infos: dict[str, Any]) -> dict[str, Any]:
        """All but the split."""
        return {name: info for name, info in infos.items() if name not in ("split", "_split")}


def make_envs(autoreset: AutoresetMode) -> VectorEnv[Any, Any, Any]:
    """Environments with short episodes."""
    return gym.make_vec("MesaGym/KeysChests-v0", ENVS, autoreset_mode=autoreset, max_steps=30)


def refusal(envs: VectorEnv[Any, Any, Any]) -> str:
    """What it says when an episode has ended, if not before."""
    envs = NumpyToTorch(envs)
    try:
        envs.reset(seed=2)
        for _ in range(STEPS):
            envs.step(torch.full((ENVS,), 4))
    except BufferError as error:
        return str(error)
    raise AssertionError("it converts them after all")


def main() -> None:
    """Compare every step with the arrays."""
    plain = make_envs(AutoresetMode.NEXT_STEP)
    envs = NumpyToTorch(WithoutSplit(make_envs(AutoresetMode.NEXT_STEP)))
    plain.reset(seed=2)
    envs.reset(seed=2)
    for _ in range(STEPS):
        actions = torch.randint(5, (ENVS,))
        *arrays, infos = plain.step(actions.numpy())
        *tensors, converted = envs.step(actions)
        for tensor, array in zip(tensors, arrays, strict=True):
            assert isinstance(tensor, torch.Tensor)
            np.testing.assert_array_equal(tensor.numpy(), array)
        paid = mesa_gym.objectives(converted)
        for name, array in mesa_gym.objectives(infos).items():
            np.testing.assert_array_equal(np.asarray(paid[name]), array)
    print(f"{STEPS} steps of {ENVS} environments: tensors equal arrays, objectives included")
    print("with split:", refusal(make_envs(AutoresetMode.NEXT_STEP)))
    print("in the same step:", refusal(WithoutSplit(make_envs(AutoresetMode.SAME_STEP))))


if __name__ == "__main__":
    main()
