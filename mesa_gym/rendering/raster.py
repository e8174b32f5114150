"""From planes to pictures: one tile a cell, each distinct tile drawn once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mesa_gym.grid.plane import RGB, Plane
from mesa_gym.rendering.canvas import Canvas
from mesa_gym.rendering.sprites import FLOOR, INK, MARKS, Sprite, find_sprite

MIN_TILE = 4
MAX_CHANNELS = 62
WALL, THING, MARK, AGENT = range(4)  # heights of layers
HEIGHT = {"wall": WALL, "agent": AGENT}  # all other kinds are things; these two are never tinted
NICHE = (0.06, 0.06, 0.94, 0.94)  # where a wall shows what the agent holds
HELD = (0.11, 0.11, 0.78)  # left, top and side of the item in it
MARK_SIDE = 0.27


class Layer(NamedTuple):
    """One drawing in one cell."""

    height: int
    draw: Sprite
    colour: RGB


def render_rgb(
    planes: Sequence[Plane], cells: NDArray[np.uint8], tile: int = 32
) -> NDArray[np.uint8]:
    """Draw grids as pictures.

    In each cell the floor comes first, then the wall, then the other kinds in the order of
    ``planes``, and the agent last. A kind takes the colour of the attributes set in its cell (their
    mean if there are several), else its own; the agent and the wall always keep their own. An
    attribute with a registered mark (red, blue, yellow) also shows that, in the cell's lower left
    corner. A kind in a wall cell (something held) stands, smaller, in a dark niche. A plane
    that is repeated in ``planes`` is drawn once.

    Args:
        planes: what each channel of ``cells`` means; at most 62.
        cells: 0 or 1, (h, w, c) or (n, h, w, c).
        tile: side of a cell in pixels, at least 4; 16 and more can be read by a person.

    Returns:
        A fresh uint8 array, (h * tile, w * tile, 3) or (n, h * tile, w * tile, 3).

    Raises:
        ValueError: a tile too small, planes and channels that do not match, or an unknown sprite.
    """
    planes = tuple(planes)
    _check(planes, cells, tile)
    batch = cells if cells.ndim == 4 else cells[None]
    n, h, w, _ = batch.shape
    codes, index = np.unique(_codes(batch), return_inverse=True)
    rows = np.empty((len(codes), tile, tile * 3), dtype=np.uint8)
    for k, code in enumerate(codes.tolist()):
        present = [plane for i, plane in enumerate(planes) if code >> i & 1]
        rows[k] = _tile(_layers(present), tile).reshape(tile, tile * 3)
    # Gathering pixel rows rather than tiles lands every byte in its final place at once.
    wanted = index.reshape(n, h, 1, w) * tile + np.arange(tile)[:, None]
    pixels = rows.reshape(len(codes) * tile, tile * 3).take(wanted, axis=0)
    frames = pixels.reshape(n, h * tile, w * tile, 3)
    return frames if cells.ndim == 4 else frames[0]


def _check(planes: tuple[Plane, ...], cells: NDArray[np.uint8], tile: int) -> None:
    """Raise ValueError for arguments that cannot be drawn."""
    if not isinstance(tile, int | np.integer) or tile < MIN_TILE:
        raise ValueError(f"tile {tile!r}: expected a whole number of pixels, at least {MIN_TILE}")
    if cells.ndim not in (3, 4):
        raise ValueError(f"cells of shape {cells.shape}: expected (h, w, c) or (n, h, w, c)")
    if cells.shape[-1] != len(planes):
        raise ValueError(
            f"cells of shape {cells.shape} have {cells.shape[-1]} channels:"
            f" expected {len(planes)}, one for each plane"
        )
    if len(planes) > MAX_CHANNELS:
        raise ValueError(f"{len(planes)} planes: expected at most {MAX_CHANNELS}")
    for plane in planes:
        if plane.sprite is not None:
            find_sprite(plane.sprite)


def _codes(batch: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """Return for each cell the number whose bit i says whether channel i is set; (n, h, w)."""
    packed = np.packbits(batch, axis=-1, bitorder="little")
    eight = np.zeros((*batch.shape[:-1], 8), dtype=np.uint8)
    eight[..., : packed.shape[-1]] = packed
    return eight.view("<u8")[..., 0]


def _layers(present: Iterable[Plane]) -> tuple[Layer, ...]:
    """Return what to draw for the planes set in one cell, lowest first."""
    distinct = dict.fromkeys(present)  # in order; a plane repeated for salience counts once
    attributes = [plane for plane in distinct if plane.sprite is None]
    tint = _mean([plane.colour for plane in attributes]) if attributes else None
    layers = [Layer(MARK, MARKS[p.name], p.colour) for p in attributes if p.name in MARKS]
    for plane in distinct:
        if plane.sprite is not None:
            height = HEIGHT.get(plane.sprite, THING)
            colour = tint if tint is not None and height == THING else plane.colour
            layers.append(Layer(height, find_sprite(plane.sprite), colour))
    return tuple(sorted(layers, key=lambda layer: layer.height))


def _mean(colours: Sequence[RGB]) -> RGB:
    """Return the mean colour, so that cells with other sets of attributes look different."""
    red, green, blue = (round(sum(part) / len(colours)) for part in zip(*colours, strict=True))
    return red, green, blue


@lru_cache(maxsize=4096)
def _tile(layers: tuple[Layer, ...], tile: int) -> NDArray[np.uint8]:
    """Draw one cell, uint8 (tile, tile, 3); the result is shared and cannot be written to."""
    canvas = Canvas(tile, FLOOR)
    find_sprite("floor")(canvas, FLOOR)
    heights = [layer.height for layer in layers]
    things = canvas.part(*HELD) if WALL in heights else canvas
    marks = 0
    for height, draw, colour in layers:
        if height == MARK:
            # Beside each other, so that a cell with two attributes shows both.
            draw(things.part(marks * MARK_SIDE, 1 - MARK_SIDE, MARK_SIDE), colour)
            marks += 1
        else:
            draw(things if height == THING else canvas, colour)
        if height == WALL and (THING in heights or MARK in heights):
            canvas.paint(canvas.box(*NICHE, r=0.1), INK)
    picture = canvas.picture()
    picture.flags.writeable = False
    return picture
