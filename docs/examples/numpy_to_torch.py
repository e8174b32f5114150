"""Gymnasium's NumpyToTorch around a trap's vector environment: tensors in, tensors out.

It needs torch and what `pip install "gymnasium[array-api]"` brings. It converts infos too, of which
all are numbers. With autoreset in the same step, the last observations stand in an array of arrays,
which it cannot convert.
"""

from typing import Any

import gymnasium as gym
import numpy as np
import torch
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.wrappers.vector import NumpyToTorch

import mesa_gym

ENVS, STEPS = 4, 100


def make_envs(autoreset: AutoresetMode) -> VectorEnv[Any, Any, Any]:
    """Environments with short episodes."""
    return gym.make_vec("MesaGym/KeysChests-v0", ENVS, autoreset_mode=autoreset, max_steps=30)


def compare(given: Any, expected: Any) -> None:
    """Tensors hold what arrays hold, in dicts within dicts too."""
    if isinstance(expected, dict):
        assert given.keys() == expected.keys()
        for name, values in expected.items():
            compare(given[name], values)
    else:
        assert isinstance(given, torch.Tensor)
        np.testing.assert_array_equal(given.numpy(), expected)


def compare_steps(autoreset: AutoresetMode) -> int:
    """Every step gives the same; return how many episodes ended."""
    plain, envs, ended = make_envs(autoreset), NumpyToTorch(make_envs(autoreset)), 0
    for given, expected in zip(envs.reset(seed=2), plain.reset(seed=2), strict=True):
        compare(given, expected)
    for _ in range(STEPS):
        actions = torch.randint(5, (ENVS,))
        step, arrays = envs.step(actions), plain.step(actions.numpy())
        for given, expected in zip(step, arrays, strict=True):
            compare(given, expected)
        paid = mesa_gym.objectives(step[4])
        assert (paid["chests"] == step[1]).all()
        done = arrays[2] | arrays[3]
        ended += int(done.sum())
        if autoreset is AutoresetMode.DISABLED and done.any():
            compare(
                envs.reset(options={"reset_mask": done})[0],
                plain.reset(options={"reset_mask": done})[0],
            )
    return ended


def refusal(autoreset: AutoresetMode) -> str:
    """Return its error when an episode has ended, if not before."""
    try:
        compare_steps(autoreset)
    except BufferError as error:
        return str(error)
    raise AssertionError("it converts them after all")


def main() -> None:
    """Compare every step with the arrays."""
    for autoreset in (AutoresetMode.NEXT_STEP, AutoresetMode.DISABLED):
        ended = compare_steps(autoreset)
        print(
            f"{autoreset.value}: {STEPS} steps of {ENVS} environments, {ended} episodes ended:"
            " tensors equal arrays, infos included"
        )
    print(f"{AutoresetMode.SAME_STEP.value}: {refusal(AutoresetMode.SAME_STEP)}")


if __name__ == "__main__":
    main()
