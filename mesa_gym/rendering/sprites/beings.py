"""Who moves, and who looks on."""

from __future__ import annotations

from mesa_gym.grid.plane import RGB
from mesa_gym.rendering.canvas import Canvas
from mesa_gym.rendering.sprites.palette import (
    BRASS,
    INK,
    SKIN,
    WHITE,
    dark,
    inked,
    joined,
    light,
    within,
)
from mesa_gym.rendering.sprites.registry import sprite


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
def leader(canvas: Canvas, colour: RGB) -> None:
    """A crowned pawn, to the left of its cell: a beacon behind it stays in sight."""
    body = canvas.part(-0.05, 0.21, 0.76)
    gown = body.polygon([(0.43, 0.5), (0.57, 0.5), (0.76, 0.93), (0.24, 0.93)])
    inked(body, joined([gown, body.box(0.22, 0.85, 0.78, 0.94, r=0.04)]), colour)
    inked(body, body.box(0.34, 0.5, 0.66, 0.57, r=0.03), light(colour))
    inked(body, body.circle(0.5, 0.37, 0.15), SKIN)
    for x in (0.44, 0.56):
        body.paint(body.circle(x, 0.38, 0.03), INK)
    crown = [(0.33, 0.28), (0.3, 0.06), (0.42, 0.16), (0.5, 0.03), (0.58, 0.16), (0.7, 0.06)]
    inked(body, body.polygon([*crown, (0.67, 0.28)]), BRASS)


@sprite
def monster(canvas: Canvas, colour: RGB) -> None:
    """A horned ghost that bares its teeth."""
    for side in (-1, 1):
        horn = [(0.5 + side * x, y) for x, y in ((0.1, 0.24), (0.4, 0.03), (0.34, 0.36))]
        inked(canvas, canvas.polygon(horn), light(colour, 0.6))
    head = canvas.box(0.12, 0.15, 0.88, 1.2, r=0.36)
    hem = [(0.0, 0.0), (1.0, 0.0), (0.88, 0.95), (0.75, 0.8), (0.62, 0.95), (0.5, 0.8)]
    hem += [(0.38, 0.95), (0.25, 0.8), (0.12, 0.95)]
    inked(canvas, within(head, canvas.polygon(hem)), colour)
    for side in (-1, 1):
        eye = canvas.circle(0.5 + side * 0.17, 0.38, 0.11)
        brow = canvas.polygon([(0.5 + side * x, y) for x, y in ((0, 0.42), (0, 0.2), (0.4, 0.2))])
        canvas.paint(eye, WHITE)
        canvas.paint(canvas.circle(0.5 + side * 0.14, 0.41, 0.05), INK)
        canvas.paint(within(eye, brow), dark(colour))
    mouth = canvas.box(0.26, 0.55, 0.74, 0.72, r=0.06)
    canvas.paint(mouth, INK)
    for x in (0.34, 0.5, 0.66):
        tooth = canvas.polygon([(x - 0.07, 0.55), (x + 0.07, 0.55), (x, 0.67)])
        canvas.paint(within(tooth, mouth), WHITE)


@sprite
def supervisor(canvas: Canvas, colour: RGB) -> None:
    """Head and shoulders of somebody in a wide hat, one great eye on you."""
    inked(canvas, canvas.box(0.13, 0.74, 0.87, 1.3, r=0.2), colour)
    canvas.paint(canvas.polygon([(0.38, 0.74), (0.62, 0.74), (0.5, 0.97)]), WHITE)
    inked(canvas, canvas.polygon([(0.47, 0.8), (0.53, 0.8), (0.56, 1.0), (0.44, 1.0)]), INK)
    inked(canvas, canvas.box(0.25, 0.25, 0.75, 0.82, r=0.24), SKIN)
    almond = within(canvas.circle(0.5, 0.34, 0.25), canvas.circle(0.5, 0.73, 0.25))
    inked(canvas, almond, WHITE)
    canvas.paint(canvas.circle(0.5, 0.535, 0.085), INK)
    inked(canvas, canvas.box(0.27, 0.04, 0.73, 0.36, r=0.1), dark(colour, 0.25))
    inked(canvas, canvas.box(0.05, 0.29, 0.95, 0.38, r=0.045), dark(colour, 0.25))
    canvas.paint(canvas.box(0.27, 0.21, 0.73, 0.28), light(colour, 0.6))
