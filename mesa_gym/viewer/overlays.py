"""Overlays of a grid: their names and keys, and how they are drawn."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from mesa_gym.errors import unknown
from mesa_gym.traps import Trap
from mesa_gym.viewer.compare import OverlayData, Pane
from mesa_gym.viewer.drawing import CARD, INK, Box, Painter, Point
from mesa_gym.viewer.plans import find_open
from mesa_gym.viewer.timeline import spread_agent

HEAT, WANTS, PLAN = "heat:", "wants", "plan"
DIRECTIONS = ((-1, 0), (0, 1), (1, 0), (0, -1))  # left, down, right, up
LEAST_SHARE = 0.005  # of an action whose chance is drawn
DOTS = 3  # of a planned way, a cell


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


PAYS_DOC = "The mark of an objective in the corner of each cell that pays it if entered now."
PATHS_DOC = "The way of each objective's oracle (or reference policy) from the episode's start."
CONFLICT_DOC = "Hatched: were the agent there now, no action would be optimal for base and a proxy."
VISITS_DOC = "How often a policy's agent is in each cell, over 100 episodes of this level."
SEES_DOC = "The planes one by one, and the 5x5 window of `centred`."
CHANCES_DOC = "Arrows as long as the policy's probabilities; a disc to act."
WANTS_DOC = "What each cell is worth to the agent to end at, by its own map; Shift+click moves it."
PLAN_DOC = "The way that the agent would go from here by that map, to a ring where it ends."
HEAT_DOC = "The most that {} can still pay with the agent on each cell, all else as it is: V*."


def overlays_of(trap: Trap, planned: bool = False) -> dict[str, Overlay]:
    """Return the overlays that a trap has, by name; ``planned`` if an agent plans by a map."""
    every = [
        Overlay("pays", "m", "what pays", PAYS_DOC),
        Overlay("path", "p", "path so far", "Where the agent has been, from a ring at the start."),
        Overlay("oracles", "o", "oracles' paths", PATHS_DOC),
        *(
            Overlay(f"{HEAT}{x}", str(number), f"V of {x}", HEAT_DOC.format(x), exact=True)
            for number, x in enumerate(trap.objectives, 1)
        ),
        Overlay("conflicts", "c", "conflict cells", CONFLICT_DOC, exact=True),
        Overlay("visits", "v", "visits", VISITS_DOC),
        Overlay("sees", "s", "what it sees", SEES_DOC),
        Overlay("actions", "a", "action chances", CHANCES_DOC),
    ]
    if planned:
        every.append(Overlay(WANTS, "u", "what it wants", WANTS_DOC))
        every.append(Overlay(PLAN, "f", "its plan", PLAN_DOC))
    return {overlay.name: overlay for overlay in every if trap.solvable or not overlay.exact}


def parse_overlays(trap: Trap, names: str, there: Collection[str]) -> set[str]:
    """Return the overlays, of those there are, that ``path,heat:door`` or ``all`` names.

    Raises:
        ValueError: there is none of a name, or it needs an agent that plans by a map.
    """
    if names == "all":
        return set(there)
    given = {name for name in names.split(",") if name}
    for name in sorted(given - set(there)):
        if name in (WANTS, PLAN):
            raise ValueError(f"overlay {name!r} is of agents that plan by a map; none here does")
        raise unknown(f"overlay of {trap.name()}", name, there)
    return given


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


class OverlayPainter:
    """A painter of the overlays of one pane's grid.

    Args:
        painter: of the picture's own surface, whose upper left corner is the grid's.
        pane: what is shown.
        data: what is known of it.
        t: steps from the timeline's start.
    """

    def __init__(self, painter: Painter, pane: Pane, data: OverlayData, t: int) -> None:
        self.painter, self.pane, self.data, self.t = painter, pane, data, t
        height, width = pane.trap.size
        self.side = painter.surface.get_width() / width / painter.scale
        self.place = GridPlace(0, 0, self.side, height, width)
        self.numbers = {x: number for number, x in enumerate(pane.trap.objectives)}

    def draw(self, shown: set[str]) -> None:
        """Draw the overlays that are on, what is beneath first."""
        parts = {
            "conflicts": self._conflicts,
            "visits": self._visits,
            "oracles": self._oracles,
            "path": self._path,
            PLAN: self._plan,
            "pays": self._pays,
            "actions": self._actions,
        }
        for name, draw in parts.items():
            if name in shown:
                draw()

    def _conflicts(self) -> None:
        """Draw hatching, dark on light, over whatever is there."""
        analysis, side = self.pane.analysis, self.side
        if analysis is None:
            return
        where = [analysis.conflicts(x, self.t) for x in self.pane.trap.proxies]
        for cell in np.logical_or.reduce(where).nonzero()[0].tolist():
            box = self.place.box_of(cell)
            for k in range(1, 6, 2):
                along = side * k / 3
                a = (box.left + min(along, side), box.top + max(0.0, along - side))
                b = (box.left + max(0.0, along - side), box.top + min(along, side))
                self._draw_line([a, b], 1.0, 0.8)

    def _visits(self) -> None:
        visits, side = self.data.visits, self.side
        if visits is None:
            return
        for cell in visits.nonzero()[0].tolist():
            box = self.place.box_of(cell)
            size = max(2.0, side * 0.42 * math.sqrt(visits[cell] / int(visits.max())))
            self._disc(box.right - size / 2 - 1, box.top + size / 2 + 1, size / 2, 1)
            if side >= 30:
                text, height = f"{visits[cell]}", min(14.0, side * 0.34)
                x, y = box.right - self.painter.measure(text, height) - 2, box.bottom - height
                # Letters with an edge can be read on anything.
                for dx, dy in ((-1, 0), (1, 0), (0, -1), (0, 1)):
                    self.painter.text(text, x + dx, y + dy, height, CARD)
                self.painter.text(text, x, y, height, INK)

    def _oracles(self) -> None:
        for x, line in self.data.paths.items():
            number = self.numbers[x]
            shift = self.side * 0.13 * (number - (len(self.numbers) - 1) / 2)
            points = self._way(line.cells(len(line)), shift)
            self.painter.line(points, CARD, 4.5)
            self.painter.line(points, self.painter.colour(number), 2.0)
            # The shape tells the lines apart without colour.
            for place in set(points):
                size = 0.15 if place == points[-1] else 0.07
                self.painter.mark(number, *place, self.side * size)

    def _path(self) -> None:
        points = self._way(self.pane.line.cells(self.t))
        self._draw_line(points, 2.4, 1.3)
        self._ring(*points[0])

    def _plan(self) -> None:
        """Draw the way ahead as dots: a line is where the agent has been."""
        intent = self.pane.line.find_intent(self.t)
        if intent is None:
            return
        points = self._way(intent.way)
        for a, b in pairwise(points):
            for x, y in np.linspace(a, b, DOTS, endpoint=False).tolist():
                self._disc(x, y, self.side * 0.05, 1.3)
        self._ring(*points[-1])

    def _pays(self) -> None:
        """Draw the marks of objectives in the corners of cells that pay them."""
        line, size = self.pane.line, max(2.5, self.side * 0.12)
        if line.terminated and self.t == len(line):
            return
        for x, cells in _paying_cells(self.pane, self.t).items():
            for cell in cells:
                box = self.place.box_of(cell)
                left = box.left + size + 2 + self.numbers[x] * (2 * size + 2)
                self.painter.mark(self.numbers[x], left, box.top + size + 2, size)

    def _actions(self) -> None:
        """Draw arrows from the agent's cell, and a disc for ``act``."""
        line, side = self.pane.line, self.side
        shares = line.steps[self.t].decision.shares if self.t < len(line) else None
        if shares is None:
            return
        x, y = self.place.box_of(int(line.states[self.t].agent[0])).middle
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
            self._disc(x, y, side * (0.1 + 0.25 * float(shares[4])), 1.6)

    def _way(self, cells: list[int], shift: float = 0.0) -> list[Point]:
        """Return the points of a way through cells, without those at which it stays."""
        there = [cells[0], *(b for a, b in pairwise(cells) if a != b)]
        middles = [self.place.box_of(cell).middle for cell in there]
        return [(x + shift, y + shift) for x, y in middles]

    def _draw_line(self, points: list[Point], width: float, edge: float) -> None:
        """Draw a dark line with light edges, seen on anything."""
        self.painter.line(points, CARD, width + 2 * edge)
        self.painter.line(points, INK, width)

    def _ring(self, x: float, y: float) -> None:
        self.painter.disc(x, y, self.side * 0.2, CARD, 4.5)
        self.painter.disc(x, y, self.side * 0.2, INK, 2.0)

    def _disc(self, x: float, y: float, radius: float, edge: float) -> None:
        self.painter.disc(x, y, radius + edge, CARD)
        self.painter.disc(x, y, radius, INK)


def find_heats(pane: Pane, t: int, shown: set[str]) -> dict[str, NDArray[np.float64]]:
    """Return the maps that are on and known after ``t`` steps: overlay -> float64 (cells,)."""
    analysis, intent = pane.analysis, pane.line.find_intent(t)
    heats = {}
    for x in pane.trap.objectives:
        if analysis is not None and f"{HEAT}{x}" in shown:
            heats[f"{HEAT}{x}"] = analysis.heat(x, t)
    if intent is not None and WANTS in shown:
        heats[WANTS] = intent.wants
    return heats


def _paying_cells(pane: Pane, t: int) -> dict[str, set[int]]:
    """Return where the next step can pay: objective -> the cells that pay when they are entered.

    All cells are tried, from all sides, in the world as it is; what costs is left out.
    """
    trap = pane.trap
    state = pane.line.states[t]
    every = spread_agent(trap, state).take(find_open(trap, state).nonzero()[0])
    cells: dict[str, set[int]] = {x: set() for x in trap.objectives}
    for action in range(4):
        after, paid, _ = trap.step(every, np.full(every.n, action))
        moved = after.agent != every.agent
        for x, pay in paid.items():
            cells[x] |= set(after.agent[moved & (pay > 0)].tolist())
    return cells
