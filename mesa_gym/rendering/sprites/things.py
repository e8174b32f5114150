"""Draw what lies about, to be taken, opened or carried, and marks beside or over it."""

from __future__ import annotations

from mesa_gym.engine import RGB
from mesa_gym.rendering.canvas import Canvas, Field
from mesa_gym.rendering.drawing import (
    BRASS,
    FLOOR,
    INK,
    WHITE,
    dark,
    inked,
    joined,
    light,
    mark,
    ring,
    sprite,
    star,
    within,
)


@sprite
def key(canvas: Canvas, colour: RGB) -> None:
    """Draw a key with a round bow, lying with its two teeth down."""
    shape = joined(
        [
            canvas.circle(0.29, 0.47, 0.21),
            canvas.box(0.4, 0.405, 0.93, 0.535, r=0.02),
            canvas.box(0.8, 0.45, 0.93, 0.74, r=0.02),
            canvas.box(0.6, 0.45, 0.71, 0.68, r=0.02),
        ]
    )
    inked(canvas, within(shape, -canvas.circle(0.29, 0.47, 0.095)), colour)
    gleam = canvas.line([(0.45, 0.44), (0.88, 0.44)], 0.03)
    canvas.paint(gleam, light(colour, 0.5))


@sprite
def chest(canvas: Canvas, colour: RGB) -> None:
    """Draw a treasure chest with a rounded lid, iron bands and a brass lock."""
    lid = within(canvas.box(0.08, 0.18, 0.92, 0.8, r=0.22), canvas.box(0, 0, 1, 0.48))
    body = canvas.box(0.08, 0.48, 0.92, 0.86, r=0.04)
    inked(canvas, lid, light(colour, 0.15))
    inked(canvas, body, colour)
    for x in (0.22, 0.78):
        band = canvas.box(x - 0.05, 0, x + 0.05, 1)
        canvas.paint(within(band, joined([lid, body])), dark(colour, 0.5))
    canvas.paint(canvas.box(0.06, 0.465, 0.94, 0.505), INK)
    inked(canvas, canvas.box(0.41, 0.4, 0.59, 0.63, r=0.04), BRASS)
    canvas.paint(canvas.line([(0.5, 0.49), (0.5, 0.56)], 0.055), INK)


@sprite
def cheese(canvas: Canvas, colour: RGB) -> None:
    """Draw a wedge of cheese, its tip to the left, with holes."""
    top = canvas.polygon([(0.05, 0.52), (0.66, 0.16), (0.95, 0.44), (0.95, 0.52)])
    side = canvas.polygon([(0.05, 0.52), (0.95, 0.52), (0.95, 0.86), (0.05, 0.86)])
    inked(canvas, joined([top, side]), colour)
    canvas.paint(top, light(colour, 0.45))
    for x, y, radius in ((0.27, 0.7, 0.09), (0.56, 0.65, 0.065), (0.78, 0.74, 0.1)):
        canvas.paint(within(canvas.circle(x, y, radius), side), dark(colour, 0.4))
    canvas.paint(canvas.circle(0.62, 0.36, 0.06), dark(colour, 0.2))


@sprite
def dish(canvas: Canvas, colour: RGB) -> None:
    """Draw a plate seen from above; a cheese on it leaves most of its rim in sight."""
    inked(canvas, canvas.circle(0.485, 0.485, 0.45), colour)
    canvas.paint(ring(canvas, 0.485, 0.485, 0.38, 0.05), light(colour, 0.7))
    inked(canvas, canvas.circle(0.485, 0.485, 0.27), light(colour, 0.7))


@sprite
def gem(canvas: Canvas, colour: RGB) -> None:
    """Draw a cut stone, seen from the side."""
    left, right, tip = (0.06, 0.4), (0.91, 0.4), (0.485, 0.92)
    table = [(0.25, 0.14), (0.72, 0.14)]
    inked(canvas, canvas.polygon([left, *table, right, tip]), colour)
    canvas.paint(canvas.polygon([left, table[0], (0.32, 0.4)]), light(colour, 0.6))
    canvas.paint(canvas.polygon([table[0], table[1], (0.485, 0.4)]), light(colour, 0.3))
    canvas.paint(canvas.polygon([(0.32, 0.4), (0.65, 0.4), tip]), light(colour, 0.45))
    canvas.paint(canvas.polygon([(0.65, 0.4), right, tip]), dark(colour, 0.3))
    canvas.paint(canvas.line([left, right], 0.03), dark(colour, 0.6))


@sprite
def line(canvas: Canvas, colour: RGB) -> None:
    """Draw a straight bar across the cell, on a plate that hides a gem underneath."""
    canvas.paint(canvas.box(0, 0, 0.965, 0.965), FLOOR)
    inked(canvas, canvas.line([(0.17, 0.17), (0.8, 0.8)], 0.2), colour)
    canvas.paint(canvas.line([(0.2, 0.15), (0.81, 0.76)], 0.04), light(colour, 0.5))


@sprite
def coin(canvas: Canvas, colour: RGB) -> None:
    """Draw a thick coin with a star on its face."""
    edge = joined([canvas.circle(0.54, 0.52, 0.37), canvas.circle(0.47, 0.48, 0.37)])
    inked(canvas, edge, dark(colour, 0.4))
    canvas.paint(canvas.circle(0.46, 0.47, 0.36), colour)
    canvas.paint(ring(canvas, 0.46, 0.47, 0.31, 0.03), dark(colour, 0.4))
    canvas.paint(star(canvas, 0.46, 0.48, (0.27, 0.11), 5), dark(colour, 0.7))


