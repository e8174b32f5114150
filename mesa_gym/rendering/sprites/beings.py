"""Draw those who move or look on, and what grows."""

from __future__ import annotations

from mesa_gym.engine import RGB
from mesa_gym.rendering.canvas import Canvas, Point
from mesa_gym.rendering.drawing import (
    BRASS,
    INK,
    LEAF,
    SKIN,
    WHITE,
    WOOD,
    dark,
    inked,
    joined,
    light,
    sprite,
    within,
)


@sprite
def agent(canvas: Canvas, colour: RGB) -> None:
    """Draw a small robot that looks at you."""
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
    """Draw a crowned pawn, to the left of its cell: a beacon behind it stays in sight."""
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
    """Draw a horned ghost that bares its teeth."""
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
    """Draw head and shoulders of a person in a wide hat, one great eye on you."""
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


@sprite
def apple(canvas: Canvas, colour: RGB) -> None:
    """Draw an apple with a stalk and a leaf."""
    _stalk(canvas, [(0.49, 0.34), (0.5, 0.2), (0.56, 0.1)])
    lobes = [canvas.circle(0.34, 0.52, 0.24), canvas.circle(0.64, 0.52, 0.24)]
    lobes += [canvas.circle(0.41, 0.68, 0.24), canvas.circle(0.57, 0.68, 0.24)]
    inked(canvas, joined(lobes), colour)
    canvas.paint(canvas.line([(0.42, 0.36), (0.49, 0.42), (0.56, 0.36)], 0.04), dark(colour, 0.6))
    leaf = within(canvas.circle(0.73, 0.29, 0.19), canvas.circle(0.68, 0.08, 0.19))
    inked(canvas, leaf, LEAF)
    canvas.paint(canvas.line([(0.22, 0.5), (0.26, 0.62)], 0.06), light(colour, 0.6))


@sprite
def fruit(canvas: Canvas, colour: RGB) -> None:
    """Draw a pear to the left of its cell; ``pip1`` to ``pip3`` are painted beside it."""
    _stalk(canvas, [(0.36, 0.22), (0.37, 0.12), (0.44, 0.06)])
    neck = canvas.polygon([(0.25, 0.28), (0.47, 0.28), (0.62, 0.6), (0.1, 0.6)])
    body = joined([canvas.circle(0.36, 0.3, 0.12), neck, canvas.circle(0.36, 0.66, 0.27)])
    inked(canvas, body, colour)
    canvas.paint(canvas.line([(0.2, 0.6), (0.19, 0.72)], 0.06), light(colour, 0.6))
    canvas.paint(canvas.line([(0.32, 0.9), (0.4, 0.9)], 0.04), INK)


@sprite
def pip1(canvas: Canvas, colour: RGB) -> None:
    """Draw the lowest of three pips: riper than a fruit without any."""
    _pip(canvas, 0.82, colour)


@sprite
def pip2(canvas: Canvas, colour: RGB) -> None:
    """Draw the middle pip: riper still."""
    _pip(canvas, 0.49, colour)


@sprite
def pip3(canvas: Canvas, colour: RGB) -> None:
    """Draw the highest pip: ripe."""
    _pip(canvas, 0.16, colour)


@sprite
def tree(canvas: Canvas, colour: RGB) -> None:
    """Draw a fir in three tiers."""
    inked(canvas, canvas.box(0.42, 0.7, 0.56, 0.95), WOOD)
    for top, bottom, half in ((0.4, 0.8, 0.42), (0.22, 0.58, 0.33), (0.04, 0.36, 0.24)):
        tier = canvas.polygon([(0.49, top), (0.49 + half, bottom), (0.49 - half, bottom)])
        inked(canvas, tier, colour)
        shade = canvas.box(0.49, 0, 1, 1)
        canvas.paint(within(tier, shade), dark(colour, 0.3))


@sprite
def stump(canvas: Canvas, colour: RGB) -> None:
    """Draw what is left of a felled tree: the cut with its rings, and roots."""
    for side in (-1, 1):
        root = [(0.485 + side * x, y) for x, y in ((0.18, 0.6), (0.42, 0.92), (0.1, 0.9))]
        inked(canvas, canvas.polygon(root), colour)
    inked(canvas, canvas.box(0.2, 0.5, 0.77, 0.86), colour)
    for x in (0.33, 0.49, 0.64):
        canvas.paint(canvas.line([(x, 0.68), (x, 0.84)], 0.035), dark(colour, 0.55))
    inked(canvas, canvas.box(0.2, 0.36, 0.77, 0.64, r=0.14), light(colour, 0.6))
    canvas.paint(abs(canvas.box(0.32, 0.43, 0.65, 0.57, r=0.07)) - 0.018, dark(colour, 0.2))
    canvas.paint(canvas.box(0.45, 0.48, 0.52, 0.52, r=0.02), dark(colour, 0.2))


@sprite
def plant(canvas: Canvas, colour: RGB) -> None:
    """Draw a leafy plant in a mound of earth; a pot hides its lower half."""
    earth = within(canvas.circle(0.485, 1.05, 0.36), canvas.box(0, 0, 1, 0.93))
    inked(canvas, earth, dark(WOOD, 0.3))
    canvas.paint(canvas.line([(0.485, 0.75), (0.485, 0.3)], 0.06), dark(colour, 0.5))
    for tip, low in (((0.06, 0.48), 0.72), ((0.91, 0.48), 0.72)):
        _leaf(canvas, (0.485, low), tip, colour)
    for tip, low in (((0.14, 0.16), 0.5), ((0.83, 0.16), 0.5), ((0.485, 0.03), 0.4)):
        _leaf(canvas, (0.485, low), tip, light(colour, 0.25))


@sprite
def pot(canvas: Canvas, colour: RGB) -> None:
    """Draw a stone pot around the foot of a plant."""
    inked(canvas, canvas.polygon([(0.2, 0.6), (0.77, 0.6), (0.68, 0.95), (0.29, 0.95)]), colour)
    canvas.paint(
        canvas.polygon([(0.6, 0.6), (0.77, 0.6), (0.68, 0.95), (0.58, 0.95)]), dark(colour)
    )
    inked(canvas, canvas.box(0.13, 0.5, 0.84, 0.64, r=0.03), light(colour, 0.3))


def _stalk(canvas: Canvas, points: list[Point]) -> None:
    inked(canvas, canvas.line(points, 0.035), WOOD)


def _pip(canvas: Canvas, y: float, colour: RGB) -> None:
    inked(canvas, canvas.box(0.72, y - 0.1, 0.92, y + 0.1, r=0.05), colour)


def _leaf(canvas: Canvas, foot: Point, tip: Point, colour: RGB) -> None:
    """Draw a pointed leaf between two points, with its rib."""
    (x0, y0), (x1, y1) = foot, tip
    # Half of the normal, so that the two circles meet in foot and tip.
    nx, ny = (y0 - y1) * 0.4, (x1 - x0) * 0.4
    mx, my = (x0 + x1) / 2, (y0 + y1) / 2
    radius = ((x1 - mx - nx) ** 2 + (y1 - my - ny) ** 2) ** 0.5
    sides = [canvas.circle(mx + s * nx, my + s * ny, radius) for s in (-1, 1)]
    inked(canvas, within(*sides), colour)
    canvas.paint(canvas.line([foot, tip], 0.02), dark(colour, 0.4))
