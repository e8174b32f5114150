"""``mesa-gym watch``: shows policies and recorded episodes.

The window opens first, and imports the other modules while it is open.
"""

from __future__ import annotations

import argparse
import re
from typing import TYPE_CHECKING

from mesa_gym.cli import ALGO, BESIDE, PLAYS, POLICIES, list_imports
from mesa_gym.cli.trap_arguments import (
    add_sampling_arguments,
    add_trap_argument,
    read_trap,
    read_traps,
)
from mesa_gym.command import DONE
from mesa_gym.errors import require_imports, shorten
from mesa_gym.files import locate_path
from mesa_gym.rendering.window import load_pygame
from mesa_gym.terminal import printable
from mesa_gym.traps import Trap
from mesa_gym.viewer.app import LEAST_SIZE, SIZE, App, LoadingScreen, Screen

if TYPE_CHECKING:
    from mesa_gym.viewer.screen import WatchScreen

OVER = (
    "layers over the grids: pays, taken, path, heat:<objective>, sees, with commas between; or all"
)
MAP = "begin at a saved map, or at another drawing of the trap"
RECORD = "at the end write a picture or a film: .png, .gif or .mp4"
SIZES = "size of the window, in pixels (default: %(default)s)"
MOST_SIZE = (7680, 4320)  # larger pictures would fill the memory


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("--policy", help=f"{POLICIES}; default: the oracle of base")
    parser.add_argument("--algo", help=ALGO)
    help_text = "a log: lines, or one of Inspect; --policy picks one of several policies"
    parser.add_argument("--episodes", metavar="LOG", help=help_text)
    add_window_arguments(parser)


def add_window_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments for the trap, the level and the window, which ``play`` also takes."""
    add_trap_argument(parser)
    parser.add_argument("--map", type=locate_path, metavar="FILE", help=MAP)
    add, size = parser.add_argument, "x".join(map(str, SIZE))
    add("--split", help=f"{PLAYS}; play begins with train")
    add("--level", type=int, metavar="N", help="number of the level, 0 to 2**48 - 1")
    add("--beside", metavar="WHOM", help=BESIDE)
    add_sampling_arguments(parser)
    add("--size", default=size, metavar=size, help=SIZES)
    add("--speed", type=float, default=1.0, metavar="X", help="speed, 0.25 to 64")
    add("--overlays", metavar="A,B", help=OVER)
    add("--no-panel", action="store_true", help="leave out the panel")
    add("--headless", action="store_true", help="open no window")
    add("--record", type=locate_path, metavar="FILE", help=RECORD)
    add("--step", type=int, metavar="N", help="step that a .png shows")


def run(options: argparse.Namespace) -> int:
    """Watch agents, step back, and change the level under them."""
    if options.episodes is not None:
        read_traps(options)  # imports the module of a user's trap
        return show_window(options, None, options.episodes)
    return show_window(options, read_trap(options), options.policy or "the level")


def show_window(options: argparse.Namespace, trap: Trap | None, description: str) -> int:
    """Open the window unless headless, and write the requested files.

    Args:
        options: the command's options.
        trap: the trap to play; None if a log names it.
        description: the text to show during loading.
    """
    size = _size(options.size)
    suffix = str(options.record).lower()
    films = [_load_pillow] * suffix.endswith(".gif") + [_load_ffmpeg] * suffix.endswith(".mp4")
    policies = [getattr(options, name, None) for name in ("policy", "beside")]
    algo = getattr(options, "algo", None)  # ``play`` has no policy
    require_imports(load_pygame, *films, *list_imports(policies, algo))
    if options.headless or options.record or options.step is not None:
        from mesa_gym.cli.viewing import require_files

        require_files(options)  # raises before any work
    screens: list[WatchScreen] = []

    def make() -> WatchScreen:
        from mesa_gym.cli.viewing import make_screen

        return make_screen(options, trap)

    def begin() -> Screen:
        screens.append(make())
        screens[0].greet()
        return screens[0]

    if options.headless:
        screens.append(make())
    else:
        try:
            App(LoadingScreen(description, begin), size).run()
        except OSError:  # such as no display; an error in the options is raised first
            make()  # without threads, which would outlive the process
            raise
    if screens and options.record:
        from mesa_gym.viewer.recording import write_recording

        write_recording(screens[0], options.record, size, options.step)
        print(f"wrote {printable(str(options.record))}")
    return DONE


def _load_pillow() -> None:
    from mesa_gym.viewer.recording import load_pillow

    load_pillow()


def _load_ffmpeg() -> None:
    from mesa_gym.viewer.recording import find_ffmpeg

    find_ffmpeg()


def _size(text: str) -> tuple[int, int]:
    match = re.fullmatch(r"(\d{1,5})x(\d{1,5})", text)
    if match is None:
        raise ValueError(f"size {shorten(text)}: expected width and height, such as 1280x800")
    size = int(match[1]), int(match[2])
    if not all(a <= b <= c for a, b, c in zip(LEAST_SIZE, size, MOST_SIZE, strict=True)):
        sides = ("x".join(map(str, side)) for side in (size, LEAST_SIZE, MOST_SIZE))
        raise ValueError("size {}: expected {} to {}".format(*sides))
    return size
