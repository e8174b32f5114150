"""Options, window and recording of ``watch``, ``play`` and ``replay``."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable
from pathlib import Path

from mesa_gym.command import DONE, require_writable
from mesa_gym.rendering.pygame import load_pygame
from mesa_gym.scoring.trace_checks import require_seed
from mesa_gym.traps import Split, Trap
from mesa_gym.viewer import strip
from mesa_gym.viewer.app import SIZE, App, Screen
from mesa_gym.viewer.beside import SPLITS, seats_for
from mesa_gym.viewer.film import MOST_A_SECOND, find_ffmpeg
from mesa_gym.viewer.opening import Look, greet
from mesa_gym.viewer.pane import Seat
from mesa_gym.viewer.players import Player
from mesa_gym.viewer.recording import record, require_kind
from mesa_gym.viewer.session import Session

OVER = (
    "what is shown over the grids: path, oracles, heat:<objective>, conflicts, visits,"
    " sees, actions, with commas between; or all"
)
# What can be said of one episode only, and not of the start screen.
OF_AN_EPISODE = ("policy", "split", "level", "beside", "overlays", "record", "strip", "headless")


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare what all three commands take."""
    size = "x".join(map(str, SIZE))
    parser.add_argument("--split", help="train, test, control or shift (the default)")
    parser.add_argument("--level", type=int, metavar="N", help="0 to 2**48 - 1")
    parser.add_argument(
        "--beside",
        metavar="WHOM",
        help="splits: the same on train and shift; oracles: each objective's; or another policy",
    )
    parser.add_argument("--seed", type=int, default=0, help="of the sampling of actions")
    parser.add_argument("--salt", default="", help="an evaluator's secret: other levels")
    parser.add_argument("--size", default=size, metavar=size, help="of the window, in pixels")
    parser.add_argument(
        "--scale", type=float, default=1.0, metavar="X", help="how large all of it is: 0.5 to 8"
    )
    parser.add_argument("--speed", type=float, default=1.0, metavar="X", help="0.25 to 64")
    parser.add_argument("--overlays", metavar="A,B", help=OVER)
    parser.add_argument("--no-panel", action="store_true", help="leave out the panel")
    parser.add_argument("--headless", action="store_true", help="no window; none is needed")
    parser.add_argument(
        "--record",
        type=Path,
        metavar="FILE",
        help="write what was watched, at last: .png, .gif, .mp4, or the actions: .trace",
    )
    parser.add_argument(
        "--strip", type=Path, metavar="FILE", help="write six moments of the episode: .png or .svg"
    )
    parser.add_argument("--step", type=int, metavar="N", help="which one a .png shows")


def checked(options: argparse.Namespace) -> Look:
    """Return how the screen begins; what cannot be is refused before any work.

    Raises:
        ValueError: an option is wrong by itself, or a file cannot be written.
        ImportError: an extra that is needed is not installed.
    """
    kind = _checked_files(options)
    require_seed(options.seed)
    size = re.fullmatch(r"(\d{1,5})x(\d{1,5})", options.size)
    if size is None:
        raise ValueError(f"size {options.size!r}: expected width and height, such as 1280x800")
    width, height = map(int, size.groups())
    overlays, panel = options.overlays or "", not options.no_panel
    look = Look((width, height), options.scale, options.speed, overlays, panel)
    load_pygame()
    if kind in MOST_A_SECOND:
        find_ffmpeg()
    return look


def _checked_files(options: argparse.Namespace) -> str | None:
    """Return the suffix of what is recorded, if anything is."""
    kind = None if options.record is None else require_kind(options.record)
    if options.strip is not None:
        strip.require_kind(options.strip)
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
    options: argparse.Namespace, player: Player, trap: Trap, split: Split, level: int
) -> Session:
    """Return what is watched on a level.

    Raises:
        ValueError: the level is out of range, or a player cannot play it.
    """
    return Session(trap, _seats(options, player, trap, split), level, options.salt)


def session_from_map(options: argparse.Namespace, player_on: Callable[[Trap], Player]) -> Session:
    """Return what is watched from a map.

    Args:
        options: of the command.
        player_on: the player on a trap.

    Raises:
        ValueError: the map is damaged, or something was asked that it leaves no room for.
    """
    from mesa_gym.viewer.mapfile import load_map

    for name in ("trap", "split", "level"):
        if getattr(options, name) is not None:
            raise ValueError(f"a map says its {name} itself: leave out --{name}")
    if options.beside == SPLITS:
        raise ValueError(f"a map is of one split: --beside {SPLITS} needs --trap and --level")
    if options.record is not None and require_kind(options.record) == ".trace":
        raise ValueError(f"cannot record {options.record}: a trace begins as a level, not a map")
    trap, split, state = load_map(options.map)
    seats = _seats(options, player_on(trap), trap, split)
    return Session(trap, seats, int(state.level.number[0]), options.salt, state)


def _seats(options: argparse.Namespace, player: Player, trap: Trap, split: Split) -> list[Seat]:
    if options.beside == SPLITS and options.split is not None:
        raise ValueError(f"--beside {SPLITS} shows train and shift: leave out --split")
    return seats_for(player, trap, split, options.beside, options.seed)


def show(session: Session, options: argparse.Namespace, look: Look) -> int:
    """Open the window unless headless, and write what is asked for."""
    screen = look.screen(session)
    if not options.headless:
        greet(session)
        show_window(screen, look)
        screen = screen.plain()
        screen.session.message = ""
    if options.record is not None:
        record(screen, options.record, look.size, look.scale, options.step)
    if options.strip is not None:
        screen.settle()
        strip.write_strip(options.strip, screen.session.pane)
    return DONE


def show_window(screen: Screen, look: Look) -> None:
    """Show a screen, and what follows it, until the window is closed."""
    App(screen, look.size, look.scale).run()
