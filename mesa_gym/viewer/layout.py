"""Layout: the boxes of all parts of a window, and the views that draw its panes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mesa_gym.engine import Bytes, Floats
from mesa_gym.rendering import render_rgb
from mesa_gym.rendering.raster import MIN_TILE, draw_cell
from mesa_gym.viewer.overlays import GridCanvas, GridPlace, Overlay
from mesa_gym.viewer.painter import BODY, EMPTY_CELL, QUIET, SHEET, TEXT, Box, Painter, as_surface
from mesa_gym.viewer.playback import Session
from mesa_gym.viewer.seats import Pane

if TYPE_CHECKING:
    import pygame

EDGE = 8.0
BETWEEN = 6.0
# Heights of a title, of the observation, and of its labels.
TITLE_HEIGHT = 22.0
DRAWER_HEIGHT = 112.0
LABEL_HEIGHT = 14.0
MOST_DRAWER = 0.3  # maximum share of the panes' height, to leave room for the grids
# Width of the panel: minimum, share of the window, maximum.
PANEL_LEAST = 216.0
PANEL_SHARE = 0.24
PANEL_MOST = 720.0
# Opacity of a tint: minimum, maximum, and the value of full opacity.
FAINT = 16
STRONG = 200
FULL = 256


@dataclass(frozen=True)
class Layout:
    """Boxes in points; ``grids`` are inside ``panes``, above ``drawers``."""

    panes: list[Box]
    grids: list[GridPlace]
    drawers: list[Box]
    panel: Box
    strips: dict[str, Box]


def inner_width(width: float, panel: bool) -> float:
    """Return the width of the window left of the panel, in points."""
    return width - 2 * EDGE - (_panel_width(width) + EDGE if panel else 0.0)


def arrange(
    painter: Painter,
    panes: int,
    cells: tuple[int, int],
    panel: bool,
    drawer: float,
    strips: dict[str, float],
) -> Layout:
    """Lay out a window; the cells of grids are whole pixels.

    Args:
        painter: the window's painter.
        panes: the number of panes.
        cells: rows and columns of every grid.
        panel: whether the panel is shown.
        drawer: the height of the observation below each grid; 0 hides it.
        strips: the height of each strip below the panes, from the bottom up; 0 hides it.
    """
    width, height = painter.size
    inner, bottom = inner_width(width, panel), height - EDGE
    boxes = {}
    for name, high in strips.items():
        bottom -= high
        boxes[name] = Box(EDGE, bottom, inner, high)
        bottom -= BETWEEN if high else 0.0
    room = Box(EDGE, EDGE, inner, max(60.0, bottom - EDGE))
    drawer = min(drawer, room.height * MOST_DRAWER)
    # Choose the number of panes in a row that makes the cells largest.
    options = [_split(room, panes, across) for across in range(panes, 0, -1)]
    placed = max(options, key=lambda option: _side(option[0], cells, drawer))
    grids = [_grid(pane, cells, drawer, painter.scale) for pane in placed]
    drawers = [
        Box(pane.left + 6, grid.box.bottom + 4, pane.width - 12, max(0.0, drawer - 8))
        for pane, grid in zip(placed, grids, strict=True)
    ]
    wide = _panel_width(width) if panel else 0.0
    side = Box(width - EDGE - wide, EDGE, wide, height - 2 * EDGE)
    return Layout(placed, grids, drawers, side, boxes)


def _panel_width(width: float) -> float:
    return min(PANEL_MOST, max(PANEL_LEAST, width * PANEL_SHARE))


def _split(room: Box, count: int, across: int) -> list[Box]:
    down = -(-count // across)
    wide = (room.width - EDGE * (across - 1)) / across
    high = (room.height - EDGE * (down - 1)) / down
    places = [divmod(k, across) for k in range(count)]
    return [Box(x * (wide + EDGE), y * (high + EDGE), wide, high).within(room) for y, x in places]


def _side(pane: Box, cells: tuple[int, int], drawer: float) -> float:
    """Return the largest side of a cell in a pane, in points, with room for title and drawer."""
    high = pane.height - TITLE_HEIGHT - drawer - 6
    return max(1.0, min((pane.width - 12) / cells[1], high / cells[0]))


def _grid(pane: Box, cells: tuple[int, int], drawer: float, scale: float) -> GridPlace:
    """Return the place of a pane's grid: in its middle, with cells of whole pixels."""
    tile = max(MIN_TILE, int(_side(pane, cells, drawer) * scale)) / scale
    left = pane.left + (pane.width - tile * cells[1]) / 2
    spare = pane.height - TITLE_HEIGHT - 6 - drawer - tile * cells[0]
    top = pane.top + TITLE_HEIGHT + max(0.0, spare / 2)
    return GridPlace(round(left * scale) / scale, round(top * scale) / scale, tile, *cells)


