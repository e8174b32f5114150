"""What stands in its place and does something: lights, chutes, fires."""

from __future__ import annotations

from mesa_gym.grid.plane import RGB
from mesa_gym.rendering.canvas import Canvas, Field
from mesa_gym.rendering.sprites.palette import (
    INK,
    WHITE,
    dark,
    inked,
    joined,
    light,
    star,
    within,
)
from mesa_gym.rendering.sprites.registry import sprite


@sprite
def beacon(canvas: Canvas, colour: RGB) -> None:
    """A tower with a fire bowl on top, out until ``lit`` is painted over it."""
    tower = canvas.polygon([(0.33, 0.46), (0.64, 0.46), (0.78, 0.93), (0.19, 0.93)])
    inked(canvas, tower, colour)
    for y in (0.6, 0.82):
        canvas.paint(within(canvas.box(0, y - 0.06, 1, y + 0.06), tower), light(colour, 0.6))
    bowl = canvas.polygon([(0.1, 0.26), (0.87, 0.26), (0.66, 0.48), (0.31, 0.48)])
    inked(canvas, bowl, dark(colour, 0.4))
    canvas.paint(canvas.box(0.1, 0.26, 0.87, 0.32), light(colour, 0.3))


@sprite
def lamp(canvas: Canvas, colour: RGB) -> None:
    """A light bulb on a stand, dark until ``lit`` is painted over it."""
    inked(canvas, canvas.box(0.22, 0.85, 0.75, 0.94, r=0.03), dark(colour, 0.4))
    inked(canvas, canvas.box(0.38, 0.64, 0.59, 0.86), colour)
    for y in (0.7, 0.78):
        canvas.paint(canvas.box(0.38, y - 0.015, 0.59, y + 0.015), dark(colour, 0.6))
    bulb = [canvas.circle(0.485, 0.34, 0.27)]
    bulb.append(canvas.polygon([(0.27, 0.5), (0.7, 0.5), (0.58, 0.66), (0.39, 0.66)]))
    inked(canvas, joined(bulb), light(colour, 0.75))
    wire = [(0.43, 0.64), (0.39, 0.36), (0.45, 0.44), (0.485, 0.34), (0.52, 0.44), (0.58, 0.36)]
    canvas.paint(canvas.line([*wire, (0.54, 0.64)], 0.03), INK)


@sprite
def lit(canvas: Canvas, colour: RGB) -> None:
    """A blaze with rays, over the bowl of a beacon or the bulb of a lamp."""
    inked(canvas, star(canvas, 0.485, 0.3, (0.3, 0.17), 10), colour)
    canvas.paint(star(canvas, 0.485, 0.3, (0.2, 0.13), 10), light(colour, 0.6))
    canvas.paint(canvas.circle(0.485, 0.3, 0.09), WHITE)


@sprite
def chute(canvas: Canvas, colour: RGB) -> None:
    """A funnel whose pipe leads into the floor."""
    inked(canvas, canvas.box(0.36, 0.55, 0.61, 0.95), dark(colour, 0.2))
    for y in (0.72, 0.86):
        canvas.paint(canvas.box(0.36, y - 0.02, 0.61, y + 0.02), INK)
    hopper = canvas.polygon([(0.06, 0.3), (0.91, 0.3), (0.62, 0.66), (0.35, 0.66)])
    inked(canvas, hopper, colour)
    inked(canvas, canvas.box(0.04, 0.1, 0.93, 0.36, r=0.13), light(colour, 0.4))
    canvas.paint(canvas.box(0.12, 0.16, 0.85, 0.31, r=0.07), INK)


@sprite
def hearth(canvas: Canvas, colour: RGB) -> None:
    """A fireplace of bricks, its opening dark."""
    inked(canvas, canvas.box(0.1, 0.14, 0.87, 0.93), colour)
    for course in range(5):
        y = 0.22 + course * 0.145
        canvas.paint(canvas.box(0.1, y, 0.87, y + 0.02), dark(colour, 0.5))
        for x in (0.17, 0.79) if course % 2 else (0.13, 0.84):
            canvas.paint(canvas.box(x, y, x + 0.02, y + 0.145), dark(colour, 0.5))
    inked(canvas, canvas.box(0.03, 0.05, 0.94, 0.17, r=0.02), light(colour, 0.3))
    opening = [canvas.box(0.27, 0.29, 0.71, 0.7, r=0.18), canvas.box(0.27, 0.5, 0.71, 0.74)]
    canvas.paint(joined(opening), INK)


@sprite
def fire(canvas: Canvas, colour: RGB) -> None:
    """A flame, in the opening of a hearth or over the mouth of a chute."""
    inked(canvas, _flame(canvas, 0.49, 0.76, 1.0), colour)
    canvas.paint(_flame(canvas, 0.49, 0.74, 0.55), light(colour, 0.7))


def _flame(canvas: Canvas, x: float, foot: float, scale: float) -> Field:
    tongue = [(-0.2, -0.14), (-0.17, -0.34), (-0.09, -0.25), (0.01, -0.54), (0.09, -0.27)]
    tongue += [(0.17, -0.36), (0.2, -0.14), (0.12, 0.0), (-0.12, 0.0)]
    return canvas.polygon([(x + scale * dx, foot + scale * dy) for dx, dy in tongue])
