"""Draw what a cell is made of, and what stands in its place: ground, fixtures, goals."""

from __future__ import annotations

from mesa_gym.engine import RGB
from mesa_gym.rendering.canvas import Canvas, Field, Point
from mesa_gym.rendering.drawing import (
    BRASS,
    INK,
    OUTLINE,
    WHITE,
    dark,
    inked,
    joined,
    light,
    ring,
    sprite,
    star,
    within,
)


@sprite
def floor(canvas: Canvas, colour: RGB) -> None:
    """Draw a tile, with a faint seam along two sides so that cells can be counted."""
    canvas.paint(canvas.box(0, 0, 1, 1), dark(colour, 0.16))
    canvas.paint(canvas.box(0, 0, 0.965, 0.965), colour)


@sprite
def wall(canvas: Canvas, colour: RGB) -> None:
    """Draw four courses of bricks that join up with the neighbouring cells'."""
    canvas.paint(canvas.box(0, 0, 1, 1), dark(colour, 0.6))
    for course in range(4):
        top = course / 4
        for k, left in enumerate((-0.25, 0.25, 0.75) if course % 2 else (0.0, 0.5)):
            brick = canvas.box(left + 0.025, top + 0.025, left + 0.475, top + 0.225, r=0.03)
            canvas.paint(brick, light(colour, 0.12) if (course + k) % 2 else colour)


@sprite
def pit(canvas: Canvas, colour: RGB) -> None:
    """Draw a hole with a broken edge; its far side is in sight, its bottom is not."""
    edge = [(0.07, 0.2), (0.26, 0.06), (0.5, 0.12), (0.72, 0.05), (0.91, 0.22), (0.85, 0.47)]
    edge += [(0.92, 0.74), (0.72, 0.91), (0.48, 0.85), (0.25, 0.92), (0.06, 0.75), (0.13, 0.5)]
    inked(canvas, canvas.polygon(edge), colour)
    canvas.paint(within(canvas.polygon([(x, y + 0.2) for x, y in edge]), canvas.polygon(edge)), INK)
    for points in ([(0.36, 0.12), (0.4, 0.26)], [(0.62, 0.12), (0.6, 0.24)]):
        canvas.paint(canvas.line(points, 0.03), dark(colour, 0.6))


@sprite
def lava(canvas: Canvas, colour: RGB) -> None:
    """Draw molten rock that fills the cell: crests of waves, and bubbles."""
    canvas.paint(canvas.box(0, 0, 1, 1), colour)
    for y in (0.17, 0.5, 0.83):
        points = [(x / 8, y + (0.07 if x % 2 else -0.07)) for x in range(-1, 10)]
        canvas.paint(canvas.line(points, 0.14), dark(colour, 0.55))
        canvas.paint(canvas.line([(px, py - 0.03) for px, py in points], 0.06), light(colour, 0.6))
    for x, y, radius in ((0.27, 0.33, 0.07), (0.74, 0.67, 0.08)):
        inked(canvas, canvas.circle(x, y, radius), light(colour, 0.6))


@sprite
def dust(canvas: Canvas, colour: RGB) -> None:
    """Draw a small heap of fluff with crumbs around it; lies on a vent, too."""
    puffs = ((0.33, 0.62, 0.17), (0.54, 0.5, 0.2), (0.69, 0.66, 0.16), (0.5, 0.7, 0.16))
    heap = joined(canvas.circle(x, y, radius) for x, y, radius in puffs)
    inked(canvas, heap, light(colour, 0.25))
    for x, y, radius in ((0.47, 0.56, 0.085), (0.64, 0.66, 0.075), (0.35, 0.66, 0.06)):
        canvas.paint(within(ring(canvas, x, y, radius, 0.045), heap), dark(colour, 0.5))
    for x, y in ((0.14, 0.44), (0.27, 0.28), (0.77, 0.25), (0.88, 0.45), (0.55, 0.16)):
        inked(canvas, canvas.circle(x, y, 0.03), dark(colour))


