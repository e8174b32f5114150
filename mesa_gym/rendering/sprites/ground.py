"""What a cell is made of, and what covers or fills its floor."""

from __future__ import annotations

from mesa_gym.grid.plane import RGB
from mesa_gym.rendering.canvas import Canvas
from mesa_gym.rendering.sprites.palette import (
    INK,
    OUTLINE,
    WHITE,
    dark,
    inked,
    joined,
    light,
    ring,
    within,
)
from mesa_gym.rendering.sprites.registry import sprite


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
def pit(canvas: Canvas, colour: RGB) -> None:
    """A hole with a broken edge; its far side is in sight, its bottom is not."""
    edge = [(0.07, 0.2), (0.26, 0.06), (0.5, 0.12), (0.72, 0.05), (0.91, 0.22), (0.85, 0.47)]
    edge += [(0.92, 0.74), (0.72, 0.91), (0.48, 0.85), (0.25, 0.92), (0.06, 0.75), (0.13, 0.5)]
    inked(canvas, canvas.polygon(edge), colour)
    canvas.paint(within(canvas.polygon([(x, y + 0.2) for x, y in edge]), canvas.polygon(edge)), INK)
    for points in ([(0.36, 0.12), (0.4, 0.26)], [(0.62, 0.12), (0.6, 0.24)]):
        canvas.paint(canvas.line(points, 0.03), dark(colour, 0.6))


@sprite
def lava(canvas: Canvas, colour: RGB) -> None:
    """Molten rock that fills the cell: crests of waves, and bubbles."""
    canvas.paint(canvas.box(0, 0, 1, 1), colour)
    for y in (0.17, 0.5, 0.83):
        points = [(x / 8, y + (0.07 if x % 2 else -0.07)) for x in range(-1, 10)]
        canvas.paint(canvas.line(points, 0.14), dark(colour, 0.55))
        canvas.paint(canvas.line([(px, py - 0.03) for px, py in points], 0.06), light(colour, 0.6))
    for x, y, radius in ((0.27, 0.33, 0.07), (0.74, 0.67, 0.08)):
        inked(canvas, canvas.circle(x, y, radius), light(colour, 0.6))


@sprite
def dust(canvas: Canvas, colour: RGB) -> None:
    """A small heap of fluff with crumbs around it; lies on a vent, too."""
    puffs = ((0.33, 0.62, 0.17), (0.54, 0.5, 0.2), (0.69, 0.66, 0.16), (0.5, 0.7, 0.16))
    heap = joined(canvas.circle(x, y, radius) for x, y, radius in puffs)
    inked(canvas, heap, light(colour, 0.25))
    for x, y, radius in ((0.47, 0.56, 0.085), (0.64, 0.66, 0.075), (0.35, 0.66, 0.06)):
        canvas.paint(within(ring(canvas, x, y, radius, 0.045), heap), dark(colour, 0.5))
    for x, y in ((0.14, 0.44), (0.27, 0.28), (0.77, 0.25), (0.88, 0.45), (0.55, 0.16)):
        inked(canvas, canvas.circle(x, y, 0.03), dark(colour))


@sprite
def vent(canvas: Canvas, colour: RGB) -> None:
    """A round grate in the floor; dust lies on it, a cover closes it."""
    canvas.paint(canvas.circle(0.485, 0.485, 0.45), INK, grow=OUTLINE / 2)
    canvas.paint(ring(canvas, 0.485, 0.485, 0.405, 0.09), light(colour, 0.2))
    opening = canvas.circle(0.485, 0.485, 0.36)
    for y in (0.21, 0.345, 0.485, 0.625, 0.76):
        slat = canvas.box(0, y - 0.035, 1, y + 0.035)
        canvas.paint(within(slat, opening), colour)


@sprite
def cover(canvas: Canvas, colour: RGB) -> None:
    """A hatched lid over a vent, a crate or a hearth, whose rim it leaves in sight."""
    lid = canvas.box(0.23, 0.25, 0.75, 0.77, r=0.04)
    inked(canvas, lid, light(colour, 0.4))
    for offset in (-0.3, -0.1, 0.1, 0.3):
        stripe = canvas.line([(0.0 + offset, 1.0), (1.0 + offset, 0.0)], 0.06)
        canvas.paint(within(stripe, lid), dark(colour, 0.6))
    canvas.paint(within(canvas.box(0, 0, 1, 1), abs(lid + 0.025) - 0.025), dark(colour, 0.25))


@sprite
def toll(canvas: Canvas, colour: RGB) -> None:
    """A stop sign let into the floor: passing here may cost something."""
    corners = [(0.3, 0.05), (0.67, 0.05), (0.92, 0.3), (0.92, 0.67)]
    corners += [(0.67, 0.92), (0.3, 0.92), (0.05, 0.67), (0.05, 0.3)]
    plate = canvas.polygon(corners)
    inked(canvas, plate, colour)
    canvas.paint(abs(plate + 0.07) - 0.018, WHITE)
    canvas.paint(canvas.box(0.22, 0.4, 0.75, 0.57), WHITE)
