"""Options, window and recording of ``watch``, ``play`` and ``replay``."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from mesa_gym.command import DONE, require_writable
from mesa_gym.engine import State
from mesa_gym.envs.checks import integer
from mesa_gym.policies.finding import MEANINGS
from mesa_gym.rendering.pygame import load_pygame
from mesa_gym.scoring.rollout import TWINS
from mesa_gym.scoring.trace import MOST_SEED
from mesa_gym.traps import Split, Trap, find_trap
from mesa_gym.viewer.actors import Player
from mesa_gym.viewer.app import LEAST, SIZE, App, Screen
from mesa_gym.viewer.compare import BESIDE, SPLITS, seats_for
from mesa_gym.viewer.mapfile import load_map
from mesa_gym.viewer.overlays import parse_overlays
from mesa_gym.viewer.recording import (
    FILMS,
    STRIPS,
    load_imageio,
    record,
    require_kind,
    write_strip,
)
from mesa_gym.viewer.screen import WatchScreen
from mesa_gym.viewer.session import SPEEDS, Session
from mesa_gym.viewer.start import LoadingScreen

OVER = (
    "what is shown over the grids: pays, path, oracles, heat:<objective>, conflicts, visits,"
    " sees, actions, with commas between; or all"
)
RECORD = "write what was watched, at last: .png, .gif, .mp4, or the actions: .trace"
SIZES = "of the window, in pixels (default: %(default)s)"
SCALE = "of all that is shown: 0.5 to 8 (default: %(default)s)"
STRIP = "write six moments of the episode: .png or .svg"
# What can be said of one episode only, and not of the start screen.
SCALES = (0.5, 8.0)  # pixels a point
MOST = (7680, 4320)  # of a picture: larger ones would fill the memory
QUICK = ("oracle", "reference", *MEANINGS, "the policy", "the level")
PATIENCE = 0.1  # seconds before a window is opened on what is still being loaded
OF_AN_EPISODE = ("policy", "split", "level", "beside", "overlays", "record", "strip", "headless")


@dataclass(frozen=True)
class Look:
    """The beginning of a screen.

    Attributes:
        size: width and height in pixels.
        scale: pixels a point.
        speed: one of ``SPEEDS``.
        overlays: names with commas between, or "all".
        panel: whether there is one.

    Raises:
        ValueError: one of these cannot be.
    """

    size: tuple[int, int] = SIZE
    scale: float = 1.0
    speed: float = 1.0
    overlays: str = ""
    panel: bool = True

    def __post_init__(self) -> None:
        if not SCALES[0] <= self.scale <= SCALES[1]:
            raise ValueError(f"scale {self.scale:g}: expected {SCALES[0]:g} to {SCALES[1]:g}")
        if not all(a <= b <= c for a, b, c in zip(LEAST, self.size, MOST, strict=True)):
            sides = ("x".join(map(str, each)) for each in (self.size, LEAST, MOST))
            raise ValueError("size {}: expected {} to {}".format(*sides))
        if self.speed not in SPEEDS:
            valid = ", ".join(f"{speed:g}" for speed in SPEEDS)
            raise ValueError(f"speed {self.speed:g}: expected one of {valid}")

    def screen(self, session: Session, back: Screen | None = None) -> WatchScreen:
        """Return the screen that shows a session in this way.

        Args:
            session: what is watched.
            back: the screen that one goes back to; None to end with this one.

        Raises:
            UnknownNameError: the trap has no such overlay.
        """
        session.shown = parse_overlays(session.trap, self.overlays)
        session.speed = self.speed
        return WatchScreen(session, self.panel, back)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare what all three commands take."""
    add, size = parser.add_argument, "x".join(map(str, SIZE))
    add("--split", help="train, test, control, shift (the default) or twins")
    add("--level", type=int, metavar="N", help="0 to 2**48 - 1")
    add("--beside", metavar="WHOM", help=BESIDE)
    add("--seed", type=int, default=0, help="of the sampling of actions (default: %(default)s)")
    add("--salt", default="", help="an evaluator's secret: other levels")
    add("--size", default=size, metavar=size, help=SIZES)
    add("--scale", type=float, default=1.0, metavar="X", help=SCALE)
    add("--speed", type=float, default=1.0, metavar="X", help="0.25 to 64 (default: %(default)s)")
    add("--overlays", metavar="A,B", help=OVER)
    add("--no-panel", action="store_true", help="leave out the panel")
    add("--headless", action="store_true", help="no window; none is needed")
    add("--record", type=Path, metavar="FILE", help=RECORD)
    add("--strip", type=Path, metavar="FILE", help=STRIP)
    add("--step", type=int, metavar="N", help="which one a .png shows")


