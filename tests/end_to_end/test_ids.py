"""Gymnasium's checker on every id, and what clients read of an environment: its spec and infos."""

import subprocess
import sys

import gymnasium as gym
import pytest
from gymnasium.utils.env_checker import check_env

import mesa_gym

IDS = [id for id in gym.registry if id.startswith("MesaGym/")]


def test_registry_has_ids_of_traps_and_splits():
    assert len(IDS) == len(mesa_gym.traps.package_traps()) * 4 * 2


def test_spec_describes_the_environment_of_its_id():
    for id in IDS:
        spec = gym.spec(id)
        env = gym.make(id).unwrapped
        assert spec.kwargs["trap"] == env.trap.name()
        assert spec.kwargs["split"] == env.settings.split
        assert spec.kwargs.get("observation", "planes") == env.settings.observation.name
        assert spec.reward_threshold == env.trap.reward_threshold
        infos = env.reset(seed=0)[1], env.step(4)[4]
        first, later = ({name: type(x) for name, x in info.items()} for info in infos)
        assert first == later


@pytest.mark.slow
@pytest.mark.parametrize("id", IDS)
def test_environment_passes_the_gymnasium_checker_headless(id, monkeypatch):
    """`human` included; a warning is an error, as in all tests."""
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "SDL_VIDEODRIVER"):
        monkeypatch.delenv(name, raising=False)
    check_env(gym.make(id).unwrapped)


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
