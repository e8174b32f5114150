"""The place of a grid on the screen."""

from __future__ import annotations

from dataclasses import dataclass

from mesa_gym.viewer.pen import Box


@dataclass(frozen=True)
class GridPlace:
    """A grid of square cells.

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

    def middle(self, cell: int) -> tuple[float, float]:
        """Return the middle of a cell."""
        box = self.box_of(cell)
        return box.left + box.width / 2, box.top + box.height / 2