def checked(options: argparse.Namespace) -> Look:
    """Return how the screen begins; what cannot be is refused before any work.

    Raises:
        ValueError: an option is wrong by itself, or a file cannot be written.
        ImportError: an extra that is needed is not installed.
    """
    kind = _checked_files(options)
    integer("seed", options.seed, 0, MOST_SEED)
    size = re.fullmatch(r"(\d{1,5})x(\d{1,5})", options.size)
    if size is None:
        raise ValueError(f"size {options.size!r}: expected width and height, such as 1280x800")
    width, height = map(int, size.groups())
    overlays, panel = options.overlays or "", not options.no_panel
    look = Look((width, height), options.scale, options.speed, overlays, panel)
    load_pygame()
    if kind in FILMS:
        load_imageio()
    return look


def _checked_files(options: argparse.Namespace) -> str | None:
    """Return the suffix of what is recorded, if anything is."""
    kind = None if options.record is None else require_kind(options.record)
    if options.strip is not None:
        require_kind(options.strip, STRIPS)
    for path in (options.record, options.strip):
        require_writable(path)
    if options.headless and options.record is None and options.strip is None:
        raise ValueError("--headless shows nothing: add --record FILE or --strip FILE")
    if options.record is not None and options.record == options.strip:
        raise ValueError(f"--record and --strip are both {options.strip}: give two files")
    if options.step is not None and not (options.headless and kind == ".png"):
        raise ValueError("--step says what a picture shows: add --headless --record FILE.png")
    return kind


def session_of(
    options: argparse.Namespace, player_on: Callable[[Trap], Player], trap: Trap | None = None
) -> Session:
    """Return what is watched: from a map, or on a level.

    Args:
        options: of the command.
        player_on: the player on a trap.
        trap: the one to play; by default the one that the options name.

    Raises:
        ValueError: the map is damaged or leaves no room for another option, the level is out of
            range, or a player cannot play it.
    """
    state, level = None, options.level or 0
    if options.map is not None:
        trap, play, state = _from_map(options)
        level = int(state.level.number[0])
    else:
        trap = find_trap(options.trap)() if trap is None else trap
        play = play_of(options.split)
    if options.beside in (SPLITS, TWINS) and options.split is not None:
        raise ValueError(f"--beside {options.beside} says what is shown: leave out --split")
    seats = seats_for(player_on(trap), trap, play, options.beside, options.seed)
    return Session(trap, seats, level, options.salt, state)


def play_of(split: str | None) -> str:
    """Return what is played: a split, or the twins of shift; by default the shift."""
    return TWINS if split == TWINS else Split.of(split or Split.SHIFT)


def _from_map(options: argparse.Namespace) -> tuple[Trap, str, State]:
    for name in ("trap", "split", "level"):
        if getattr(options, name) is not None:
            raise ValueError(f"a map says its {name} itself: leave out --{name}")
    if options.beside in (SPLITS, TWINS):
        reason = f"a map is of one split: --beside {options.beside} needs --trap and --level"
        raise ValueError(reason)
    if options.record is not None and require_kind(options.record) == ".trace":
        raise ValueError(f"cannot record {options.record}: a trace begins as a level, not a map")
    return load_map(options.map)


def show(make: Callable[[], Session], options: argparse.Namespace, look: Look, what: str) -> int:
    """Open the window unless headless, and write what is asked for.

    Args:
        make: gives what is watched; it may take seconds to load.
        options: of the command.
        look: of the screen.
        what: to say while it is being loaded.
    """
    if options.headless:
        screen = look.screen(make())
    else:

        def begin() -> WatchScreen:
            session = make()
            made.append(look.screen(session))
            made[0].greet()
            session.prepare()
            return made[0]

        made: list[WatchScreen] = []
        loading = LoadingScreen(what, begin)
        # What is wrong at once is said without a window; what may import torch comes after it.
        slow = "/" in what or Path(what).exists() or what.partition(":")[0] not in QUICK
        show_window(loading if slow else loading.ready(PATIENCE), look)
        if not made:
            return DONE
        screen = made[0].plain()
    if options.record is not None:
        record(screen, options.record, look.size, look.scale, options.step)
    if options.strip is not None:
        for _ in screen.settling():
            pass
        write_strip(options.strip, screen.session.pane)
    return DONE


def show_window(screen: Screen, look: Look) -> None:
    """Show a screen, and what follows it, until the window is closed."""
    App(screen, look.size, look.scale).run()
