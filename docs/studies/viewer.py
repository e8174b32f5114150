"""Smoothness, speed and memory of the viewer: ``python -m docs.studies.viewer``.

Without a display: frames are drawn in full, by the application itself, and not shown.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from mesa_gym.command import DONE, FAILED, run_command
from mesa_gym.terminal import Progress, table
from mesa_gym.traps import find_trap
from mesa_gym.viewer.actors import PolicyPlayer
from mesa_gym.viewer.app import App, Input
from mesa_gym.viewer.overlays import overlays_of
from mesa_gym.viewer.screen import WatchScreen
from mesa_gym.viewer.seats import SPLITS, seats_for
from mesa_gym.viewer.session import Session

FPS = 60
SMOOTH_SECONDS, STARTS = 10.0, 5
# Watching at so many frames a second; each draws as much as at sixty.
HOUR_FPS = 10
TRAPS = ("RedBlueDoors", "KeysChests", "CheeseCorner", "FollowMe", "MonsterWorld")
KEYS = ("n", "b", "i", "t", "tab", "space", "+", "-", "home", "end", "h", ".", ",")
MOST_GROWTH = 50.0  # MB
WARM = 2  # minutes until all that is kept once has been drawn
# The first frame of a command, from nothing: the process starts, draws once and ends.
ONCE = """
import sys
from mesa_gym.viewer.app import App
App.run = lambda self: self.frame(0.0)
from mesa_gym.cli import main
sys.exit(main(sys.argv[1:]))
"""
COMMANDS = (("watch",), ("watch", "--trap", "RedBlueDoors"), ("play", "--trap", "KeysChests"))


def main(arguments: Sequence[str] | None = None) -> int:
    """The command: 0 done, 1 a target is missed, 2 bad usage, 130 interrupted."""
    parser = argparse.ArgumentParser(prog="python -m docs.studies.viewer", description=__doc__)
    parser.add_argument(
        "--minutes", type=int, default=60, help="of simulated watching, for the memory's growth"
    )
    options = parser.parse_args(arguments)
    return run_command("viewer", lambda: _run(options.minutes))


def _run(minutes: int) -> int:
    if minutes <= WARM:
        raise ValueError(f"--minutes {minutes}: growth counts from minute {WARM} on; give more")
    os.environ["SDL_VIDEODRIVER"] = "dummy"
    rows = [*_time_starts(), *_measure_smoothness(), _measure_memory(minutes)]
    print(table(["what", "measured", "target", "met"], rows))
    return DONE if all(row[3] == "yes" for row in rows) else FAILED


def check_target(name: str, value: float, unit: str, most: float) -> list[str]:
    """Return the cells of a number with its target, an upper bound: the last is yes or NO."""
    return [name, f"{value:.3g} {unit}", f"{most:.3g} {unit}", "yes" if value <= most else "NO"]


def _time_starts() -> Iterator[list[str]]:
    """Seconds from the start of a process to its end, one frame having been drawn."""
    for command in COMMANDS:
        seconds = []
        for _ in range(STARTS):
            began = time.perf_counter()
            subprocess.run([sys.executable, "-c", ONCE, *command], check=True)
            seconds.append(time.perf_counter() - began)
        median = statistics.median(seconds)
        yield check_target(f"start: mesa-gym {' '.join(command)}", median, "s", 1.5)


def _measure_smoothness() -> Iterator[list[str]]:
    """Two panes of 13x13 at 1280x800 with all overlays, at the pace of a screen."""
    trap = find_trap("RedBlueDoors")(13)
    for speed in (1.0, 16.0):
        session = Session(trap, seats_for(PolicyPlayer("oracle:red"), trap, "shift", SPLITS), 3)
        session.shown = set(overlays_of(trap))
        session.clock.speed, session.work.threaded = speed, True  # as in a window
        app = App(WatchScreen(session))
        took = _time_frames(app, session)
        app.close()
        name = f"frame, all overlays, speed {speed:g}"
        yield check_target(f"{name}: median", 1000 * statistics.median(took), "ms", 1000 / FPS)
        yield check_target(f"{name}: p99", 1000 * float(np.percentile(took, 99)), "ms", 33)


def _time_frames(app: App, session: Session) -> list[float]:
    """Seconds that each frame took, of as many as a screen would have shown."""
    took: list[float] = []
    while len(took) < SMOOTH_SECONDS * FPS:
        if not session.clock.playing:
            session.next_level()
            session.clock.play(True)
        began = time.perf_counter()
        app.frame(1 / FPS)
        took.append(time.perf_counter() - began)
        time.sleep(max(0.0, 1 / FPS - took[-1]))
    return took


def _measure_memory(minutes: int) -> list[str]:
    """MB by which the process's peak grows after the second minute, keys being pressed at random.

    Each minute another trap is watched, as if it had been picked on the start screen.
    """
    chance = random.Random(0)
    app = App(_screen(0))
    press = _make_presser(app, chance)
    with Progress("watch", minutes * 60, "simulated seconds") as advance:
        for second in range(minutes * 60):
            if second % 60 == 0:
                app.screen = _screen(second // 60)
            if second == 60 * WARM:
                before = _peak()
            if second % 2 == 0:
                press()
            for _ in range(HOUR_FPS):
                app.frame(1 / HOUR_FPS)
            advance(1)
    app.close()
    grown = _peak() - before
    name = f"growth of memory, {minutes} simulated minutes"
    return check_target(name, grown, "MB", MOST_GROWTH)


def _screen(minute: int) -> WatchScreen:
    trap = find_trap(TRAPS[minute % len(TRAPS)])()
    return WatchScreen(Session(trap, seats_for(PolicyPlayer("random"), trap, "shift", SPLITS)))


def _make_presser(app: App, chance: random.Random) -> Callable[[], None]:
    """Presses a key at random: a command, or an overlay's."""

    def press() -> None:
        screen = app.screen
        assert isinstance(screen, WatchScreen)  # none of the keys leaves it
        overlays = [overlay.key for overlay in overlays_of(screen.session.trap).values()]
        app.screen = screen.handle(Input("key", chance.choice([*KEYS, *overlays])))
        screen.session.clock.play(True)

    return press


def _peak() -> float:
    """The most memory that the process has had, in MB."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / 1e6 if sys.platform == "darwin" else most / 1e3


if __name__ == "__main__":
    sys.exit(main())
