"""Ids in processes that are started afresh and import nothing of the program that started them."""

import subprocess
import sys

import gymnasium as gym
import pytest

import mesa_gym  # noqa: F401  (registers the ids)

# A program given by -c is not imported again by the processes it starts, as a notebook is not.
PROGRAM = """
import sys
import gymnasium as gym
from gymnasium.vector import AsyncVectorEnv
import mesa_gym

env_id = sys.argv[1]
envs = AsyncVectorEnv([lambda: gym.make(env_id)] * 2, context="spawn")
print(envs.reset(seed=3)[1]["level"].tolist())
envs.close()
"""


def run(env_id):
    command = [sys.executable, "-W", "error", "-c", PROGRAM, env_id]
    return subprocess.run(command, capture_output=True, text=True, timeout=100)


@pytest.mark.slow
def test_the_prefix_registers_ids_in_spawned_processes():
    done = run("mesa_gym:MesaGym/KeysChests-v0")
    env = gym.make("MesaGym/KeysChests-v0")
    assert done.stdout == f"{[env.reset(seed=seed)[1]['level'] for seed in (3, 4)]}\n", done.stderr


@pytest.mark.slow
def test_without_it_gymnasium_says_that_the_namespace_is_unknown():
    assert "Namespace MesaGym not found" in run("MesaGym/KeysChests-v0").stderr
