"""Where to go: doors, exits, the goal."""

from __future__ import annotations

from mesa_gym.grid.plane import RGB
from mesa_gym.rendering.canvas import Canvas, Field, Point
from mesa_gym.rendering.sprites.palette import BRASS, INK, WHITE, dark, inked, joined, within
from mesa_gym.rendering.sprites.registry import sprite


@sprite
def door(canvas: Canvas, colour: RGB) -> None:
    """A closed door of planks under an arch, with a brass knob."""

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
    """A gate with the letter A."""
    strokes = [[(0.26, 0.8), (0.485, 0.24), (0.71, 0.8)], [(0.36, 0.6), (0.61, 0.6)]]
    _gate(canvas, colour, strokes)


@sprite
def exit_b(canvas: Canvas, colour: RGB) -> None:
    """A gate with the letter B."""
    upper = [(0.32, 0.24), (0.54, 0.24), (0.63, 0.31), (0.63, 0.43), (0.54, 0.5), (0.32, 0.5)]
    lower = [(0.54, 0.5), (0.67, 0.58), (0.67, 0.72), (0.56, 0.8), (0.32, 0.8), (0.32, 0.24)]
    _gate(canvas, colour, [upper, lower])


@sprite
def goal(canvas: Canvas, colour: RGB) -> None:
    """A flag on a pole, planted in a mound."""
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
