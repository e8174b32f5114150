"""The places of everything in a window of some size."""

from __future__ import annotations

from dataclasses import dataclass

from mesa_gym.viewer.pen import Box
from mesa_gym.viewer.place import GridPlace

MARGIN = 8.0
TITLE = 22.0
BUTTONS = 26.0
PALETTE = 60.0  # of the editor
PANEL_LEAST, PANEL_MOST, PANEL_SHARE = 212.0, 300.0, 0.24


@dataclass(frozen=True)
class Wanted:
    """All that there must be room for.

    Attributes:
        panes: how many.
        rows, columns: of every grid.
        panel: whether there is a panel, and what else one drives with.
        scrubber, legend, drawer, status: heights in points; 0 for none.
        editing: whether the editor's palette is shown.
    """

    panes: int
    rows: int
    columns: int
    panel: bool
    scrubber: float
    legend: float
    drawer: float
    status: float
    editing: bool


@dataclass(frozen=True)
class Layout:
    """Boxes in points; ``grids`` are inside ``panes``, above ``drawers``."""

    panes: list[Box]
    grids: list[GridPlace]
    drawers: list[Box]
    panel: Box
    palette: Box
    legend: Box
    scrubber: Box
    buttons: Box
    status: Box


def panel_width(width: float) -> float:
    """Return the width of the panel in a window of a width."""
    return min(PANEL_MOST, max(PANEL_LEAST, width * PANEL_SHARE))


def inner_width(width: float, panel: bool) -> float:
    """Return the width of all that is left of the panel."""
    return width - 2 * MARGIN - (panel_width(width) + MARGIN if panel else 0.0)


def arrange(size: tuple[float, float], scale: float, wanted: Wanted) -> Layout:
    """Lay out a window.

    Args:
        size: of the window in points.
        scale: pixels a point; the cells of grids are whole pixels.
        wanted: what there is to show.
    """
    width, height = size
    inner = inner_width(width, wanted.panel)
    bottom = height - MARGIN
    strips: dict[str, Box] = {}
    heights = {
        "status": wanted.status if wanted.panel else 0.0,
        "buttons": BUTTONS if wanted.panel else 0.0,
        "scrubber": wanted.scrubber if wanted.panel else 0.0,
        "legend": wanted.legend,
        "palette": PALETTE if wanted.editing else 0.0,
    }
    for name, high in heights.items():
        bottom -= high
        strips[name] = Box(MARGIN, bottom, inner, high)
        bottom -= 6.0 if high else 0.0
    room = Box(MARGIN, MARGIN, inner, max(60.0, bottom - MARGIN))
    panes = _panes(room, wanted)
    grids = [_grid(pane, scale, wanted) for pane in panes]
    drawers = [
        Box(pane.left + 6, grid.box.bottom + 4, pane.width - 12, max(0.0, wanted.drawer - 8))
        for pane, grid in zip(panes, grids, strict=True)
    ]
    panel = Box(width - MARGIN - panel_width(width), MARGIN, panel_width(width), height - 16)
    return Layout(panes, grids, drawers, panel if wanted.panel else Box(0, 0, 0, 0), **strips)


def _panes(room: Box, wanted: Wanted) -> list[Box]:
    """Place panes beside or below each other, whichever makes the cells larger."""
    options = [_split(room, wanted.panes, across) for across in range(1, wanted.panes + 1)]
    return max(reversed(options), key=lambda panes: _side(panes[0], wanted))


def _split(room: Box, count: int, across: int) -> list[Box]:
    down = -(-count // across)
    wide = (room.width - MARGIN * (across - 1)) / across
    high = (room.height - MARGIN * (down - 1)) / down
    places = [divmod(k, across) for k in range(count)]
    return [
        Box(room.left + x * (wide + MARGIN), room.top + y * (high + MARGIN), wide, high)
        for y, x in places
    ]


def _side(pane: Box, wanted: Wanted) -> float:
    """Return how large a cell can be in a pane, in points."""
    high = pane.height - TITLE - wanted.drawer - 6
    return max(1.0, min((pane.width - 12) / wanted.columns, high / wanted.rows))


def _grid(pane: Box, scale: float, wanted: Wanted) -> GridPlace:
    """Place the grid in the middle of a pane, on whole pixels."""
    tile = max(4, int(_side(pane, wanted) * scale)) / scale
    left = pane.left + (pane.width - tile * wanted.columns) / 2
    spare = pane.height - TITLE - 6 - wanted.drawer - tile * wanted.rows
    top = pane.top + TITLE + max(0.0, spare / 2)
    left, top = round(left * scale) / scale, round(top * scale) / scale
    return GridPlace(left, top, tile, wanted.rows, wanted.columns)