class View:
    """A view of one pane, which redraws its picture only if something has changed."""

    def __init__(self, pane: Pane) -> None:
        self.pane = pane
        self._drawn: tuple[object, pygame.Surface | None] = None, None  # a key, and its picture

    def draw(self, painter: Painter, layout: Layout, number: int, session: Session) -> None:
        """Draw the title, the grid with its overlays, and the agent's observation if it is on."""
        box, grid, focused = layout.panes[number], layout.grids[number], number == session.focus
        painter.fill(box, SHEET, 6)
        title = self.pane.title
        if len(session.panes) > 1:
            title = f"{number + 1}  {title}"
            if focused:
                painter.frame(box, TEXT, 2, 6)
        tone = TEXT if focused else QUIET
        painter.text(title, box.left + 8, box.top + 4, BODY, tone, width=box.width - 16)
        overlays = session.shown_overlays
        picture = self._picture(painter, grid, session.clock.cursor, overlays)
        painter.picture(picture, grid.left, grid.top)
        if "sees" in session.shown:
            self._draw_seen(painter, layout.drawers[number], session.clock.cursor)

    def _picture(
        self, painter: Painter, grid: GridPlace, cursor: int, overlays: list[Overlay]
    ) -> pygame.Surface:
        pane = self.pane
        t, tile = pane.time(cursor), round(grid.tile * painter.scale)
        # The key contains the timeline itself, so that no new timeline can get its identity.
        key = (pane.line, t, tile, [o.name for o in overlays], t < len(pane.line), painter.scale)
        drawn_key, surface = self._drawn
        if surface is None or drawn_key != key:
            ground = as_surface(tinted_grid(pane, t, tile, overlays, painter))
            # Reuse the surface while its size fits: new surfaces would fragment the memory.
            if surface is None or surface.get_size() != ground.get_size():
                surface = painter.pygame.Surface(ground.get_size())
            grid_painter = Painter(surface, painter.scale)
            grid_painter.picture(ground, 0, 0)
            for overlay in reversed(overlays):
                overlay.draw(GridCanvas(grid_painter, pane, t))
            self._drawn = key, surface
        return surface

    def _draw_seen(self, painter: Painter, box: Box, cursor: int) -> None:
        """Draw the observation on screen plane by plane, from left to right."""
        trap, room = self.pane.trap, box.height - LABEL_HEIGHT - 2
        planes = trap.observe(self.pane.state(cursor))[0]
        step = box.width / len(trap.planes)
        side = min(room / trap.height, (step - 4) / trap.width)
        for k, plane in enumerate(trap.planes):
            x = box.left + k * step
            painter.text(plane, x, box.top, LABEL_HEIGHT, TEXT, width=step - 3)
            picture = _plane(planes[..., k], max(1, int(side * painter.scale)))
            painter.picture(picture, x, box.top + LABEL_HEIGHT + 1)


def _plane(layer: Bytes, tile: int) -> Bytes:
    """Return a picture of a plane: set cells dark, with lines between large cells."""
    large = layer.repeat(tile, axis=0).repeat(tile, axis=1)[..., None] > 0
    ticks = [(np.arange(side) % tile == 0) & (tile > 3) for side in large.shape[:2]]
    lines = (ticks[0][:, None] | ticks[1])[..., None]
    return np.where(large, TEXT, np.where(lines, SHEET, EMPTY_CELL)).astype(np.uint8)


def tinted_grid(
    pane: Pane, t: int, tile: int, overlays: Sequence[Overlay], painter: Painter
) -> Bytes:
    """Return the grid after ``t`` steps with the heat map that is on; darker means more.

    Only bare floor is tinted, so that things keep their colours.

    Returns:
        uint8 (height, width, 3), a fresh array with ``tile`` pixels per cell.
    """
    trap, picture = pane.trap, render_rgb(pane.trap, pane.line.states[t], tile)[0]
    heats = (
        (overlay.heat(pane, t), overlay.tint(painter)) for overlay in overlays if overlay.tints
    )
    heat, tone = next(heats, (None, TEXT))
    if heat is None:
        return picture
    floor = np.tile(draw_cell(trap, (), tile), (1, trap.width, 1))
    opacity = np.repeat(_opacity(heat).reshape(trap.size), tile, axis=1)
    tint = np.array(tone, dtype=np.uint16)
    for row, share in enumerate(opacity):
        # One row of cells at a time fits in the processor's cache.
        part = picture[row * tile : (row + 1) * tile]
        same = part == floor
        weight = ((same[..., 0] & same[..., 1] & same[..., 2]) * share)[..., None]
        part[:] = (part * (FULL - weight) + weight * tint) >> 8
    return picture


def _opacity(heat: Floats) -> NDArray[np.uint16]:
    """Return the opacity of each cell's tint; 0 where ``heat`` is NaN, or if all values are 0."""
    finite = np.isfinite(heat)
    opacity = np.zeros(heat.shape, dtype=np.uint16)
    if heat[finite].any():
        low, high = heat[finite].min(), heat[finite].max()
        share = (heat[finite] - low) / (high - low) if high > low else np.ones(finite.sum())
        opacity[finite] = np.round(FAINT + (STRONG - FAINT) * share)
    return opacity
