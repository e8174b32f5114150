"""The first screens: which trap, who plays it, and waiting for what takes long to load."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future, wait
from pathlib import Path
from typing import Any

from mesa_gym.policies.finding import named_policies, trained_policies
from mesa_gym.rendering import render_rgb
from mesa_gym.rendering.raster import MIN_TILE
from mesa_gym.traps import Split, Trap, all_traps
from mesa_gym.viewer.app import Input, Screen
from mesa_gym.viewer.compare import start_work
from mesa_gym.viewer.drawing import (
    BODY,
    CARD,
    HEADING,
    INK,
    PALETTES,
    QUIET,
    SMALL,
    TITLE,
    Box,
    Painter,
    as_surface,
)
from mesa_gym.viewer.panel import story
from mesa_gym.viewer.session import FAILURES
from mesa_gym.viewer.widgets import Chooser, Notice

PLAY = "play"  # what the start screen calls the person at the keyboard
MARGIN, LIST = 12.0, 0.34  # around all; the list's share of the width
SPLITS = (Split.TRAIN, Split.SHIFT)
POLL, BLINK = 0.05, 3.0  # seconds between looks at what is loading; changes of its sign a second
DOUBLE = 0.4  # seconds within which two presses are meant as one
HELP = """\
The list has all traps. Beside it stands what the highlighted one pays, and level 0 of train \
beside level 0 of shift: in training the base objective and its proxies are reached together; \
under shift they conflict.

Arrow keys, Page Up, Page Down, Home, End, wheel: move in the list
Letters: go to the next name that begins with them
Enter, or a press: pick the trap, then who plays it
Esc: back; here Esc or q leaves
? or F1: this help

