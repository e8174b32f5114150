"""The ground that overlays are drawn on: the grid, its bare floor tinted by values."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mesa_gym.engine import RGB
from mesa_gym.rendering import render_rgb
from mesa_gym.viewer.overlays import HEAT
from mesa_gym.viewer.tiles import tile_of
from mesa_gym.viewer.timeline import Pane

FAINT, STRONG, FULL = 16, 200, 256  # how strong a tint is: the least, the most, of so much
Bytes = NDArray[np.uint8]


def ground(pane: Pane, t: int, tile: int, shown: set[str], palette: tuple[RGB, ...]) -> Bytes:
    """Draw the grid after ``t`` steps with the heat maps that are on.

    Heat maps are bands beside each other in each cell, one an objective; the darker, the more.
    Only bare floor is tinted, so that what stands on it is seen as it is.

    Args:
        pane: what is shown.
        t: steps from the timeline's start.
        tile: pixels a cell.
        shown: the overlays that are on.
        palette: colours of objectives, the base first.

    Returns:
        uint8 (height, width, 3), a fresh array.
    """
    picture = render_rgb(pane.trap, pane.line.states[t], tile)[0]
    names = list(pane.trap.objectives)
    heats = [x for x in names if f"{HEAT}{x}" in shown]
    analysis = pane.analysis
    if analysis is None or not heats:
        return picture
    rows, columns = pane.trap.size
    edges = np.linspace(0, tile, len(heats) + 1).round().astype(int)
    opacity = np.zeros((rows, columns, tile), dtype=np.uint16)
    tint = np.zeros((tile, 3), dtype=np.uint16)
    for band, x in enumerate(heats):
        here = slice(edges[band], edges[band + 1])
        opacity[:, :, here] = _opacity(analysis.heat(x, t)).reshape(rows, columns, 1)
        tint[here] = palette[names.index(x) % len(palette)]
    _tint(picture, opacity.reshape(rows, columns * tile), np.tile(tint, (columns, 1)), pane, tile)
    return picture


def _opacity(heat: NDArray[np.float64]) -> NDArray[np.uint16]:
    """Return how strongly each cell is tinted, least to most on the map; 0 if unknown."""
    known = np.isfinite(heat)
    opacity = np.zeros(heat.shape, dtype=np.uint16)
    if known.any():
        low, high = heat[known].min(), heat[known].max()
        share = (heat[known] - low) / (high - low) if high > low else np.ones(known.sum())
        opacity[known] = np.round(FAINT + (STRONG - FAINT) * share)
    return opacity


def _tint(
    picture: Bytes,
    opacity: NDArray[np.uint16],
    tint: NDArray[np.uint16],
    pane: Pane,
    tile: int,
) -> None:
    """Mix a colour into the pixels of a picture that show bare floor.

    Args:
        picture: uint8 (rows * tile, width, 3), changed in place.
        opacity: of 256, (rows, width): the same for all pixel rows of a row of cells.
        tint: colours (width, 3).
        pane: whose floor.
        tile: pixels a cell.
    """
    floor = np.tile(tile_of(pane.trap, (), tile), (1, len(tint) // tile, 1))
    for row, share in enumerate(opacity):
        # A row of cells at a time stays in the processor's cache.
        part = picture[row * tile : (row + 1) * tile]
        same = part == floor
        mask = (same[..., 0] & same[..., 1] & same[..., 2]) * share
        weight = mask[..., None]
        part[:] = (part * (FULL - weight) + weight * tint) >> 8
