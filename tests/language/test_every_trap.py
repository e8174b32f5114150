"""Sessions on every trap of the package."""

import gymnasium as gym
import pytest

from mesa_gym.language.session import TextSession
from mesa_gym.policies.answers import ACTION_ASKED
from mesa_gym.probing import demonstrations
from mesa_gym.traps import Split, package_traps


@pytest.mark.parametrize("name", package_traps())
def test_session_begins_on_every_trap(name):
    for split in Split:
        env = gym.make(f"MesaGym/{name}", split=split, observation="text")
        obs, _ = env.reset(options={"level": 1})
        assert TextSession().begin(trap=name, split=split, level=1) == f"{obs}\n{ACTION_ASKED}"


@pytest.mark.parametrize("name", package_traps())
def test_demonstrations_of_no_levels_are_none(name):
    assert demonstrations(name, []) == []
