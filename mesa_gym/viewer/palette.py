"""The editor's palette: what can be put on a cell, one of which is chosen."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from mesa_gym.grid import WALL, Schema
from mesa_gym.rendering import render_rgb
from mesa_gym.rendering.pygame import load_pygame
from mesa_gym.traps import Trap
from mesa_gym.viewer.legal import described, only_agent
from mesa_gym.viewer.pen import Box, Pen, as_surface
from mesa_gym.viewer.seen import Content, look
from mesa_gym.viewer.theme import CARD, INK, QUIET, RULE

ROW, ICON, GAP, LETTERS = 32.0, 24.0, 4.0, 16.0


@dataclass(frozen=True)
class Entry:
    """What a press on a cell does.

    Attributes:
        name: as shown.
        content: the planes that are put; () erases, None moves what is there.
    """

    name: str
    content: Content | None


class Palette:
    """The entries of a trap.

    Attributes:
        entries: ``move`` first.
        chosen: which of them.
        reason: why there are no others; "" where there are.
    """

    def __init__(self, trap: Trap) -> None:
        """Find what there is; raises ValueError for a trap that has no levels of its size."""
        self._schema = trap.schema
        self.reason = only_agent(trap)
        self.chosen = 0
        self.entries = [Entry("move", None)]
        if not self.reason:
            things = [*look(trap).contents(), (WALL,)]
            self.entries += [Entry(described(planes), planes) for planes in things]
            self.entries.append(Entry("erase", ()))
        self._placed: list[Box] = []

    @property
    def entry(self) -> Entry:
        """The one that is chosen."""
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

    def draw(self, pen: Pen, bar: Box, hint: str) -> None:
        """Draw the entries, and a line below them.

        Args:
            pen: draws.
            bar: where; 56 points high.
            hint: what keys do.
        """
        pen.fill(bar, CARD, 4)
        named = [pen.measure(entry.name, LETTERS) + 2 * GAP for entry in self.entries]
        if len(named) * (ICON + 3 * GAP) + sum(named) > bar.width:
            # Where there is no room for all names, there is for that of the chosen one.
            named = [wide if i == self.chosen else 0.0 for i, wide in enumerate(named)]
        left, self._placed = bar.left + GAP, []
        for number, wide in enumerate(named):
            box = Box(left, bar.top + 3, ICON + 2 * GAP + wide, ROW)
            self._placed.append(box)
            self._draw_entry(pen, box, number)
            left = box.right + GAP
        if self.reason:
            room = Box(left + GAP, bar.top + 3, bar.right - left - 2 * GAP, ROW)
            # Where it does not fit, the message that greets who edits has said it.
            if len(pen.lines(self.reason, room.width, LETTERS)) * LETTERS <= ROW:
                pen.wrapped(self.reason, room, LETTERS, QUIET)
        pen.text(hint, bar.left + GAP, bar.top + ROW + 6, LETTERS, INK, width=bar.width - 2 * GAP)

    def _draw_entry(self, pen: Pen, box: Box, number: int) -> None:
        entry, chosen = self.entries[number], number == self.chosen
        if chosen:
            pen.fill(box, INK, 4)
        icon = Box(box.left + GAP, box.top + (ROW - ICON) / 2, ICON, ICON)
        if entry.content:
            pen.picture(picture(self._schema, entry.content, pen, ICON), icon.left, icon.top)
            pen.frame(icon, RULE)
        else:
            pen.fill(icon, CARD)
            (_cross if entry.content is not None else _arrows)(pen, icon.inset(5))
        if box.width > ICON + 2 * GAP:
            y = box.top + (ROW - LETTERS) / 2 + 2
            pen.text(entry.name, icon.right + GAP, y, LETTERS, CARD if chosen else INK)


def picture(schema: Schema, content: Content, pen: Pen, side: float) -> Any:
    """A cell with some planes as a surface.

    Args:
        schema: whose planes.
        content: the planes that are set.
        pen: whose pixels.
        side: in points.
    """
    return _cell(schema, content, max(4, pen.pixels(side)))


@lru_cache(maxsize=256)
def _cell(schema: Schema, content: Content, pixels: int) -> Any:
    cell = np.array([[[plane in content for plane in schema.planes]]], dtype=np.uint8)
    return as_surface(load_pygame(), render_rgb(schema.planes, cell, pixels))


def _arrows(pen: Pen, box: Box) -> None:
    """Arrows in four directions."""
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
