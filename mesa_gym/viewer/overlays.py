"""Overlays of a pane's grid: objects that draw themselves.

To add an overlay, write its class here and add it to ``OVERLAYS``.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from mesa_gym.engine import RGB, Floats
from mesa_gym.errors import unknown
from mesa_gym.traps import Trap
from mesa_gym.viewer.painter import QUIET, RULE, SHEET, TEXT, Box, Painter
from mesa_gym.viewer.seats import Pane
from mesa_gym.viewer.timeline import spread_agent


@dataclass(frozen=True)
class GridPlace:
    """The place of a grid of square cells of side ``tile``, in points."""

    left: float
    top: float
    tile: float
    rows: int
    columns: int

    @property
    def box(self) -> Box:
        """Return the box of the whole grid."""
        return Box(self.left, self.top, self.columns * self.tile, self.rows * self.tile)

    def box_of(self, cell: int) -> Box:
        """Return the box of a cell."""
        row, column = divmod(cell, self.columns)
        side = self.tile
        return Box(self.left + column * side, self.top + row * side, side, side)


class GridCanvas:
    """One pane's grid after some steps, to draw overlays on.

    Attributes:
        painter: painter of the picture's surface, which starts at the grid's upper left corner.
        pane, t: the pane, and the number of steps from its episode's start.
        place: the grid's place on the surface.
        numbers: objective -> its number, which determines its colour and shape.
    """

    def __init__(self, painter: Painter, pane: Pane, t: int) -> None:
        self.painter, self.pane, self.t = painter, pane, t
        height, width = pane.trap.size
        side = painter.surface.get_width() / width / painter.scale
        self.place = GridPlace(0, 0, side, height, width)
        self.numbers = {x: number for number, x in enumerate(pane.trap.objectives)}


class Overlay:
    """A drawing that can be shown over a grid.

    Attributes:
        name: its name in commands.
        key: the key that turns it on and off.
        label: its entry in the legend.
        doc: a sentence about its content.
        exact: whether it needs an exact solver.
        tints: whether it tints the floor; only one such overlay can be on.
    """

    name: str
    key: str
    label: str
    doc: str
    exact = tints = False

    def draw(self, canvas: GridCanvas) -> None:
        """Draw the overlay on the grid."""

    def draw_swatch(self, painter: Painter, x: float, y: float) -> None:
        """Draw the overlay's sign for the legend, centred at (x, y)."""
        raise NotImplementedError

    def heat(self, pane: Pane, t: int) -> Floats | None:
        """Return each tinted cell's value after ``t`` steps, (cells,); None without a tint."""
        return None

    def tint(self, painter: Painter) -> RGB:
        """Return the colour in which the overlay tints cells."""
        return TEXT


class PathSoFar(Overlay):
    """The agent's path so far."""

    name, key, label = "path", "p", "path so far"
    doc = "Where the agent has been, from a ring at the start."

    def draw(self, canvas: GridCanvas) -> None:
        """Draw the agent's path so far, with a ring at its start."""
        cells = canvas.pane.line.cells(canvas.t)
        entered = [cells[0], *(after for before, after in pairwise(cells) if after != before)]
        points = [canvas.place.box_of(cell).middle for cell in entered]
        # A dark line with light edges is visible on any background.
        for tone, width in ((SHEET, 5.0), (TEXT, 2.4)):
            canvas.painter.line(points, tone, width)
        for tone, width in ((SHEET, 4.5), (TEXT, 2.0)):
            canvas.painter.disc(*points[0], canvas.place.tile * 0.2, tone, width)

    def draw_swatch(self, painter: Painter, x: float, y: float) -> None:
        """Draw a line with two bends."""
        painter.line([(x - 7, y + 4), (x, y + 4), (x, y - 4), (x + 7, y - 4)], TEXT, 2.2)


class WhatPays(Overlay):
    """Cells that pay."""

    name, key, label = "pays", "m", "what pays"
    doc = "The mark of an objective in the corner of each cell that pays it if entered now."

    def draw(self, canvas: GridCanvas) -> None:
        """Draw an objective's mark in the upper left corner of each cell that pays it."""
        line = canvas.pane.line
        if line.terminated and canvas.t == len(line):
            return
        for x, cells in _paying_cells(canvas.pane, canvas.t).items():
            for cell in cells:
                _draw_corner_mark(canvas, canvas.numbers[x], cell, below=False)

    def draw_swatch(self, painter: Painter, x: float, y: float) -> None:
        """Draw two marks in the corner of a cell."""
        painter.frame(Box(x - 8, y - 8, 16, 16), QUIET)
        for number in (0, 1):
            painter.mark(number, x - 4 + 7 * number, y - 3, 2.6)


