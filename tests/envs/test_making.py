"""Ids that importing the package registers, and the time that it takes."""

import subprocess
import sys

import gymnasium as gym
import numpy as np
import pytest

from mesa_gym.traps import Split, all_traps

IMPORT = """
import sys, time, gymnasium
start = time.perf_counter()
import mesa_gym
imported = time.perf_counter()
env = gymnasium.make("MesaGym/RedBlueDoors-v0")
env.reset()
env.step(0)
heavy = {"torch", "stable_baselines3", "pygame", "matplotlib", "scipy", "array_api_compat"}
print(imported - start, time.perf_counter() - start, *(heavy & {*sys.modules}))
"""


@pytest.mark.parametrize("split", Split)
def test_ids(split):
    for trap in all_traps().values():
        stem, version = trap.id(split).rsplit("-", 1)
        plain, flat = gym.make(trap.id(split)), gym.make(f"{stem}-Flat-{version}")
        by_keyword = gym.make(trap.id(), split=split.value, observation="flat")
        seen = [env.reset(options={"level": 12})[0] for env in (plain, flat, by_keyword)]
        np.testing.assert_array_equal(seen[0], trap().observe(trap().levels(split, [12]))[0])
        np.testing.assert_array_equal(seen[0].ravel(), seen[1])
        np.testing.assert_array_equal(seen[1], seen[2])
        # A network's layers take them as they are.
        assert seen[1].dtype == flat.step(0)[0].dtype == flat.observation_space.dtype == np.float32
        assert plain.reset(seed=1)[1]["split"] == split.code


@pytest.mark.thorough
def test_import_is_light():
    """The best of three processes: other work on the machine must not decide."""
    words = [
        subprocess.run([sys.executable, "-c", IMPORT], capture_output=True, text=True, check=True)
        for _ in range(3)
    ]
    found = [word.stdout.split() for word in words]
    assert [each[2:] for each in found] == [[]] * 3
    assert min(float(each[0]) for each in found) < 0.5
    assert min(float(each[1]) for each in found) < 0.8
