"""The contact sheet, signals while a window is open, and which pygame it is: all need pygame."""

import io
import os
import signal
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import gymnasium as gym
import numpy as np
import pytest
from interrupting import HEED
from PIL import Image

from mesa_gym.cli import main
from mesa_gym.rendering import render_rgb
from mesa_gym.rendering.pygame import load_pygame
from mesa_gym.rendering.sheet import WIDTH, contact_sheet
from mesa_gym.traps import Split, all_traps

pytest.importorskip("pygame")


TRAPS = list(all_traps().values())


def pixels(sheet):
    return np.asarray(Image.open(io.BytesIO(sheet), formats=["PNG"]).convert("RGB"))


def place(cls, split, sheet):
    """Row and column of the one place where a trap's level 0 stands on the sheet, and its width."""
    trap = cls()
    frame = render_rgb(trap, trap.levels(split, [0]), 32)[0]
    height, width, _ = frame.shape
    middle, whole, at, found = height // 2, sheet.tobytes(), -1, []
    while (at := whole.find(frame[middle].tobytes(), at + 1)) >= 0:
        y, x = divmod(at // 3, sheet.shape[1])
        y -= middle
        if at % 3 == 0 and np.array_equal(sheet[y : y + height, x : x + width], frame):
            found.append((y, x, width))
    assert len(found) == 1
    return found[0]


@pytest.mark.thorough
def test_contact_sheet_shows_every_trap_in_order():
    sheet = pixels(contact_sheet(TRAPS))
    assert sheet.shape[1] <= WIDTH
    before = (0, 0)
    for cls in TRAPS:
        y, x, width = place(cls, Split.TRAIN, sheet)
        assert place(cls, Split.SHIFT, sheet) == (y, x + width + 16, width)
        assert (y, x) > before
        before = (y, x)
        written = sheet[y - 90 : y, x : x + 200]  # name, objectives, split
        ink = (written < 100).all(axis=-1).any(axis=1)
        assert np.count_nonzero(np.diff(ink.astype(int)) == 1) >= 3, f"{cls.name()}: three lines"


def test_grids_of_other_sizes_fit():
    class Wide(TRAPS[0]):  # type: ignore[misc, valid-type]
        default_size = (7, 45)

    sheet = pixels(contact_sheet([TRAPS[0], Wide]))
    assert sheet.shape[1] > WIDTH  # a card that is too wide by itself gets a row of its own
    assert place(Wide, Split.SHIFT, sheet)[0] > place(TRAPS[0], Split.TRAIN, sheet)[0]


@pytest.mark.thorough
def test_list_sheet_is_written_whole_or_not(run, monkeypatch):
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
def test_signal_ends_a_program_with_a_window(code, number, expected, tmp_path):
    with subprocess.Popen(
        [sys.executable, "-c", HEED + code],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2]), "SDL_VIDEODRIVER": "dummy"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout.readline() == "ready\n"
            process.send_signal(number)
            _, said = process.communicate()
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
