"""Overlays of a grid: names and keys, what takes time to find of them, how they are drawn."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from mesa_gym.engine import RGB
from mesa_gym.errors import unknown
from mesa_gym.traps import Trap
from mesa_gym.viewer.analysis import paying_cells
from mesa_gym.viewer.compare import Found
from mesa_gym.viewer.drawing import CARD, INK, Box, Painter, Point
from mesa_gym.viewer.timeline import Pane

HEAT = "heat:"
DIRECTIONS = ((-1, 0), (0, 1), (1, 0), (0, -1))  # left, down, right, up
LEAST_SHARE = 0.005  # of an action whose chance is drawn


@dataclass(frozen=True)
class Overlay:
    """One thing that can be shown over a grid.

    Attributes:
        name: what commands call it.
        key: what turns it on and off.
        label: its entry in the legend.
        doc: what it shows, in a sentence.
        exact: whether it needs an exact solver.
    """

    name: str
    key: str
    label: str
    doc: str
    exact: bool = False


PAYS = Overlay(
    "pays",
    "m",
    "what pays",
    "The mark of an objective in the corner of each cell that pays it when it is entered now.",
)
PATH = Overlay("path", "p", "path so far", "Where the agent has been, from a ring at the start.")
ORACLES = Overlay(
    "oracles",
    "o",
    "oracles' paths",
    "The way of each objective's oracle (or reference policy) from the episode's start.",
)
CONFLICTS = Overlay(
    "conflicts",
    "c",
    "conflict cells",
    "Hatched: were the agent there now, no action would be optimal for both base and a proxy.",
    exact=True,
)
VISITS = Overlay(
    "visits",
    "v",
    "visits",
    "How often a policy's agent is in each cell, over 100 episodes of this level.",
)
SEES = Overlay(
    "sees", "s", "what it sees", "The planes one by one, and the egocentric window of `local`."
)
ACTIONS = Overlay(
    "actions", "a", "action chances", "Arrows as long as the policy's probabilities; a disc to act."
)


def overlays_of(trap: Trap) -> dict[str, Overlay]:
    """Return the overlays that a trap has, by name, in the order of the legend."""
    heats = [
        Overlay(
            f"{HEAT}{x}",
            str(number),
            f"V of {x}",
            f"The most that {x} can still pay with the agent on each cell, all else as it is: V*.",
            exact=True,
        )
        for number, x in enumerate(trap.objectives, 1)
    ]
    every = [PAYS, PATH, ORACLES, *heats, CONFLICTS, VISITS, SEES, ACTIONS]
    return {overlay.name: overlay for overlay in every if trap.solvable or not overlay.exact}


def parse_overlays(trap: Trap, names: str) -> set[str]:
    """Return the overlays that a text such as ``path,heat:door`` or ``all`` names.

    Raises:
        UnknownNameError: there is none of a name.
    """
    there = overlays_of(trap)
    if names == "all":
        return set(there)
    given = [name for name in names.split(",") if name]
    for name in given:
        if name not in there:
            raise unknown(f"overlay of {trap.name()}", name, there)
    return set(given)


@dataclass(frozen=True)
class GridPlace:
    """The place of a grid of square cells.

    Attributes:
        left, top: of its upper left corner, in points.
        tile: the side of a cell in points.
        rows, columns: of cells.
    """

    left: float
    top: float
    tile: float
    rows: int
    columns: int

    @property
    def box(self) -> Box:
        """Return the box of the whole grid."""
        return Box(self.left, self.top, self.columns * self.tile, self.rows * self.tile)

    def cell_at(self, x: float, y: float) -> int | None:
        """Return the flat index of the cell under a point; None outside."""
        if not self.box.holds(x, y):
            return None
        row, column = int((y - self.top) / self.tile), int((x - self.left) / self.tile)
        return min(row, self.rows - 1) * self.columns + min(column, self.columns - 1)

    def box_of(self, cell: int) -> Box:
        """Return the box of a cell."""
        row, column = divmod(cell, self.columns)
        side = self.tile
        return Box(self.left + column * side, self.top + row * side, side, side)

    def middle(self, cell: int) -> Point:
        """Return the middle of a cell."""
        return self.box_of(cell).middle


class OverlayPainter:
    """A painter of the overlays of one pane's grid.

    Args:
        painter: of the picture's own surface, whose upper left corner is the grid's.
        pane: what is shown.
        found: what is known of it.
        t: steps from the timeline's start.
        palette: colours of objectives, the base first.
    """

    def __init__(
        self, painter: Painter, pane: Pane, found: Found, t: int, palette: tuple[RGB, ...]
    ) -> None:
        self.painter, self.pane, self.found, self.t = painter, pane, found, t
        height, width = pane.trap.size
        tile = painter.surface.get_width() / width / painter.scale
        self.place = GridPlace(0, 0, tile, height, width)
        colours = (palette[k % len(palette)] for k in range(len(pane.trap.objectives)))
        # Objective -> its number, which gives it a shape, and its colour.
        self.looks = dict(zip(pane.trap.objectives, enumerate(colours), strict=True))

    def draw(self, shown: set[str]) -> None:
        """Draw the overlays that are on, what is beneath first."""
        parts = {
            CONFLICTS: self._conflicts,
            VISITS: self._visits,
            ORACLES: self._oracles,
            PATH: self._path,
            PAYS: self._pays,
            ACTIONS: self._actions,
        }
        for overlay, draw in parts.items():
            if overlay.name in shown:
                draw()

    def _conflicts(self) -> None:
        """Draw hatching, dark on light, over whatever is there."""
        analysis, side = self.pane.analysis, self.place.tile
        if analysis is None:
            return
        where = [analysis.conflicts(x, self.t) for x in self.pane.trap.proxies]
        for cell in np.logical_or.reduce(where).nonzero()[0].tolist():
            box = self.place.box_of(cell)
            for k in range(1, 6, 2):
                along = side * k / 3
                a = (box.left + min(along, side), box.top + max(0.0, along - side))
                b = (box.left + max(0.0, along - side), box.top + min(along, side))
                self.painter.line([a, b], CARD, 2.6)
                self.painter.line([a, b], INK, 1.0)

    def _visits(self) -> None:
        visits, side = self.found.visits, self.place.tile
        if visits is None:
            return
        for cell in visits.nonzero()[0].tolist():
            box = self.place.box_of(cell)
            size = max(2.0, side * 0.42 * math.sqrt(visits[cell] / int(visits.max())))
            x, y = box.right - size / 2 - 1, box.top + size / 2 + 1
            self.painter.disc(x, y, size / 2 + 1, CARD)
            self.painter.disc(x, y, size / 2, INK)
            if side >= 30:
                text, height = f"{visits[cell]}", min(14.0, side * 0.34)
                x, y = box.right - self.painter.measure(text, height) - 2, box.bottom - height
                # Letters with an edge can be read on anything.
                for dx, dy in ((-1, 0), (1, 0), (0, -1), (0, 1)):
                    self.painter.text(text, x + dx, y + dy, height, CARD)
                self.painter.text(text, x, y, height, INK)

    def _oracles(self) -> None:
        side = self.place.tile
        for x, line in self.found.paths.items():
            number, colour = self.looks[x]
            shift = side * 0.13 * (number - (len(self.looks) - 1) / 2)
            cells = line.cells(len(line))
            points = [(a + shift, b + shift) for a, b in map(self.place.middle, cells)]
            self.painter.line(_without_stays(points), CARD, 4.5)
            self.painter.line(_without_stays(points), colour, 2.0)
            # The shape tells the lines apart without colour.
            for place in set(points):
                self.painter.mark(
                    number, *place, side * (0.15 if place == points[-1] else 0.07), colour
                )

    def _path(self) -> None:
        points = _without_stays([self.place.middle(c) for c in self.pane.line.cells(self.t)])
        self.painter.line(points, CARD, 5.0)
        self.painter.line(points, INK, 2.4)
        self.painter.disc(*points[0], self.place.tile * 0.2, CARD, 4.5)
        self.painter.disc(*points[0], self.place.tile * 0.2, INK, 2.0)

    def _pays(self) -> None:
        """Draw the marks of objectives in the corners of cells that pay them."""
        line, size = self.pane.line, max(2.5, self.place.tile * 0.12)
        if line.terminated and self.t == len(line):
            return
        for x, cells in paying_cells(self.pane.trap, line.states[self.t]).items():
            number, colour = self.looks[x]
            for cell in cells:
                box = self.place.box_of(cell)
                left = box.left + size + 2 + number * (2 * size + 2)
                self.painter.mark(number, left, box.top + size + 2, size, colour)

    def _actions(self) -> None:
        """Draw arrows from the agent's cell, and a disc for ``act``."""
        line, side = self.pane.line, self.place.tile
        shares = line.steps[self.t].decision.shares if self.t < len(line) else None
        if shares is None:
            return
        x, y = self.place.middle(int(line.states[self.t].agent[0]))
        for share, (dx, dy) in zip(shares[:4].tolist(), DIRECTIONS, strict=True):
            if share < LEAST_SHARE:
                continue
            reach, wide = side * (0.42 + 0.62 * share), side * 0.15
            tip = (x + dx * reach, y + dy * reach)
            foot = (x + dx * side * 0.36, y + dy * side * 0.36)
            for grow, colour in ((1.6, CARD), (0.0, INK)):
                self.painter.line([foot, tip], colour, side * 0.1 + 2 * grow)
                end = wide + grow
                ends = [(tip[0] + sign * dy * end, tip[1] + sign * dx * end) for sign in (-1, 1)]
                self.painter.polygon([(tip[0] + dx * end, tip[1] + dy * end), *ends], colour)
        if shares[4] >= LEAST_SHARE:
            radius = side * (0.1 + 0.25 * float(shares[4]))
            self.painter.disc(x, y, radius + 1.6, CARD)
            self.painter.disc(x, y, radius, INK)


def _without_stays(points: list[Point]) -> list[Point]:
    return [p for i, p in enumerate(points) if i == 0 or p != points[i - 1]]