@sprite
def vent(canvas: Canvas, colour: RGB) -> None:
    """Draw a round grate in the floor; dust lies on it, a cover closes it."""
    canvas.paint(canvas.circle(0.485, 0.485, 0.45), INK, grow=OUTLINE / 2)
    canvas.paint(ring(canvas, 0.485, 0.485, 0.405, 0.09), light(colour, 0.2))
    opening = canvas.circle(0.485, 0.485, 0.36)
    for y in (0.21, 0.345, 0.485, 0.625, 0.76):
        slat = canvas.box(0, y - 0.035, 1, y + 0.035)
        canvas.paint(within(slat, opening), colour)


@sprite
def cover(canvas: Canvas, colour: RGB) -> None:
    """Draw a hatched lid over a vent, a crate or a hearth, whose rim it leaves in sight."""
    lid = canvas.box(0.23, 0.25, 0.75, 0.77, r=0.04)
    inked(canvas, lid, light(colour, 0.4))
    for offset in (-0.3, -0.1, 0.1, 0.3):
        stripe = canvas.line([(0.0 + offset, 1.0), (1.0 + offset, 0.0)], 0.06)
        canvas.paint(within(stripe, lid), dark(colour, 0.6))
    canvas.paint(within(canvas.box(0, 0, 1, 1), abs(lid + 0.025) - 0.025), dark(colour, 0.25))


@sprite
def toll(canvas: Canvas, colour: RGB) -> None:
    """Draw a stop sign let into the floor: passing here may cost something."""
    corners = [(0.3, 0.05), (0.67, 0.05), (0.92, 0.3), (0.92, 0.67)]
    corners += [(0.67, 0.92), (0.3, 0.92), (0.05, 0.67), (0.05, 0.3)]
    plate = canvas.polygon(corners)
    inked(canvas, plate, colour)
    canvas.paint(abs(plate + 0.07) - 0.018, WHITE)
    canvas.paint(canvas.box(0.22, 0.4, 0.75, 0.57), WHITE)


@sprite
def beacon(canvas: Canvas, colour: RGB) -> None:
    """Draw a tower with a fire bowl on top, out until ``lit`` is painted over it."""
    tower = canvas.polygon([(0.33, 0.46), (0.64, 0.46), (0.78, 0.93), (0.19, 0.93)])
    inked(canvas, tower, colour)
    for y in (0.6, 0.82):
        canvas.paint(within(canvas.box(0, y - 0.06, 1, y + 0.06), tower), light(colour, 0.6))
    bowl = canvas.polygon([(0.1, 0.26), (0.87, 0.26), (0.66, 0.48), (0.31, 0.48)])
    inked(canvas, bowl, dark(colour, 0.4))
    canvas.paint(canvas.box(0.1, 0.26, 0.87, 0.32), light(colour, 0.3))


@sprite
def lamp(canvas: Canvas, colour: RGB) -> None:
    """Draw a light bulb on a stand, dark until ``lit`` is painted over it."""
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
    """Draw a blaze with rays, over the bowl of a beacon or the bulb of a lamp."""
    inked(canvas, star(canvas, 0.485, 0.3, (0.3, 0.17), 10), colour)
    canvas.paint(star(canvas, 0.485, 0.3, (0.2, 0.13), 10), light(colour, 0.6))
    canvas.paint(canvas.circle(0.485, 0.3, 0.09), WHITE)


@sprite
def chute(canvas: Canvas, colour: RGB) -> None:
    """Draw a funnel whose pipe leads into the floor."""
    inked(canvas, canvas.box(0.36, 0.55, 0.61, 0.95), dark(colour, 0.2))
    for y in (0.72, 0.86):
        canvas.paint(canvas.box(0.36, y - 0.02, 0.61, y + 0.02), INK)
    hopper = canvas.polygon([(0.06, 0.3), (0.91, 0.3), (0.62, 0.66), (0.35, 0.66)])
    inked(canvas, hopper, colour)
    inked(canvas, canvas.box(0.04, 0.1, 0.93, 0.36, r=0.13), light(colour, 0.4))
    canvas.paint(canvas.box(0.12, 0.16, 0.85, 0.31, r=0.07), INK)


