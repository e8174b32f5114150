"""The editor's palette: what can be done with a cell, one of which is chosen."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from mesa_gym.rendering.raster import MIN_TILE
from mesa_gym.traps import Trap
from mesa_gym.viewer.editing import offered
from mesa_gym.viewer.legal import only_agent
from mesa_gym.viewer.pen import Box, Pen, as_surface
from mesa_gym.viewer.theme import CARD, INK, QUIET, RULE
from mesa_gym.viewer.tiles import Content, tile_of

ROW, ICON, GAP, LETTERS = 32.0, 24.0, 4.0, 16.0
TICK = 11.0  # the side of a check box
MOVE, PUT, TOGGLE, ERASE = "move", "put", "toggle", "erase"


@dataclass(frozen=True)
class Entry:
    """One thing that a press on a cell can do.

    Attributes:
        name: as shown; of a kind, a ground layer or a trait, that.
        does: ``MOVE``, ``PUT``, ``TOGGLE`` or ``ERASE``.
        content: what its picture shows.
    """

    name: str
    does: str
    content: Content = ()


class Palette:
    """The entries of a trap.

    Attributes:
        entries: ``move`` first.
        chosen: which of them.
        reason: why there are no others; "" where there are.
    """

    def __init__(self, trap: Trap) -> None:
        """Find what there is; ValueError for a trap that has no levels of its size."""
        self._trap = trap
        self.reason = only_agent(trap)
        self.chosen = 0
        self.entries = [Entry(MOVE, MOVE)]
        if not self.reason:
            kinds, traits, grounds = offered(trap)
            self.entries += [Entry(kind, PUT, (kind,)) for kind in kinds]
            for trait in traits:
                kind = next(kind for kind in trap.traits[trait] if kind in kinds)
                self.entries.append(Entry(trait, TOGGLE, (f"{kind} {trait}",)))
            self.entries += [Entry(ground, PUT, (ground,)) for ground in grounds]
            self.entries.append(Entry(ERASE, ERASE))
        self._placed: list[Box] = []

    @property
    def entry(self) -> Entry:
        """Return the one that is chosen."""
        return self.entries[self.chosen]

    def turn(self, step: int) -> None:
        """Choose the next entry, or the one before."""
        self.chosen = (self.chosen + step) % len(self.entries)

    def choose_at(self, x: float, y: float) -> bool:
        """Choose what was drawn at a point; returns whether anything was."""
        for number, box in enumerate(self._placed):
            if box.holds(x, y):
                self.chosen = number
                return True
        return False

    def draw(self, pen: Pen, bar: Box, hint: str, ticked: Collection[str] = ()) -> None:
        """Draw the entries, and a line below them.

        Args:
            pen: draws.
            bar: where; 56 points high.
            hint: what keys do.
            ticked: the traits whose check box is ticked.
        """
        pen.fill(bar, CARD, 4)
        named = [pen.measure(entry.name, LETTERS) + 2 * GAP for entry in self.entries]
        if len(named) * (ICON + 3 * GAP) + sum(named) > bar.width:
            # Where not all names have room, that of the chosen one has.
            named = [wide if i == self.chosen else 0.0 for i, wide in enumerate(named)]
        left, self._placed = bar.left + GAP, []
        for number, wide in enumerate(named):
            box = Box(left, bar.top + 3, ICON + 2 * GAP + wide, ROW)
            self._placed.append(box)
            self._draw_entry(pen, box, number, ticked)
            left = box.right + GAP
        if self.reason:
            room = Box(left + GAP, bar.top + 3, bar.right - left - 2 * GAP, ROW)
            # Where it does not fit, the message that greets who edits has said it.
            if len(pen.lines(self.reason, room.width, LETTERS)) * LETTERS <= ROW:
                pen.wrapped(self.reason, room, LETTERS, QUIET)
        pen.text(hint, bar.left + GAP, bar.top + ROW + 6, LETTERS, INK, width=bar.width - 2 * GAP)

    def _draw_entry(self, pen: Pen, box: Box, number: int, ticked: Collection[str]) -> None:
        entry, chosen = self.entries[number], number == self.chosen
        if chosen:
            pen.fill(box, INK, 4)
        icon = Box(box.left + GAP, box.top + (ROW - ICON) / 2, ICON, ICON)
        if entry.content:
            pen.picture(picture(self._trap, entry.content, pen, ICON), icon.left, icon.top)
            pen.frame(icon, RULE)
            if entry.does == TOGGLE:
                corner = Box(icon.right - TICK, icon.bottom - TICK, TICK, TICK)
                _check_box(pen, corner, entry.name in ticked)
        else:
            pen.fill(icon, CARD)
            (_cross if entry.does == ERASE else _arrows)(pen, icon.inset(5))
        if box.width > ICON + 2 * GAP:
            y = box.top + (ROW - LETTERS) / 2 + 2
            pen.text(entry.name, icon.right + GAP, y, LETTERS, CARD if chosen else INK)


def picture(trap: Trap, content: Content, pen: Pen, side: float) -> Any:
    """Return a cell that holds something as a surface.

    Args:
        trap: whose things.
        content: what is on it.
        pen: whose pixels.
        side: in points.
    """
    return as_surface(pen.pygame, tile_of(trap, content, max(MIN_TILE, pen.pixels(side))))


def _arrows(pen: Pen, box: Box) -> None:
    """Draw arrows in four directions."""
    x, y = box.left + box.width / 2, box.top + box.height / 2
    pen.line([(box.left, y), (box.right, y)], INK, 1.5)
    pen.line([(x, box.top), (x, box.bottom)], INK, 1.5)
    for dx, dy in ((-1, 0), (1, 0), (0, -1), (0, 1)):
        tip = x + dx * box.width * 0.6, y + dy * box.height * 0.6
        sides = [(tip[0] - 4 * dx + 3 * s * dy, tip[1] - 4 * dy + 3 * s * dx) for s in (-1, 1)]
        pen.polygon([tip, *sides], INK)


def _cross(pen: Pen, box: Box) -> None:
    pen.line([(box.left, box.top), (box.right, box.bottom)], INK, 2.5)
    pen.line([(box.left, box.bottom), (box.right, box.top)], INK, 2.5)


def _check_box(pen: Pen, box: Box, ticked: bool) -> None:
    pen.fill(box, CARD)
    pen.frame(box, INK, 1.5)
    if ticked:
        inner = box.inset(2.5)
        foot = (inner.left + inner.width * 0.4, inner.bottom)
        pen.line([(inner.left, inner.top + inner.height * 0.5), foot], INK, 2)
        pen.line([foot, (inner.right, inner.top)], INK, 2)
