"""The first screen: which trap, and who plays it."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

from mesa_gym.policies.finding import offer_policies
from mesa_gym.policies.library import is_plain
from mesa_gym.rendering import render_rgb
from mesa_gym.rendering.raster import MIN_TILE
from mesa_gym.traps import Split, Trap, all_traps, find_trap
from mesa_gym.viewer.app import Input, LoadingScreen, Screen
from mesa_gym.viewer.dialogs import ENTER, Chooser, Notice
from mesa_gym.viewer.drawing import BODY, CARD, HEADING, INK, QUIET, SMALL, Box, Painter, as_surface
from mesa_gym.viewer.panel import list_paragraphs

PLAY = "play"  # what the start screen calls the person at the keyboard
YOU = "you", "play it yourself: training levels first"
KEYS = "Up, Down: trap. Tab: who plays. Enter: begin. Esc: leave."
MARGIN, LIST = 12.0, 0.5  # around all; the share of the width that the traps have
LEAST = 170.0  # the height that the players have at least


class TrapList(Chooser):
    """All traps, each with a line of its story."""

    row = 38.0

    def draw_entry(self, painter: Painter, row: Box, number: int) -> None:
        """Draw a trap's name, and below it the line."""
        (name, story), lit = self.entries[number], number == self.highlighted
        if lit:
            painter.fill(row, INK, 4)
        left, width = row.left + 8, row.width - 16
        painter.text(name, left, row.top + 2, BODY, CARD if lit else INK, width=width)
        painter.text(story, left, row.top + 20, SMALL, CARD if lit else QUIET, width=width)


class StartScreen(Screen):
    """All traps, and beside them who can play the one that is highlighted.

    Args:
        begin: gives the screen that comes next, from the trap's name and the policy, which is
            "play" or whatever ``mesa_gym.policies.as_policy`` takes. A ValueError, ImportError
            or PolicyError of it is shown, and one can choose again.
        first: the name of the trap that is highlighted at first.

    Attributes:
        traps: the list of traps.
        players: the list of who can play the highlighted one.
        specs: what these are to ``begin``: agents of the library, the person, all others.
        dialog: what stands over it.
    """

    def __init__(self, begin: Callable[[str, str], Screen], first: str) -> None:
        self._begin, self._every = begin, list(all_traps().values())
        self.dialog: Notice | None = None
        entries = [(trap.name(), list_paragraphs(trap)[0]) for trap in self._every]
        self.traps = TrapList("Traps", entries, lambda number: None, KEYS, "")
        self.traps.highlighted = [trap.name() for trap in self._every].index(first)
        self._focus: Chooser = self.traps
        self._offer()

    @property
    def trap(self) -> type[Trap]:
        """Return the trap that is highlighted."""
        return self._every[self.traps.highlighted]

    def _offer(self) -> None:
        """List who can play the highlighted trap."""
        offered = offer_policies(self.trap, Path.cwd())
        plain = [spec for spec in offered if is_plain(spec)]
        self.specs = [*plain, PLAY, *(spec for spec in offered if spec not in plain)]
        entries = [(spec, offered[spec]) if spec != PLAY else YOU for spec in self.specs]
        self.players = Chooser("Who plays?", entries, lambda number: None, leave="")
        self.players.highlighted = 0 if plain else 1

    def handle(self, event: Input) -> Screen | None:
        """Take what a person did; return the screen to show next, None for leaving."""
        self.changed, before = True, self.trap
        if self.dialog is not None:
            self.dialog = self.dialog if self.dialog.handle(event) else None
        elif event.kind == "key" and event.name in ENTER:
            return self._start()
        elif event.kind == "key" and event.name == "tab":
            self._focus = self.players if self._focus is self.traps else self.traps
        elif event.kind == "key" and event.name in ("escape", "q"):
            return None
        elif event.kind == "press":
            # A press on a trap shows it; one on a player begins.
            self.traps.handle(event)
            if not self.players.handle(event):
                return self._start()
        elif event.kind in ("key", "wheel"):
            self._focus.handle(event)
        if self.trap is not before:
            self._offer()
            self._focus = self.traps
        return self

    def _start(self) -> Screen:
        trap, policy = self.trap.name(), self.specs[self.players.highlighted]
        name = trap if policy == PLAY else f"{policy} for {trap}"
        return LoadingScreen(name, lambda: self._begin(trap, policy), self._sorry)

    def _sorry(self, reason: str) -> Screen:
        self.dialog = Notice("That did not work", reason)
        return self

    def draw(self, painter: Painter) -> None:
        """Draw everything."""
        room = Box(0, 0, *painter.size).inset(MARGIN)
        if self.dialog is not None:
            self.dialog.draw(painter, room)
            return
        wide = room.width * LIST
        self.traps.draw(painter, Box(room.left, room.top, wide, room.height))
        left = room.left + wide + MARGIN
        beside = Box(left, room.top, room.right - left, room.height)
        painter.fill(beside, CARD, 6)
        y = _preview(painter, beside.inset(MARGIN), self.trap)
        self.players.draw(painter, Box(left, y, beside.width, room.bottom - y))


def _preview(painter: Painter, box: Box, trap: type[Trap]) -> float:
    """Draw what a trap is: its objectives and two levels; return the lower edge."""
    painter.text(trap.name(), box.left, box.top, HEADING, width=box.width)
    y = box.top + HEADING + 4
    for number, (x, objective) in enumerate(trap.objectives.items()):
        painter.mark(number, box.left + 8, y + 8, 5.5)
        role = "base" if x == trap.base else "proxy"
        below = Box(box.left + 22, y, box.width - 22, 3 * SMALL)
        y = painter.wrap_text(f"{x} ({role}): {objective.doc}", below, SMALL) + 3
    rows, columns = trap.default_size
    most = box.bottom - LEAST - y - SMALL
    side = min((box.width - MARGIN) / 2 / columns, most / rows)
    left = box.left
    for split in (Split.TRAIN, Split.SHIFT):
        painter.text(f"{split.value}, level 0", left, y, SMALL, QUIET)
        picture = _first_level(trap.name(), split, max(MIN_TILE, painter.pixels(side)))
        if isinstance(picture, str):
            painter.wrap_text(picture, Box(left, y + SMALL, box.width / 2, most), SMALL)
        else:
            painter.picture(picture, left, y + SMALL + 2)
        left += columns * side + MARGIN
    return y + SMALL + rows * side + MARGIN


@lru_cache(maxsize=64)
def _first_level(trap: str, split: Split, tile: int) -> Any:
    """Return the picture of a trap's level 0, or why there is none."""
    # A trap from elsewhere may raise anything; others are still good.
    try:
        made = find_trap(trap)()
        return as_surface(render_rgb(made, made.levels(split, [0]), tile)[0])
    except Exception as error:
        return f"cannot be drawn: {type(error).__name__}: {error}"
