"""Ids in processes that are started afresh and import nothing of the program that started them."""

import subprocess
import sys

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode

from mesa_gym.testing.sample import difference

# A program given by -c is not imported again by the processes it starts, as a notebook is not.
PROGRAM = """
import gymnasium as gym
from gymnasium.vector import AsyncVectorEnv
import mesa_gym

make = lambda: gym.make("mesa_gym:MesaGym/KeysChests-v0")
envs = AsyncVectorEnv([make] * 2, context="spawn")
print(envs.reset(seed=3)[1]["level"].tolist())
envs.close()
"""


@pytest.mark.slow
def test_module_prefix_registers_ids_in_spawned_processes():
    command = [sys.executable, "-W", "error", "-c", PROGRAM]
    done = subprocess.run(command, capture_output=True, text=True)
    env = gym.make("MesaGym/KeysChests-v0")
    assert done.stdout == f"{[env.reset(seed=seed)[1]['level'] for seed in (3, 4)]}\n", done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("mode", AutoresetMode)
def test_async_vector_equals_sync_vector(mode):
    """Under shift the objectives differ, and the base one pays at the very end of an episode."""
    both = [
        gym.make_vec(
            "mesa_gym:MesaGym/RedBlueDoors-Shift-v0",
            3,
            vectorization_mode=vectorization,
            max_steps=60,
            vector_kwargs={"autoreset_mode": mode, **more},
        )
        # JAX, which another test may have loaded, does not bear a fork.
        for vectorization, more in (("sync", {}), ("async", {"context": "forkserver"}))
    ]
    assert difference(*[envs.reset(seed=7) for envs in both]) is None
    for actions in np.random.default_rng(0).integers(0, 5, (300, 3)):
        steps = [envs.step(actions) for envs in both]
        assert difference(*steps) is None
        done = steps[0][2] | steps[0][3]
        if mode is AutoresetMode.DISABLED and done.any():
            mask = {"reset_mask": done}
            assert difference(*[envs.reset(options=mask.copy()) for envs in both]) is None
    both[1].close()
