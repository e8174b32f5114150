"""The contact sheet, and the check for pygame-ce; both need pygame."""

import sys
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType

import gymnasium as gym
import pytest

from mesa_gym.cli import main
from mesa_gym.rendering.pygame import load_pygame
from mesa_gym.rendering.sheet import contact_sheet
from mesa_gym.traps import all_traps

pytest.importorskip("pygame")


TRAPS = list(all_traps().values())


@pytest.mark.thorough
def test_list_sheet_that_fails_keeps_old_file(run, monkeypatch):
    file = Path("sheet.png")
    file.write_text("an older one")
    with monkeypatch.context() as without:
        without.setitem(sys.modules, "pygame", None)
        code, error = run("list --sheet sheet.png")
    assert (code, "mesa-gym[viewer]" in error) == (2, True)
    assert file.read_text() == "an older one"
    assert run("list --sheet sheet.png") == (0, "")
    assert file.read_bytes() == contact_sheet(TRAPS)
    assert [path.name for path in Path().iterdir()] == ["sheet.png"]


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
    assert main(["list", "--sheet", "sheet.png"]) == 2
    assert "pip uninstall -y pygame pygame-ce" in capsys.readouterr().err