Agents are found if their folders lie under the one that the viewer was started in."""


class LoadingScreen:
    """Screen that names what is being loaded, until the next screen is there."""

    title = "mesa_gym"

    def __init__(
        self, what: str, make: Callable[[], Screen], failed: Callable[[str], Screen] | None = None
    ) -> None:
        """Make a screen that begins to load, in a thread, once it has been drawn.

        Args:
            what: is loaded.
            make: gives the screen that comes next.
            failed: gives it where that cannot be, from the reason; without it the error is raised
                when the screen is next updated.
        """
        self._what, self._make, self._failed, self.changed = what, make, failed, True
        self._began = 0.0
        self._work: Future[Any] | None = None

    def ready(self, patience: float) -> Screen:
        """Return the next screen if it is there within some seconds, otherwise this one."""
        if self._work is None:
            self._began, self._work = time.monotonic(), start_work(lambda _: self._make())
        if not wait([self._work], patience).done:
            return self
        error = self._work.exception()
        if error is None:
            return self._work.result()
        if self._failed is None or not isinstance(error, FAILURES):
            raise error
        return self._failed(str(error))

    def handle(self, event: Input) -> Screen | None:
        """Leave where that is wished; all else waits."""
        return None if event.kind == "key" and event.name in ("escape", "q") else self

    def update(self, seconds: float) -> Screen | None:
        """Look whether it is done; the window comes first."""
        if self._work is None and self.changed:
            return self
        self.changed = True
        return self.ready(0.0)

    def wait(self) -> float:
        """Return the seconds between two looks."""
        return POLL

    def draw(self, painter: Painter) -> None:
        """Say what is being loaded, for how long."""
        (width, height), passed = painter.size, time.monotonic() - (self._began or time.monotonic())
        text = f"Loading {self._what}" + " ." * (1 + int(passed * BLINK) % 3)
        left = (width - painter.measure(text, TITLE)) / 2
        painter.text(text, max(MARGIN, left), height / 2 - TITLE, TITLE, width=width - 2 * MARGIN)
        painter.text(f"{passed:.0f} s", width / 2, height / 2 + 4, SMALL, QUIET, "middle")


class StartScreen:
    """All traps, then the policies for the one that was picked.

    Args:
        begin: gives the screen that comes next, from the trap's name and the policy, which is
            "play" or whatever ``mesa_gym.policies.load_policy`` takes. A ValueError, ImportError
            or PolicyError of it is shown, and one can choose again.
    """

    title = "mesa_gym"

    def __init__(self, begin: Callable[[str, str], Screen]) -> None:
        self._begin, self.changed = begin, True
        self.traps: list[type[Trap]] = list(all_traps().values())
        self.list = Chooser("Traps", [(t.name(), "") for t in self.traps], self._ask_policy)
        self.dialog: Chooser | Notice | None = None
        self._chosen: tuple[str, str] | None = None
        self._age = 0.0  # seconds since the policies appeared
        self._pictures: dict[tuple[type[Trap], int], list[Any]] = {}

    def handle(self, event: Input) -> Screen | None:
        """Take what a person did; return the screen to show next, None for leaving."""
        self.changed = True
        if self.dialog is not None:
            # A press may be the second half of a double one on the list.
            asked = self.dialog
            if not (event.kind == "press" and self._age < DOUBLE) and not asked.handle(event):
                self.dialog = None if self.dialog is asked else self.dialog
            if self._chosen is not None:
                chosen, self._chosen = self._chosen, None
                name = chosen[0] if chosen[1] == PLAY else f"{chosen[1]} for {chosen[0]}"
                return LoadingScreen(name, lambda: self._begin(*chosen), self._sorry)
        elif event.kind == "key" and event.name in ("?", "f1"):
            self.dialog = Notice("Which trap?", HELP)
        elif event.kind == "key" and event.name in ("escape", "q"):
            return None
        elif not self.list.handle(event) and self.dialog is None:
            return None  # by the list's own button
        return self

    def update(self, seconds: float) -> Screen:
        """Let time pass."""
        self._age += seconds
        (self.dialog or self.list).update(seconds)
        return self

    def wait(self) -> None:
        """Return None: all waits for a person."""

    def _sorry(self, reason: str) -> Screen:
        self.dialog = Notice("That did not work", reason)
        return self

    def _ask_policy(self, number: int) -> None:
        """Show the policies for a trap."""
        trap, self._age = self.traps[number], 0.0
        policies = {PLAY: "with the keyboard"} | named_policies(trap)
        policies |= trained_policies(trap, Path.cwd())
        labels = ["you (play it yourself)", *list(policies)[1:]]
        specs = list(policies)

        def then(chosen: int) -> None:
            self._chosen = trap.name(), specs[chosen]

        entries = zip(labels, policies.values(), strict=True)
        note = f"base: {trap.base}\nproxy: {', '.join(trap.proxies)}"
        self.dialog = Chooser(f"{trap.name()}: who plays?", entries, then, note)

    def draw(self, painter: Painter) -> None:
        """Draw everything."""
        width, height = painter.size
        room = Box(0, 0, width, height).inset(MARGIN)
        if self.dialog is not None:
            self.dialog.draw(painter, room)
            return
        wide = room.width * LIST
        self.list.draw(painter, Box(room.left, room.top, wide, room.height))
        left = room.left + wide + MARGIN
        self._preview(painter, Box(left, room.top, room.right - left, room.height))

    def _preview(self, painter: Painter, box: Box) -> None:
        """Draw what the highlighted trap is: its objectives, two levels, its story."""
        trap = self.traps[self.list.highlighted]
        painter.fill(box, CARD, 6)
        inner = box.inset(MARGIN)
        painter.text(trap.name(), inner.left, inner.top, HEADING, width=inner.width - 150)
        hint = "Enter: pick   ?: help"
        painter.text(hint, inner.right, inner.top + 6, SMALL, QUIET, "right")
        y = inner.top + HEADING + 4
        for number, (x, objective) in enumerate(trap.objectives.items()):
            tones = PALETTES["okabe-ito"]
            painter.mark(number, inner.left + 8, y + 9, 6, tones[number % len(tones)])
            role = "base" if x == trap.base else "proxy"
            below = Box(inner.left + 22, y, inner.width - 22, 3 * BODY)
            y = painter.wrapped(f"{x} ({role}): {objective.doc}", below, BODY) + 2
        y += 4
        gap, most = MARGIN, (inner.bottom - y) * 0.6
        rows, columns = trap.default_size
        side = min((inner.width - gap) / 2 / columns, (most - SMALL) / rows)
        left = inner.left
        for split, picture in zip(SPLITS, self._drawn(painter, trap, side), strict=True):
            painter.text(f"{split.value}, level 0", left, y, SMALL, QUIET)
            if isinstance(picture, str):
                painter.wrapped(picture, Box(left, y + SMALL, inner.width / 2, most), SMALL)
            else:
                painter.picture(picture, left, y + SMALL + 2)
            left += columns * side + gap
        y += SMALL + rows * side + 10
        painter.wrapped(story(trap), Box(inner.left, y, inner.width, inner.bottom - y), BODY, INK)

    def _drawn(self, painter: Painter, trap: type[Trap], side: float) -> list[Any]:
        """Return pictures of a trap's level 0, or why there are none."""
        tile = max(MIN_TILE, int(side * painter.scale))
        key = trap, tile
        if key not in self._pictures:
            # A trap from elsewhere may raise anything; others are still good.
            try:
                made = trap()
                states = [made.levels(split, [0]) for split in SPLITS]
                pictures = [render_rgb(made, state, tile)[0] for state in states]
                self._pictures[key] = [as_surface(painter.pygame, each) for each in pictures]
            except Exception as error:
                reason = f"cannot be drawn: {type(error).__name__}: {error}"
                self._pictures[key] = [reason] * len(SPLITS)
        return self._pictures[key]
