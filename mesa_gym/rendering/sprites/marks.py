"""Marks beside or over what stands in a cell."""

from __future__ import annotations

from mesa_gym.grid.plane import RGB
from mesa_gym.rendering.canvas import Canvas, Field
from mesa_gym.rendering.sprites.palette import INK, WHITE, dark, inked, joined
from mesa_gym.rendering.sprites.registry import mark, sprite


@sprite
def next(canvas: Canvas, colour: RGB) -> None:
    """Two footprints in the lower right corner: somebody's next step leads here."""
    prints = []
    for x, y in ((0.6, 0.78), (0.83, 0.63)):
        prints.append(canvas.line([(x, y), (x, y - 0.06)], 0.15))
        prints.append(canvas.line([(x, y + 0.13), (x, y + 0.15)], 0.1))
    canvas.paint(joined(prints), WHITE, grow=0.035)
    canvas.paint(joined(prints), dark(colour, 0.6))


@sprite
def pointer(canvas: Canvas, colour: RGB) -> None:
    """An arrow from the lower right that points at what stands in the cell."""
    arrow = [(0.46, 0.46), (0.9, 0.6), (0.74, 0.67), (0.96, 0.89), (0.89, 0.96), (0.67, 0.74)]
    shape = canvas.polygon([*arrow, (0.6, 0.9)])
    canvas.paint(shape, WHITE, grow=0.07)
    inked(canvas, shape, colour)


@mark
def red(canvas: Canvas, colour: RGB) -> None:
    """A triangle."""
    _mark(canvas, canvas.polygon([(0.5, 0.08), (0.95, 0.9), (0.05, 0.9)]))


@mark
def blue(canvas: Canvas, colour: RGB) -> None:
    """A square, open in the middle."""
    box = canvas.box(0.14, 0.14, 0.86, 0.86)
    _mark(canvas, box)
    canvas.paint(box, WHITE, grow=-0.22)


@mark
def yellow(canvas: Canvas, colour: RGB) -> None:
    """A disc."""
    _mark(canvas, canvas.circle(0.5, 0.5, 0.38))


def _mark(canvas: Canvas, shape: Field) -> None:
    """Black on white stands out from every colour."""
    canvas.paint(shape, WHITE, grow=0.16)
    canvas.paint(shape, INK)
