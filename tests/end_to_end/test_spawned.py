"""Ids in spawned processes, which import nothing of their parent."""

import subprocess
import sys

import gymnasium as gym
import pytest

PLAY = """
from random import Random

rng = Random(0)
levels = envs.reset(seed=[3, 4])[1]["level"].tolist()
paid = [envs.step(rng.choices(range(5), k=2))[4]["reward_keys"].sum() for _ in range(300)]
print(levels, paid)
"""
# A program given by -c is not imported again by the processes it starts, as a notebook is not.
PROGRAM = f"""
import gymnasium as gym
from gymnasium.vector import AsyncVectorEnv
import mesa_gym

make = lambda: gym.make("mesa_gym:MesaGym/KeysChests-v0")
envs = AsyncVectorEnv([make] * 2, context="spawn")
{PLAY}
envs.close()
"""


@pytest.mark.slow
def test_module_prefix_registers_ids_in_spawned_processes(capsys):
    """They play what environments of this process play."""
    command = [sys.executable, "-W", "error", "-c", PROGRAM]
    done = subprocess.run(command, capture_output=True, text=True)
    exec(PLAY, {"envs": gym.make_vec("MesaGym/KeysChests-v0", 2, vectorization_mode="sync")})
    assert done.stdout == capsys.readouterr().out, done.stderr
    assert "1.0" in done.stdout
