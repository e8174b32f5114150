"""The first screen: which trap, and who plays it."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mesa_gym.policies.finding import named_policies, trained_policies
from mesa_gym.rendering import render_rgb
from mesa_gym.rendering.raster import MIN_TILE
from mesa_gym.traps import Split, Trap, all_traps
from mesa_gym.viewer.app import Input, LoadingScreen, Screen
from mesa_gym.viewer.drawing import BODY, CARD, HEADING, QUIET, SMALL, Box, Painter, as_surface
from mesa_gym.viewer.panel import story
from mesa_gym.viewer.widgets import Chooser, Dialog, Notice

PLAY = "play"  # what the start screen calls the person at the keyboard
MARGIN, LIST = 12.0, 0.34  # around all; the list's share of the width
_pictures: dict[tuple[type[Trap], Split, int], Any] = {}
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


class StartScreen(Screen):
    """All traps, then the policies for the one that was picked.

    Args:
        begin: gives the screen that comes next, from the trap's name and the policy, which is
            "play" or whatever ``mesa_gym.policies.as_policy`` takes. A ValueError, ImportError
            or PolicyError of it is shown, and one can choose again.
    """

    def __init__(self, begin: Callable[[str, str], Screen]) -> None:
        self._begin = begin
        self.traps: list[type[Trap]] = list(all_traps().values())
        self.list = Chooser("Traps", [(t.name(), "") for t in self.traps], self._ask_policy)
        self.dialog: Dialog | None = None
        self._chosen: tuple[str, str] | None = None
        self._since = 0.0  # when the policies appeared

    def handle(self, event: Input) -> Screen | None:
        """Take what a person did; return the screen to show next, None for leaving."""
        self.changed = True
        if (asked := self.dialog) is not None:
            # A press may be the second half of a double one on the list.
            double = event.kind == "press" and time.monotonic() - self._since < DOUBLE
            if not double and not asked.handle(event) and self.dialog is asked:
                self.dialog = None
            if self._chosen is not None:
                (trap, policy), self._chosen = self._chosen, None
                name = trap if policy == PLAY else f"{policy} for {trap}"
                return LoadingScreen(name, lambda: self._begin(trap, policy), self._sorry)
        elif event.kind == "key" and event.name in ("?", "f1"):
            self.dialog = Notice("Which trap?", HELP)
        elif (event.kind == "key" and event.name == "q") or (
            not self.list.handle(event) and self.dialog is None
        ):
            return None
        return self

    def _sorry(self, reason: str) -> Screen:
        self.dialog = Notice("That did not work", reason)
        return self

    def _ask_policy(self, number: int) -> None:
        """Show the policies for a trap."""
        trap, self._since = self.traps[number], time.monotonic()
        policies = {PLAY: "with the keyboard"} | named_policies(trap)
        policies |= trained_policies(trap, Path.cwd())
        specs = list(policies)

        def then(chosen: int) -> None:
            self._chosen = trap.name(), specs[chosen]

        labels = ["you (play it yourself)", *specs[1:]]
        entries = zip(labels, policies.values(), strict=True)
        note = f"base: {trap.base}\nproxy: {', '.join(trap.proxies)}"
        self.dialog = Chooser(f"{trap.name()}: who plays?", entries, then, note)

    def draw(self, painter: Painter) -> None:
        """Draw everything."""
        room = Box(0, 0, *painter.size).inset(MARGIN)
        if self.dialog is not None:
            self.dialog.draw(painter, room)
            return
        wide = room.width * LIST
        self.list.draw(painter, Box(room.left, room.top, wide, room.height))
        left = room.left + wide + MARGIN
        trap = self.traps[self.list.highlighted]
        _preview(painter, Box(left, room.top, room.right - left, room.height), trap)


def _preview(painter: Painter, box: Box, trap: type[Trap]) -> None:
    """Draw what a trap is: its objectives, two levels, its story."""
    painter.fill(box, CARD, 6)
    inner = box.inset(MARGIN)
    painter.text(trap.name(), inner.left, inner.top, HEADING, width=inner.width - 150)
    hint = "Enter: pick   ?: help"
    painter.text(hint, inner.right, inner.top + 6, SMALL, QUIET, "right")
    y = inner.top + HEADING + 4
    for number, (x, objective) in enumerate(trap.objectives.items()):
        painter.mark(number, inner.left + 8, y + 9, 6)
        role = "base" if x == trap.base else "proxy"
        below = Box(inner.left + 22, y, inner.width - 22, 3 * BODY)
        y = painter.wrap_text(f"{x} ({role}): {objective.doc}", below, BODY) + 2
    y += 4
    most, (rows, columns) = (inner.bottom - y) * 0.6, trap.default_size
    side = min((inner.width - MARGIN) / 2 / columns, (most - SMALL) / rows)
    left = inner.left
    for split in (Split.TRAIN, Split.SHIFT):
        painter.text(f"{split.value}, level 0", left, y, SMALL, QUIET)
        picture = _first_level(trap, split, max(MIN_TILE, painter.pixels(side)))
        if isinstance(picture, str):
            painter.wrap_text(picture, Box(left, y + SMALL, inner.width / 2, most), SMALL)
        else:
            painter.picture(picture, left, y + SMALL + 2)
        left += columns * side + MARGIN
    y += SMALL + rows * side + 10
    painter.wrap_text(story(trap), Box(inner.left, y, inner.width, inner.bottom - y))


def _first_level(trap: type[Trap], split: Split, tile: int) -> Any:
    """Return the picture of a trap's level 0, or why there is none."""
    key = trap, split, tile
    if key not in _pictures:
        # A trap from elsewhere may raise anything; others are still good.
        try:
            made = trap()
            _pictures[key] = as_surface(render_rgb(made, made.levels(split, [0]), tile)[0])
        except Exception as error:
            _pictures[key] = f"cannot be drawn: {type(error).__name__}: {error}"
    return _pictures[key]
