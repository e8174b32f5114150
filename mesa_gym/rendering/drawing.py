"""Registers, colours, shades and compound shapes that drawings share."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

import numpy as np

from mesa_gym.engine import RGB
from mesa_gym.errors import unknown
from mesa_gym.rendering.canvas import Canvas, Field

Sprite = Callable[[Canvas, RGB], None]

SPRITES: dict[str, Sprite] = {}
MARKS: dict[str, Sprite] = {}

INK: RGB = (34, 34, 44)
WHITE: RGB = (255, 255, 255)
BRASS: RGB = (250, 208, 84)
WOOD: RGB = (140, 98, 62)
LEAF: RGB = (84, 150, 70)
SKIN: RGB = (238, 200, 168)
FLOOR: RGB = (233, 229, 218)
OUTLINE = 0.035


def sprite(draw: Sprite) -> Sprite:
    """Register a drawing of a kind under its function's name, to which ``Look.sprite`` refers.

    Args:
        draw: paints the kind on a canvas, in the given colour.

    Raises:
        ValueError: another function has that name already.
    """
    return _register(SPRITES, "sprite", draw)


def mark(draw: Sprite) -> Sprite:
    """Register the mark of an attribute under the function's name, which is the attribute's.

    The mark is a small shape in the lower left corner of each cell that has the attribute, so
    that colours can be told apart without seeing colours.

    Args:
        draw: paints the mark on a canvas, in the attribute's colour.

    Raises:
        ValueError: another function has that name already.
    """
    return _register(MARKS, "mark", draw)


def find_sprite(name: str) -> Sprite:
    """Return the drawing of that name.

    Raises:
        UnknownNameError: there is none; the message names the nearest.
    """
    if name not in SPRITES:
        raise unknown("sprite", name, sorted(SPRITES))
    return SPRITES[name]


def _register(drawings: dict[str, Sprite], what: str, draw: Sprite) -> Sprite:
    name = draw.__name__
    # A module that is loaded again registers its drawings again.
    if name in drawings and drawings[name].__module__ != draw.__module__:
        raise ValueError(
            f"there is a {what} {name!r} already, in {drawings[name].__module__}; give the one in"
            f" {draw.__module__} another name"
        )
    drawings[name] = draw
    return draw


def blend(colour: RGB, other: RGB, share: float) -> RGB:
    """Return a colour with a share of another, from 0 to 1."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(colour, other, strict=True))
    return red, green, blue


def light(colour: RGB, share: float = 0.35) -> RGB:
    """Return the colour, lit."""
    return blend(colour, WHITE, share)


def dark(colour: RGB, share: float = 0.35) -> RGB:
    """Return the colour, in shade."""
    return blend(colour, INK, share)


def inked(canvas: Canvas, shape: Field, colour: RGB) -> None:
    """Paint a shape with a dark outline, which keeps pale things apart from the pale floor."""
    canvas.paint(shape, INK, grow=OUTLINE)
    canvas.paint(shape, colour)


def within(shape: Field, *limits: Field) -> Field:
    """Return the part of a shape that lies inside all the limits."""
    return np.maximum.reduce([shape, *limits])


def joined(shapes: Iterable[Field]) -> Field:
    """Return the shapes as one."""
    return np.minimum.reduce(list(shapes))


def ring(canvas: Canvas, x: float, y: float, radius: float, width: float) -> Field:
    """Return a circle's line of the given width."""
    return np.abs(canvas.circle(x, y, radius)) - np.float32(width / 2)


def star(canvas: Canvas, x: float, y: float, radii: tuple[float, float], tips: int) -> Field:
    """Return a star with one tip up; ``radii`` are those of its tips and of its notches."""
    angles = [math.pi * k / tips for k in range(2 * tips)]
    corners = [(radii[k % 2], angle) for k, angle in enumerate(angles)]
    return canvas.polygon([(x + r * math.sin(a), y - r * math.cos(a)) for r, a in corners])
