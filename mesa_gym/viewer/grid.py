"""The canvas of overlays: one pane's grid, on which they draw."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from mesa_gym.viewer.painter import SHEET, TEXT, Box, Painter, Point
from mesa_gym.viewer.pane import Pane


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

    def box_of(self, cell: int) -> Box:
        """Return the box of a cell."""
        row, column = divmod(cell, self.columns)
        side = self.tile
        return Box(self.left + column * side, self.top + row * side, side, side)


class GridCanvas:
    """One pane's grid after some steps, to draw overlays on.

    Args:
        painter: of the picture's own surface, whose upper left corner is the grid's.
        pane: what is shown.
        t: steps from the timeline's start.

    Attributes:
        painter, pane, t: the same.
        side: of a cell, in points.
        place: of the grid.
        numbers: objective -> its number, which gives its colour and shape.
    """

    def __init__(self, painter: Painter, pane: Pane, t: int) -> None:
        self.painter, self.pane, self.t = painter, pane, t
        height, width = pane.trap.size
        self.side = painter.surface.get_width() / width / painter.scale
        self.place = GridPlace(0, 0, self.side, height, width)
        self.numbers = {x: number for number, x in enumerate(pane.trap.objectives)}

    def find_way(self, cells: list[int]) -> list[Point]:
        """Return the points of a way through cells; a cell where the agent waits counts once."""
        there = [cells[0], *(b for a, b in pairwise(cells) if a != b)]
        return [self.place.box_of(cell).middle for cell in there]

    def draw_line(self, points: list[Point], width: float, edge: float) -> None:
        """Draw a dark line with light edges, seen on anything."""
        self.painter.line(points, SHEET, width + 2 * edge)
        self.painter.line(points, TEXT, width)

    def draw_ring(self, x: float, y: float) -> None:
        """Draw a dark ring with light edges around a point."""
        self.painter.disc(x, y, self.side * 0.2, SHEET, 4.5)
        self.painter.disc(x, y, self.side * 0.2, TEXT, 2.0)
