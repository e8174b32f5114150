"""The package that opens windows: which one it is, and signals while a window is open."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import gymnasium as gym
import pytest
from interrupting import HEED

from mesa_gym.cli import main
from mesa_gym.rendering.pygame import load_pygame

pytest.importorskip("pygame")

# The window of an environment, whose steps would go on without it.
HUMAN = """
import numpy as np
from mesa_gym.rendering.window import Window

window = Window("title", 30)
window.show(np.zeros((8, 8, 3), np.uint8))
print("ready", flush=True)
while True:
    window.show(np.zeros((8, 8, 3), np.uint8))
"""
VIEWER = """
import sys
from mesa_gym.command import run_command
from mesa_gym.viewer.app import App, Screen

class Drawn(Screen):
    def draw(self, painter):
        print("ready", flush=True)

sys.exit(run_command("p", lambda: App(Drawn()).run() or 0))
"""
FROM_PYTHON = VIEWER.replace(
    'run_command("p", lambda: App(Drawn()).run() or 0)', "App(Drawn()).run()"
)


@pytest.mark.skipif(os.name != "posix", reason="Windows ends a process without a signal")
@pytest.mark.parametrize(
    ("code", "number", "expected"),
    [
        (HUMAN, signal.SIGTERM, -signal.SIGTERM),
        (FROM_PYTHON, signal.SIGTERM, -signal.SIGTERM),
        (VIEWER, signal.SIGTERM, 143),
        (VIEWER, signal.SIGINT, 130),
    ],
    ids=["human", "from_python", "viewer", "interrupted"],
)
def test_a_signal_ends_what_has_a_window(code, number, expected, tmp_path):
    with subprocess.Popen(
        [sys.executable, "-c", HEED + code],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2]), "SDL_VIDEODRIVER": "dummy"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout
            assert process.stdout.readline() == "ready\n"
            process.send_signal(number)
            _, said = process.communicate(timeout=5)
        finally:
            process.kill()
    assert process.returncode == expected, said
    assert "Traceback" not in said


def old_pygame():
    return ModuleType("pygame")  # the files of pygame-ce, overwritten by pygame's: no IS_CE


def broken_pygame():
    broken = ModuleType("pygame")  # what the uninstalling of one leaves of the other
    broken.__path__ = []
    return broken


@pytest.mark.parametrize("left", [old_pygame, broken_pygame])
def test_another_pygame_than_ce_is_refused_at_each_door(left, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "pygame", left())
    commands = r"pip uninstall -y pygame pygame-ce.*pip install pygame-ce"
    with pytest.raises(ImportError, match=commands):
        load_pygame()
    env = gym.make("MesaGym/CheeseCorner-v0", render_mode="human")
    with pytest.raises(gym.error.DependencyNotInstalled, match=commands):
        env.reset()
    assert main(["list", "--sheet", "sheet.png"]) == 2
    assert "pip uninstall -y pygame pygame-ce" in capsys.readouterr().err
