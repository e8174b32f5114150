"""The check for pygame-ce; it needs pygame."""

import sys
from importlib.machinery import ModuleSpec
from types import ModuleType

import gymnasium as gym
import pytest

from mesa_gym.cli import main
from mesa_gym.rendering.window import load_pygame

pytest.importorskip("pygame")


def old_pygame():
    old = ModuleType("pygame")  # the files of pygame-ce, overwritten by pygame's: no IS_CE
    old.__spec__ = ModuleSpec("pygame", None)
    return old


def broken_pygame():
    broken = old_pygame()  # what the uninstalling of one leaves of the other
    broken.__path__ = []
    return broken


@pytest.mark.parametrize("left", [old_pygame, broken_pygame])
def test_pygame_other_than_ce_is_refused(left, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "pygame", left())
    commands = r"pip uninstall -y pygame pygame-ce.*pip install pygame-ce"
    with pytest.raises(ImportError, match=commands):
        load_pygame()
    env = gym.make("MesaGym/CheeseCorner-v0", render_mode="human")
    with pytest.raises(gym.error.DependencyNotInstalled, match=commands):
        env.reset()
    assert main(["watch", "CheeseCorner"]) == 2
    assert "pip uninstall -y pygame pygame-ce" in capsys.readouterr().err
