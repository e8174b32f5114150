"""Files that a session writes and reads: maps, recordings, strips."""

from __future__ import annotations

from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from mesa_gym.errors import PolicyError
from mesa_gym.viewer import dialogs
from mesa_gym.viewer.actors import PolicyPlayer, usual_policy
from mesa_gym.viewer.mapfile import load_map, save_map
from mesa_gym.viewer.overlays import overlays_of
from mesa_gym.viewer.recording import record
from mesa_gym.viewer.session import Session
from mesa_gym.viewer.strip import write_strip
from mesa_gym.viewer.timeline import Pane, Seat

if TYPE_CHECKING:
    from mesa_gym.viewer.watching import WatchScreen

FAILURES = (ValueError, ImportError, OSError, PolicyError)
# What can be recorded -> how the file's name ends, and what is in it.
KINDS = {
    "picture": (".png", "what is shown now, PNG"),
    "film": (".mp4", "the episode, MP4"),
    "film that repeats": (".gif", "the episode, GIF"),
    "actions": (".trace", "a trace, for mesa-gym replay"),
    "strip for papers": ("-strip.png", "six moments, PNG"),
    "strip for papers, sharp at any size": ("-strip.svg", "six moments, SVG"),
}


def free_name(pane: Pane, suffix: str) -> Path:
    """Return a file in this folder that is not there yet, named after what is shown."""
    stem = f"{pane.trap.name()}-{pane.seat.play}-{pane.level}"
    names = (f"{stem}{f'-{n}' if n else ''}{suffix}" for n in count())
    return next(path for path in map(Path, names) if not path.exists())


def save(screen: WatchScreen) -> None:
    """Save the state that is shown as a map."""
    session = screen.session
    pane = session.pane
    path = free_name(pane, ".map")
    try:
        save_map(path, session.trap, pane.seat.split, pane.state(session.cursor))
    except OSError as error:
        session.message = str(error)
    else:
        session.message = f"saved {path.absolute()}"


def ask_map(screen: WatchScreen) -> None:
    """Ask which map to open."""
    screen.dialog = dialogs.ask_map(lambda path: open_map(screen, path))
    if screen.dialog is None:
        screen.session.message = f"there is no map in {Path.cwd()}; Ctrl+s saves one"


def open_map(screen: WatchScreen, path: Path) -> None:
    """Watch from a map: the same player, or on another trap what pursues its base objective."""
    before = screen.session
    try:
        trap, split, state = load_map(path)
        alike = repr(trap) == repr(before.trap)
        player = before.seats[0].player if alike else PolicyPlayer(usual_policy(trap))
        session = Session(
            trap, [Seat(player, split)], int(state.level.number[0]), before.salt, state
        )
    except FAILURES as error:
        before.message = str(error)
        return
    session.shown = before.shown & set(overlays_of(trap))
    session.speed, session.message = before.speed, f"opened {path.name}"
    screen.session, screen.editor = session, None


def ask_recording(screen: WatchScreen) -> None:
    """Ask what to record, and write it."""
    kinds = {kind: doc for kind, (_, doc) in KINDS.items()}
    screen.dialog = dialogs.ask_kind(kinds, lambda kind: write(screen, kind))


def write(screen: WatchScreen, kind: str) -> None:
    """Write a recording, as large as the window, into this folder."""
    session = screen.session
    path = free_name(session.pane, KINDS[kind][0])
    plain, (size, scale) = screen.plain(), screen.drawn
    session.message = ""
    try:
        if "strip" in kind:
            plain.settle()
            write_strip(path, session.pane)
        else:
            record(plain, path, size, scale, session.cursor if kind == "picture" else None)
    except FAILURES as error:
        session.message = str(error)
    else:
        session.message = f"wrote {path.absolute()}"
