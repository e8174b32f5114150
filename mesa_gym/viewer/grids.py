"""A grid with its overlays, as one picture."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from mesa_gym.engine import RGB
from mesa_gym.viewer import overlays
from mesa_gym.viewer.layers import Layers
from mesa_gym.viewer.pen import Pen
from mesa_gym.viewer.place import GridPlace
from mesa_gym.viewer.theme import CARD, INK
from mesa_gym.viewer.timeline import Pane

DASHES = ((1.0, 0.0), (0.30, 0.22), (0.12, 0.18), (0.45, 0.14))  # of a cell: drawn, left out
DIRECTIONS = ((-1, 0), (0, 1), (1, 0), (0, -1))  # left, down, right, up
Point = tuple[float, float]


class GridPicture:
    """A drawing of one pane's grid and overlays.

    Args:
        pen: of the picture's own surface, whose upper left corner is the grid's.
        pane: what is shown.
        layers: what is known of it.
        cursor: the clock.
        palette: colours of objectives, the base first.
    """

    def __init__(
        self, pen: Pen, pane: Pane, layers: Layers, cursor: int, palette: tuple[RGB, ...]
    ) -> None:
        self.pen, self.pane, self.layers, self.palette = pen, pane, layers, palette
        self.t = pane.time(cursor)
        height, width = pane.trap.size
        self.place = GridPlace(0, 0, pen.surface.get_width() / width / pen.scale, height, width)
        self.names = list(pane.trap.objectives)

    def draw(self, shown: set[str]) -> None:
        """Draw what lies over the ground, what is beneath first."""
        parts = {
            overlays.CONFLICTS: self._conflicts,
            overlays.VISITS: self._visits,
            overlays.ORACLES: self._oracles,
            overlays.PATH: self._path,
            overlays.ACTIONS: self._actions,
        }
        for overlay, draw in parts.items():
            if overlay.name in shown:
                draw()

    def _conflicts(self) -> None:
        """Draw hatching, dark on light, over whatever is there."""
        analysis = self.pane.analysis
        if analysis is None:
            return
        proxies = self.pane.trap.proxies
        where = np.logical_or.reduce([analysis.conflicts(x, self.t) for x in proxies])
        side, pen = self.place.tile, self.pen
        for cell in where.nonzero()[0].tolist():
            box = self.place.box_of(cell)
            for k in range(1, 6, 2):
                along = side * k / 3
                a = (box.left + min(along, side), box.top + max(0.0, along - side))
                b = (box.left + max(0.0, along - side), box.top + min(along, side))
                pen.line([a, b], CARD, 2.6)
                pen.line([a, b], INK, 1.0)

    def _visits(self) -> None:
        visits = self.layers.visits
        if visits is None:
            return
        side, most = self.place.tile, int(visits.max())
        for cell in visits.nonzero()[0].tolist():
            box = self.place.box_of(cell)
            size = max(2.0, side * 0.42 * math.sqrt(visits[cell] / most))
            x, y = box.right - size / 2 - 1, box.top + size / 2 + 1
            self.pen.disc(x, y, size / 2 + 1, CARD)
            self.pen.disc(x, y, size / 2, INK)
            if side >= 30:
                text, height = f"{visits[cell]}", min(14.0, side * 0.34)
                width = self.pen.measure(text, height)
                self._label(text, box.right - width - 2, box.bottom - height + 1, height)

    def _label(self, text: str, x: float, y: float, size: float) -> None:
        """Write small letters that can be read on anything."""
        for dx, dy in ((-1, 0), (1, 0), (0, -1), (0, 1)):
            self.pen.text(text, x + dx, y + dy, size, CARD)
        self.pen.text(text, x, y, size, INK)

    def _oracles(self) -> None:
        side = self.place.tile
        for number, (x, line) in enumerate(self.layers.paths.items()):
            shift = side * 0.13 * (number - (len(self.names) - 1) / 2)
            cells = line.cells(len(line))
            points = [(a + shift, b + shift) for a, b in map(self.place.middle, cells)]
            self._dashed(_without_stays(points), self._colour(x), 2.6, DASHES[number % 4])
            self.pen.mark(self.names.index(x), *points[-1], side * 0.15, self._colour(x))

    def _path(self) -> None:
        points = _without_stays([self.place.middle(c) for c in self.pane.line.cells(self.t)])
        self.pen.line(points, CARD, 5.0)
        self.pen.line(points, INK, 2.4)
        self.pen.disc(*points[0], self.place.tile * 0.2, CARD, 4.5)
        self.pen.disc(*points[0], self.place.tile * 0.2, INK, 2.0)

    def _actions(self) -> None:
        """Draw arrows from the agent's cell, and a ring for ``act``."""
        line = self.pane.line
        shares = line.steps[self.t].decision.shares if self.t < len(line) else None
        if shares is None:
            return
        side = self.place.tile
        x, y = self.place.middle(int(line.states[self.t].agent[0]))
        for share, (dx, dy) in zip(shares[:4].tolist(), DIRECTIONS, strict=True):
            if share < 0.005:
                continue
            reach = side * (0.42 + 0.62 * share)
            tip = (x + dx * reach, y + dy * reach)
            foot = (x + dx * side * 0.36, y + dy * side * 0.36)
            wide = side * 0.15
            for grow, colour in ((1.6, CARD), (0.0, INK)):
                self.pen.line([foot, tip], colour, side * 0.1 + 2 * grow)
                point = (tip[0] + dx * (wide + grow), tip[1] + dy * (wide + grow))
                ends = [
                    (tip[0] + sign * dy * (wide + grow), tip[1] + sign * dx * (wide + grow))
                    for sign in (-1, 1)
                ]
                self.pen.polygon([point, *ends], colour)
        if shares[4] >= 0.005:
            radius = side * (0.1 + 0.25 * float(shares[4]))
            self.pen.disc(x, y, radius + 1.6, CARD)
            self.pen.disc(x, y, radius, INK)

    def _colour(self, objective: str) -> RGB:
        return self.palette[self.names.index(objective) % len(self.palette)]

    def _dashed(
        self, points: list[Point], colour: RGB, width: float, dash: tuple[float, float]
    ) -> None:
        drawn, left_out = dash[0] * self.place.tile, dash[1] * self.place.tile
        if not left_out:
            self.pen.line(points, CARD, width + 2.4)
            self.pen.line(points, colour, width)
            return
        for piece in list(_dashes(points, drawn, left_out)):
            self.pen.line(piece, CARD, width + 2.4)
            self.pen.line(piece, colour, width)


def _without_stays(points: list[Point]) -> list[Point]:
    return [p for i, p in enumerate(points) if i == 0 or p != points[i - 1]]


def _dashes(points: list[Point], drawn: float, left_out: float) -> Iterator[list[Point]]:
    """Yield pieces of a line through points: so much drawn, so much left out, at corners too."""
    piece, on, left = [points[0]], True, drawn
    for (ax, ay), (bx, by) in pairwise(points):
        length, done = math.hypot(bx - ax, by - ay), 0.0
        while length - done > left:
            done += left
            at = (ax + (bx - ax) * done / length, ay + (by - ay) * done / length)
            if on:
                yield [*piece, at]
            piece, on = [at], not on
            left = drawn if on else left_out
        left -= length - done
        piece.append((bx, by))
    if on and len(piece) > 1:
        yield piece
