"""What the drawings share: colours, shades and compound shapes."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from mesa_gym.grid.plane import RGB
from mesa_gym.rendering.canvas import Canvas, Field, Point, blend

INK: RGB = (34, 34, 44)
WHITE: RGB = (255, 255, 255)
BRASS: RGB = (250, 208, 84)
WOOD: RGB = (140, 98, 62)
LEAF: RGB = (84, 150, 70)
SKIN: RGB = (238, 200, 168)
FLOOR: RGB = (233, 229, 218)
OUTLINE = 0.035


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


def around(x: float, y: float, radius: float, count: int, turn: float = 0.0) -> list[Point]:
    """Return points at equal distances on a circle.

    Args:
        x: centre, to the right.
        y: centre, downwards.
        radius: of the circle.
        count: how many points.
        turn: where the first one lies, in turns clockwise from the top.
    """
    angles = [2 * math.pi * (k / count + turn) for k in range(count)]
    return [(x + radius * math.sin(a), y - radius * math.cos(a)) for a in angles]


def star(canvas: Canvas, x: float, y: float, radii: tuple[float, float], tips: int) -> Field:
    """Return a star with one tip up; ``radii`` are those of its tips and of its notches."""
    outer = around(x, y, radii[0], tips)
    inner = around(x, y, radii[1], tips, 0.5 / tips)
    return canvas.polygon([p for pair in zip(outer, inner, strict=True) for p in pair])
