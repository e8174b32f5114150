"""Make docs/viewer.md's pictures: ``python -m docs.viewer_pictures``, in a checkout.

The first two are windows on a display of its own (Xvfb), driven by real key presses (xdotool); the
others are recorded without a display. Needs both programs and Pillow.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageGrab

from docs.pictures import save_picture

FOLDER = Path(__file__).parent / "images"
AGENT = "library:0"
DISPLAY, SIZE = ":77", "1280x800"
MESA_GYM = [str(Path(sys.executable).with_name("mesa-gym"))]
# The library's agent, which the start screen has highlighted; then overlays, and back in time: a
# step stops the clock.
KEYS = (("Return",), ("n", "p", "1"), ("period", "Home", *["period"] * 9))


def picture_window(keys: Sequence[Sequence[str]]) -> Image.Image:
    """Return a picture of the window after key presses, which come in groups."""
    server = subprocess.Popen(["Xvfb", DISPLAY, "-screen", "0", f"{SIZE}x24"])
    try:
        time.sleep(1)
        viewer = subprocess.Popen([*MESA_GYM, "watch"], env={"DISPLAY": DISPLAY, **_environment()})
        try:
            _xdotool("search", "--sync", "--class", "mesa-gym", "windowfocus")
            time.sleep(3)  # until the traps are there
            for group in keys:
                _xdotool("key", "--delay", "150", *group)
                time.sleep(3)  # until an agent has been loaded
            picture = ImageGrab.grab(xdisplay=DISPLAY)
            _xdotool("key", "--delay", "150", "Escape", "Escape", "Escape")
            if viewer.wait(timeout=10) != 0:
                raise RuntimeError(f"the viewer ended with exit code {viewer.returncode}")
            return picture
        finally:
            viewer.kill()
    finally:
        server.kill()
        server.wait()


def _environment() -> dict[str, str]:
    unseen = ("DISPLAY", "SDL_VIDEODRIVER")
    return {name: value for name, value in os.environ.items() if name not in unseen}


def _xdotool(*arguments: str) -> None:
    environment = {"DISPLAY": DISPLAY, **_environment()}
    subprocess.run(["xdotool", *arguments], env=environment, check=True, timeout=30)


def record_picture(name: str, *arguments: str) -> None:
    """Record something without a display."""
    into = "--strip" if name.endswith(".svg") else "--record"
    whole: Sequence[str] = [*MESA_GYM, "watch", *arguments, "--headless", into, str(FOLDER / name)]
    subprocess.run(whole, check=True)


def main() -> None:
    """Make every picture."""
    FOLDER.mkdir(exist_ok=True)
    save_picture(picture_window([]), FOLDER / "viewer_start.png")
    save_picture(picture_window(KEYS), FOLDER / "viewer.png")
    cheese = ["--policy", AGENT, "--trap", "CheeseCorner", "--level", "4"]
    record_picture("viewer_strip.svg", *cheese)
    doors = ["--policy", "oracle:red", "--trap", "RedBlueDoors", "--level", "17", "--step", "4"]
    record_picture("viewer_overlays.png", *doors, "--overlays", "all")


if __name__ == "__main__":
    main()