@sprite
def ball(canvas: Canvas, colour: RGB) -> None:
    """Draw a beach ball with pale stripes."""
    disc = canvas.circle(0.485, 0.5, 0.41)
    inked(canvas, disc, colour)
    for x in (0.0, 0.97):
        stripe = ring(canvas, x, 0.5, 0.36, 0.15)
        canvas.paint(within(stripe, disc), WHITE)
        canvas.paint(within(abs(stripe) - 0.012, disc), INK)
    canvas.paint(canvas.circle(0.44, 0.22, 0.05), WHITE)


@sprite
def shield(canvas: Canvas, colour: RGB) -> None:
    """Draw a heater shield, quartered."""
    body = within(
        canvas.box(0.12, 0.08, 0.86, 1.5),
        canvas.circle(0.86 - 0.86, 0.2, 0.86),
        canvas.circle(0.12 + 0.86, 0.2, 0.86),
    )
    inked(canvas, body, light(colour, 0.7))
    inner = body + 0.07
    canvas.paint(inner, dark(colour, 0.1))
    for quarter in (canvas.box(0, 0, 0.49, 0.44), canvas.box(0.49, 0.44, 1, 1)):
        canvas.paint(within(quarter, inner), light(colour, 0.7))


@sprite
def rubbish(canvas: Canvas, colour: RGB) -> None:
    """Draw a full sack, tied at the top."""
    ears = [(0.47, 0.26), (0.24, 0.1), (0.44, 0.08), (0.54, 0.16), (0.72, 0.06), (0.68, 0.2)]
    inked(canvas, canvas.polygon([*ears, (0.57, 0.28)]), colour)
    sack = [canvas.circle(0.34, 0.68, 0.24), canvas.circle(0.64, 0.68, 0.25)]
    sack.append(canvas.polygon([(0.46, 0.25), (0.57, 0.25), (0.87, 0.6), (0.12, 0.6)]))
    sack.append(canvas.box(0.3, 0.6, 0.7, 0.93, r=0.05))
    body = joined(sack)
    inked(canvas, body, colour)
    inked(canvas, canvas.line([(0.44, 0.27), (0.59, 0.27)], 0.05), BRASS)
    for points in ([(0.47, 0.38), (0.3, 0.62)], [(0.56, 0.38), (0.68, 0.58), (0.66, 0.7)]):
        canvas.paint(canvas.line(points, 0.035), dark(colour, 0.6))
    canvas.paint(canvas.line([(0.2, 0.7), (0.24, 0.8)], 0.05), light(colour, 0.5))


@sprite
def crate(canvas: Canvas, colour: RGB) -> None:
    """Draw a crate of boards with a brace; a cover leaves its frame and corners in sight."""
    inked(canvas, canvas.box(0.06, 0.06, 0.91, 0.91), dark(colour, 0.3))
    for y in (0.2, 0.39, 0.58):
        canvas.paint(canvas.box(0.2, y + 0.01, 0.77, y + 0.17), light(colour, 0.15))
    brace = canvas.line([(0.2, 0.77), (0.77, 0.2)], 0.13)
    canvas.paint(within(brace, canvas.box(0.2, 0.2, 0.77, 0.77)), dark(colour, 0.5))
    for x in (0.06, 0.79):
        canvas.paint(canvas.box(x, 0.06, x + 0.12, 0.91), colour)
        for y in (0.12, 0.85):
            canvas.paint(canvas.circle(x + 0.06, y, 0.035), INK)


@sprite
def token(canvas: Canvas, colour: RGB) -> None:
    """Draw a plain round piece, for whatever has no look of its own."""
    inked(canvas, canvas.circle(0.485, 0.485, 0.34), colour)
    canvas.paint(ring(canvas, 0.485, 0.485, 0.2, 0.06), light(colour, 0.6))


@sprite
def next(canvas: Canvas, colour: RGB) -> None:
    """Draw two footprints in the lower right corner: the leader's next step leads here."""
    prints = []
    for x, y in ((0.6, 0.78), (0.83, 0.63)):
        prints.append(canvas.line([(x, y), (x, y - 0.06)], 0.15))
        prints.append(canvas.line([(x, y + 0.13), (x, y + 0.15)], 0.1))
    canvas.paint(joined(prints), WHITE, grow=0.035)
    canvas.paint(joined(prints), dark(colour, 0.6))


@sprite
def pointer(canvas: Canvas, colour: RGB) -> None:
    """Draw an arrow from the lower right that points at what stands in the cell."""
    arrow = [(0.46, 0.46), (0.9, 0.6), (0.74, 0.67), (0.96, 0.89), (0.89, 0.96), (0.67, 0.74)]
    shape = canvas.polygon([*arrow, (0.6, 0.9)])
    canvas.paint(shape, WHITE, grow=0.07)
    inked(canvas, shape, colour)


@mark
def red(canvas: Canvas, colour: RGB) -> None:
    """Draw a triangle."""
    _mark(canvas, canvas.polygon([(0.5, 0.08), (0.95, 0.9), (0.05, 0.9)]))


@mark
def blue(canvas: Canvas, colour: RGB) -> None:
    """Draw a square, open in the middle."""
    box = canvas.box(0.14, 0.14, 0.86, 0.86)
    _mark(canvas, box)
    canvas.paint(box, WHITE, grow=-0.22)


@mark
def yellow(canvas: Canvas, colour: RGB) -> None:
    """Draw a disc."""
    _mark(canvas, canvas.circle(0.5, 0.5, 0.38))


def _mark(canvas: Canvas, shape: Field) -> None:
    """Black on white stands out from every colour."""
    canvas.paint(shape, WHITE, grow=0.16)
    canvas.paint(shape, INK)