class Taken(Overlay):
    """Cells that have paid."""

    name, key, label = "taken", "d", "what was taken"
    doc = "The mark of an objective where the agent was paid for it: what was taken is gone."

    def draw(self, canvas: GridCanvas) -> None:
        """Frame each cell that paid, with the paid objectives in its lower left corner."""
        pane = canvas.pane
        for step, after in zip(pane.line.steps[: canvas.t], pane.line.states[1:], strict=False):
            objectives = [x for x, pay in step.paid.items() if pay > 0]
            cell = int(after.agent[0])
            if objectives:
                canvas.painter.frame(canvas.place.box_of(cell).inset(1), SHEET, 3.5, 4)
                canvas.painter.frame(canvas.place.box_of(cell).inset(2), TEXT, 1.5, 4)
            for x in objectives:
                _draw_corner_mark(canvas, canvas.numbers[x], cell, below=True)

    def draw_swatch(self, painter: Painter, x: float, y: float) -> None:
        """Draw a framed cell with a mark, for the legend."""
        painter.frame(Box(x - 8, y - 8, 16, 16), TEXT, 1.5, 3)
        painter.mark(0, x - 3, y + 3, 2.8)


class Heat(Overlay):
    """A heat map of the value of one objective with the agent on each cell."""

    exact = tints = True

    def __init__(self, objective: str, number: int) -> None:
        self.objective, self.number = objective, number
        self.name, self.key, self.label = f"heat:{objective}", f"{number + 1}", f"V of {objective}"
        self.doc = (
            f"The most that {objective} can still pay with the agent on each cell, all else as it"
            " is: V*."
        )

    def heat(self, pane: Pane, t: int) -> Floats | None:
        """Return V* with the agent on each cell, float64 (cells,); None without a solver."""
        return None if pane.analysis is None else pane.analysis.heat(self.objective, t)

    def tint(self, painter: Painter) -> RGB:
        """Return the objective's colour."""
        return painter.colour(self.number)

    def draw_swatch(self, painter: Painter, x: float, y: float) -> None:
        """Draw the objective's mark."""
        painter.mark(self.number, x, y, 6.5)


class Sees(Overlay):
    """The planes of the observation, drawn below the grid."""

    name, key, label = "sees", "s", "what it sees"
    doc = "The planes, one by one."

    def draw_swatch(self, painter: Painter, x: float, y: float) -> None:
        """Draw two planes."""
        for dx in (-8, 1):
            painter.fill(Box(x + dx, y - 6, 7, 12), RULE)
            painter.fill(Box(x + dx + 2, y - 2, 3, 3), TEXT)


# The overlays of every trap, in the legend's order; they are drawn from last to first.
OVERLAYS = (WhatPays(), Taken(), PathSoFar(), Sees())


def overlays_of(trap: Trap) -> dict[str, Overlay]:
    """Return the overlays that a trap has, by name."""
    heats = [Heat(x, number) for number, x in enumerate(trap.objectives)]
    return {
        overlay.name: overlay
        for overlay in (*OVERLAYS, *heats)
        if trap.solvable or not overlay.exact
    }


def turn_on(there: dict[str, Overlay], active: Collection[str], name: str) -> set[str]:
    """Return the active overlays and ``name``; a tinting overlay replaces the one that is on."""
    tinting = {other for other in active if there[other].tints and there[name].tints}
    return {*active, name} - (tinting - {name})


def parse_overlays(trap: Trap, names: str, there: dict[str, Overlay]) -> set[str]:
    """Return the overlays in a list such as ``path,heat:door``, or for ``all``.

    Raises:
        ValueError: a name is unknown, or two overlays tint the floor.
    """
    if names == "all":
        active: set[str] = set()
        for name in reversed(there):  # the first tinting overlay stays on
            active = turn_on(there, active, name)
        return active
    requested = {name.strip() for name in names.split(",") if name}
    for name in sorted(requested - set(there)):
        raise unknown(f"overlay of {trap.name()}", name, there)
    tinting = sorted(name for name in requested if there[name].tints)
    if len(tinting) > 1:
        raise ValueError(f"one overlay can tint the floor, got {' and '.join(tinting)}; choose one")
    return requested


def _draw_corner_mark(canvas: GridCanvas, number: int, cell: int, below: bool) -> None:
    """Draw an objective's mark in a cell's upper left corner, or lower left if ``below``."""
    box, size = canvas.place.box_of(cell), max(2.5, canvas.place.tile * 0.12)
    left = box.left + size + 2 + number * (2 * size + 2)
    y = box.bottom - size - 2 if below else box.top + size + 2
    canvas.painter.mark(number, left, y, size)


def _paying_cells(pane: Pane, t: int) -> dict[str, set[int]]:
    """Return, by objective, the cells that pay if they are entered next.

    Every cell is entered from every side in the current state; costs are left out.
    """
    trap, state = pane.trap, pane.line.states[t]
    states = spread_agent(trap, state).take((~trap.layer(state, "wall")[0]).nonzero()[0])
    cells: dict[str, set[int]] = {x: set() for x in trap.objectives}
    for action in range(4):
        after, rewards, _ = trap.step(states, np.full(states.n, action))
        moved = after.agent != states.agent
        for x, pay in rewards.items():
            cells[x] |= set(after.agent[moved & (pay > 0)].tolist())
    return cells
