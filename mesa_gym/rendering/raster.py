"""Pictures of states: one tile per cell; each distinct tile is drawn once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from operator import itemgetter

import numpy as np

from mesa_gym.engine import RGB, Bytes, Ints, Look, State, World
from mesa_gym.engine.looks import TOKEN
from mesa_gym.errors import shorten
from mesa_gym.rendering.canvas import Canvas
from mesa_gym.rendering.drawing import DARK, FLOOR_COLOUR, MARKS, WHITE, Sprite, find_sprite
from mesa_gym.rendering.glyphs import glyph

MIN_TILE = 4
MAX_PLANES = 63  # one bit each in an int64
WALL, THING, MARK, AGENT = range(4)  # heights of layers
HEIGHT = {"wall": WALL, "agent": AGENT}  # all others are things; these two are never tinted
NICHE = (0.06, 0.06, 0.94, 0.94)  # the box in a wall cell that shows a held thing
HELD = (0.11, 0.11, 0.78)  # left, top and side of the thing in the niche
MARK_SIDE = 0.27

Layer = tuple[int, Sprite, RGB]  # a drawing in a cell: (height, sprite, colour)


def render_rgb(trap: World, state: State, tile: int = 32) -> Bytes:
    """Draw the levels of a state as the agent sees them.

    In each cell the floor is drawn first, then ground, then each kind of things and its traits, in
    the order of their declarations, then marks, and the agent last. Attributes are the names
    without a sprite. A thing takes the colour of the attributes in its cell (the mean of several),
    else its own colour; the agent and the wall always keep their own colours. In an otherwise empty
    cell, attributes colour the floor. An attribute with a registered mark (red, blue, green,
    yellow) also shows it in the cell's lower left corner. A kind of things without a sprite is a
    disc in its colour with its glyph. A thing in a wall cell (held, or hanging there) is drawn
    smaller, in a dark niche.

    Args:
        trap: the world of the state.
        state: a batch (n,), or one level without a batch axis.
        tile: side of a cell in pixels, at least 4; 16 and more can be read by a person.

    Returns:
        A fresh uint8 array, (n, height * tile, width * tile, 3), or without the first axis.

    Raises:
        ValueError: ``tile`` is too small, a sprite is unknown, or there are over 63 planes.

    Example:
        >>> from mesa_gym.rendering import render_rgb
        >>> from mesa_gym.traps import find_trap
        >>> trap = find_trap("CheeseCorner")()
        >>> render_rgb(trap, trap.levels("shift", range(2)), tile=16).shape
        (2, 144, 144, 3)
    """
    if not isinstance(tile, int | np.integer) or tile < MIN_TILE:
        raise ValueError(
            f"tile {shorten(tile)}: expected a whole number of pixels, at least {MIN_TILE}"
        )
    cells = encode_cells(trap, state)
    n, height, width = cells.shape
    planes = order_planes(trap)
    codes, index = np.unique(cells, return_inverse=True)
    rows = np.empty((len(codes), tile, tile * 3), dtype=np.uint8)
    for k, code in enumerate(codes.tolist()):
        picture = draw_cell(trap, name_planes(planes, code), tile)
        rows[k] = picture.reshape(tile, tile * 3)
    # Gathering rows of pixels instead of tiles writes each byte once, to its final place.
    pixel_rows = index.reshape(n, height, 1, width) * tile + np.arange(tile)[:, None]
    pixels = rows.reshape(len(codes) * tile, tile * 3).take(pixel_rows, axis=0)
    frames = pixels.reshape(n, height * tile, width * tile, 3)
    return frames if state.agent.ndim else frames[0]


def order_planes(trap: World) -> list[str]:
    """Return planes in drawing order, lowest first; a trait comes after the kinds that have it."""
    kinds, names = list(trap.things), ["agent", *trap.ground]
    for kind in kinds:
        names.append(kind)
        names += [x for x, having in trap.traits.items() if kind == max(having, key=kinds.index)]
    planes = [trap.shown_as.get(name, name) for name in [*names, *trap.marks]]
    return list(dict.fromkeys(filter(None, planes)))


def encode_cells(trap: World, state: State) -> Ints:
    """Return a code of each cell, int64 (n, height, width): equal codes mean equal pictures.

    Raises:
        ValueError: a sprite is unknown, or there are over 63 planes.
    """
    planes = order_planes(trap)
    if len(planes) > MAX_PLANES:
        raise ValueError(f"{len(planes)} planes: a picture shows at most {MAX_PLANES}")
    for sprite in (trap.looks[plane].sprite for plane in planes):
        if sprite is not None:
            find_sprite(sprite)
    cells = np.asarray(trap.observe(state))[..., [trap.channel[plane] for plane in planes]]
    return cells @ (1 << np.arange(len(planes)))


def name_planes(planes: Sequence[str], code: int) -> list[str]:
    """Return the planes in an ``encode_cells`` code, in the order of ``order_planes``."""
    return [plane for i, plane in enumerate(planes) if code >> i & 1]


def draw_cell(trap: World, names: Sequence[str], tile: int) -> Bytes:
    """Draw a cell that shows some planes, the lowest first.

    Returns:
        uint8 (tile, tile, 3), which is shared and cannot be written to.
    """
    return _tile(_layers({plane: trap.looks[plane] for plane in names}), tile)


def render_look(look: Look, side: int) -> Bytes:
    """Draw a look alone in a cell, uint8 (side, side, 3); without a sprite, it tints the floor."""
    return _tile(_layers({"": look}), side).copy()


def _layers(present: Mapping[str, Look]) -> tuple[Layer, ...]:
    """Return the layers that draw the looks in one cell, lowest first."""
    tints = {name: look.colour for name, look in present.items() if look.sprite is None}
    marked = [name for name in tints if name in MARKS and present[name].marked]
    layers = [(MARK, MARKS[name], tints[name]) for name in marked]
    drawn = [(look, look.sprite) for look in present.values() if look.sprite is not None]
    tint = None
    if tints:
        # Use the mean, so that different sets of attributes look different.
        red, green, blue = np.mean(list(tints.values()), axis=0).round().astype(int).tolist()
        tint = red, green, blue
        if all(sprite in HEIGHT for _, sprite in drawn):
            layers.append((THING, find_sprite("floor"), tint))
    for look, sprite in drawn:
        height = HEIGHT.get(sprite, THING)
        colour = tint if tint is not None and height == THING else look.colour
        layers.append((height, find_sprite(sprite), colour))
        if sprite == TOKEN:
            layers.append((height, glyph(look.glyph), _legible_on(colour)))
    return tuple(sorted(layers, key=itemgetter(0)))


def _legible_on(colour: RGB) -> RGB:
    """Return white for a dark colour and dark ink for a light one (luma, ITU-R BT.601)."""
    red, green, blue = colour
    return WHITE if 0.299 * red + 0.587 * green + 0.114 * blue < 140 else DARK


@lru_cache(maxsize=4096)
def _tile(layers: tuple[Layer, ...], tile: int) -> Bytes:
    """Draw one cell's layers, uint8 (tile, tile, 3), read-only because the picture is cached."""
    canvas = Canvas(tile, FLOOR_COLOUR)
    find_sprite("floor")(canvas, FLOOR_COLOUR)
    heights = [height for height, _, _ in layers]
    things = canvas.part(*HELD) if WALL in heights else canvas
    for k, (height, draw, colour) in enumerate(layers):
        if height == MARK:
            # Draw marks side by side, so that a cell with two attributes shows both.
            left = heights[:k].count(MARK) * MARK_SIDE
            draw(things.part(left, 1 - MARK_SIDE, MARK_SIDE), colour)
        else:
            draw(things if height == THING else canvas, colour)
        if height == WALL and (THING in heights or MARK in heights):
            canvas.paint(canvas.box(*NICHE, r=0.1), DARK)
    picture = canvas.picture()
    picture.flags.writeable = False
    return picture