@sprite
def hearth(canvas: Canvas, colour: RGB) -> None:
    """Draw a fireplace of bricks, its opening dark."""
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
    """Draw a flame, in the opening of a hearth or over the mouth of a chute."""
    inked(canvas, _flame(canvas, 0.49, 0.76, 1.0), colour)
    canvas.paint(_flame(canvas, 0.49, 0.74, 0.55), light(colour, 0.7))


def _flame(canvas: Canvas, x: float, foot: float, scale: float) -> Field:
    tongue = [(-0.2, -0.14), (-0.17, -0.34), (-0.09, -0.25), (0.01, -0.54), (0.09, -0.27)]
    tongue += [(0.17, -0.36), (0.2, -0.14), (0.12, 0.0), (-0.12, 0.0)]
    return canvas.polygon([(x + scale * dx, foot + scale * dy) for dx, dy in tongue])


@sprite
def door(canvas: Canvas, colour: RGB) -> None:
    """Draw a closed door of planks under an arch, with a brass knob."""

    def arch(margin: float) -> Field:
        left, right = 0.14 + margin, 0.86 - margin
        top = canvas.box(left, 0.05 + margin, right, 0.9, r=(right - left) / 2)
        return joined([top, canvas.box(left, 0.45, right, 0.94)])

    inked(canvas, arch(0), dark(colour, 0.45))
    canvas.paint(arch(0.09), colour)
    for x in (0.41, 0.59):
        seam = canvas.line([(x, 0.0), (x, 1.0)], 0.03)
        canvas.paint(within(seam, arch(0.09)), dark(colour, 0.45))
    inked(canvas, canvas.circle(0.68, 0.56, 0.055), BRASS)


@sprite
def exit_a(canvas: Canvas, colour: RGB) -> None:
    """Draw a gate with the letter A."""
    strokes = [[(0.26, 0.8), (0.485, 0.24), (0.71, 0.8)], [(0.36, 0.6), (0.61, 0.6)]]
    _gate(canvas, colour, strokes)


@sprite
def exit_b(canvas: Canvas, colour: RGB) -> None:
    """Draw a gate with the letter B."""
    upper = [(0.32, 0.24), (0.54, 0.24), (0.63, 0.31), (0.63, 0.43), (0.54, 0.5), (0.32, 0.5)]
    lower = [(0.54, 0.5), (0.67, 0.58), (0.67, 0.72), (0.56, 0.8), (0.32, 0.8), (0.32, 0.24)]
    _gate(canvas, colour, [upper, lower])


@sprite
def goal(canvas: Canvas, colour: RGB) -> None:
    """Draw a flag on a pole, planted in a mound."""
    inked(
        canvas, within(canvas.circle(0.3, 1.1, 0.3), canvas.box(0, 0, 1, 0.93)), dark(colour, 0.5)
    )
    inked(canvas, canvas.line([(0.28, 0.1), (0.28, 0.88)], 0.06), INK)
    flag = [(0.31, 0.1), (0.55, 0.16), (0.9, 0.1), (0.9, 0.5), (0.55, 0.58), (0.31, 0.5)]
    inked(canvas, canvas.polygon(flag), colour)
    inked(canvas, canvas.circle(0.28, 0.09, 0.045), BRASS)


def _gate(canvas: Canvas, colour: RGB, letter: list[list[Point]]) -> None:
    inked(canvas, canvas.box(0.06, 0.06, 0.91, 0.93, r=0.06), colour)
    inked(canvas, canvas.box(0.16, 0.15, 0.81, 0.93), dark(colour, 0.8))
    canvas.paint(joined(canvas.line(stroke, 0.1) for stroke in letter), WHITE)
