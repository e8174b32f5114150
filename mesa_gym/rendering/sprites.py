"""The drawings: each paints one thing on a canvas, in a main colour that the caller chooses.

A sprite derives its lights and darks from the main colour, so that a red door is still a door
and still red; fittings (a door's knob, a chest's lock) keep colours of their own. To add one,
write a function under ``@sprite``: its name is what ``Plane.sprite`` refers to.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable

import numpy as np

from mesa_gym.grid.plane import RGB
from mesa_gym.rendering.canvas import Canvas, Field, blend

Sprite = Callable[[Canvas, RGB], None]

SPRITES: dict[str, Sprite] = {}

INK: RGB = (34, 34, 44)
WHITE: RGB = (255, 255, 255)
BRASS: RGB = (250, 208, 84)
FLOOR: RGB = (233, 229, 218)
OUTLINE = 0.035


def sprite(draw: Sprite) -> Sprite:
    """Register a drawing under its function's name."""
    SPRITES[draw.__name__] = draw
    return draw


def find_sprite(name: str) -> Sprite:
    """Return the drawing of that name.

    Raises:
        ValueError: there is none; the message names the nearest.
    """
    if name in SPRITES:
        return SPRITES[name]
    near = difflib.get_close_matches(name, SPRITES, n=1)
    hint = f"did you mean {near[0]!r}? " if near else ""
    raise ValueError(f"unknown sprite {name!r}: {hint}Known sprites: {', '.join(sorted(SPRITES))}")


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


@sprite
def floor(canvas: Canvas, colour: RGB) -> None:
    """A tile, with a faint seam along two sides so that cells can be counted."""
    canvas.paint(canvas.box(0, 0, 1, 1), dark(colour, 0.16))
    canvas.paint(canvas.box(0, 0, 0.965, 0.965), colour)


@sprite
def wall(canvas: Canvas, colour: RGB) -> None:
    """Four courses of bricks that join up with the neighbouring cells'."""
    canvas.paint(canvas.box(0, 0, 1, 1), dark(colour, 0.6))
    for course in range(4):
        top = course / 4
        for k, left in enumerate((-0.25, 0.25, 0.75) if course % 2 else (0.0, 0.5)):
            brick = canvas.box(left + 0.025, top + 0.025, left + 0.475, top + 0.225, r=0.03)
            canvas.paint(brick, light(colour, 0.12) if (course + k) % 2 else colour)


@sprite
def agent(canvas: Canvas, colour: RGB) -> None:
    """A small robot that looks at you."""
    inked(canvas, canvas.line([(0.5, 0.12), (0.5, 0.24)], 0.05), INK)
    inked(canvas, canvas.circle(0.5, 0.11, 0.055), BRASS)
    for x in (0.38, 0.62):
        inked(canvas, canvas.box(x - 0.08, 0.78, x + 0.08, 0.93, r=0.04), dark(colour))
    inked(canvas, canvas.box(0.3, 0.58, 0.7, 0.84, r=0.08), dark(colour, 0.2))
    for x in (0.15, 0.85):
        inked(canvas, canvas.box(x - 0.04, 0.36, x + 0.04, 0.54, r=0.03), dark(colour))
    inked(canvas, canvas.box(0.17, 0.22, 0.83, 0.68, r=0.14), colour)
    for x in (0.355, 0.645):
        canvas.paint(canvas.circle(x, 0.42, 0.115), WHITE)
        canvas.paint(canvas.circle(x, 0.435, 0.06), INK)
    canvas.paint(canvas.line([(0.42, 0.59), (0.58, 0.59)], 0.045), INK)


@sprite
def door(canvas: Canvas, colour: RGB) -> None:
    """A closed door of planks under an arch, with a brass knob."""

    def arch(margin: float) -> Field:
        left, right = 0.14 + margin, 0.86 - margin
        top = canvas.box(left, 0.05 + margin, right, 0.9, r=(right - left) / 2)
        return np.minimum(top, canvas.box(left, 0.45, right, 0.94))

    inked(canvas, arch(0), dark(colour, 0.45))
    canvas.paint(arch(0.09), colour)
    for x in (0.41, 0.59):
        seam = canvas.line([(x, 0.0), (x, 1.0)], 0.03)
        canvas.paint(np.maximum(seam, arch(0.09)), dark(colour, 0.45))
    inked(canvas, canvas.circle(0.68, 0.56, 0.055), BRASS)


@sprite
def key(canvas: Canvas, colour: RGB) -> None:
    """A key with a round bow, lying with its two teeth down."""
    shape = np.minimum.reduce(
        [
            canvas.circle(0.29, 0.47, 0.21),
            canvas.box(0.4, 0.405, 0.93, 0.535, r=0.02),
            canvas.box(0.8, 0.45, 0.93, 0.74, r=0.02),
            canvas.box(0.6, 0.45, 0.71, 0.68, r=0.02),
        ]
    )
    shape = np.maximum(shape, -canvas.circle(0.29, 0.47, 0.095))
    inked(canvas, shape, colour)
    gleam = canvas.line([(0.45, 0.44), (0.88, 0.44)], 0.03)
    canvas.paint(gleam, light(colour, 0.5))


@sprite
def chest(canvas: Canvas, colour: RGB) -> None:
    """A treasure chest with a rounded lid, iron bands and a brass lock."""
    lid = np.maximum(canvas.box(0.08, 0.18, 0.92, 0.8, r=0.22), canvas.box(0, 0, 1, 0.48))
    body = canvas.box(0.08, 0.48, 0.92, 0.86, r=0.04)
    inked(canvas, lid, light(colour, 0.15))
    inked(canvas, body, colour)
    for x in (0.22, 0.78):
        band = canvas.box(x - 0.05, 0, x + 0.05, 1)
        canvas.paint(np.maximum(band, np.minimum(lid, body)), dark(colour, 0.5))
    canvas.paint(canvas.box(0.06, 0.465, 0.94, 0.505), INK)
    inked(canvas, canvas.box(0.41, 0.4, 0.59, 0.63, r=0.04), BRASS)
    canvas.paint(canvas.line([(0.5, 0.49), (0.5, 0.56)], 0.055), INK)


@sprite
def cheese(canvas: Canvas, colour: RGB) -> None:
    """A wedge of cheese, its tip to the left, with holes."""
    top = canvas.polygon([(0.05, 0.52), (0.66, 0.16), (0.95, 0.44), (0.95, 0.52)])
    side = canvas.polygon([(0.05, 0.52), (0.95, 0.52), (0.95, 0.86), (0.05, 0.86)])
    inked(canvas, np.minimum(top, side), colour)
    canvas.paint(top, light(colour, 0.45))
    for x, y, radius in ((0.27, 0.7, 0.09), (0.56, 0.65, 0.065), (0.78, 0.74, 0.1)):
        canvas.paint(np.maximum(canvas.circle(x, y, radius), side), dark(colour, 0.4))
    canvas.paint(canvas.circle(0.62, 0.36, 0.06), dark(colour, 0.2))
