"""Registers of drawings, and the language in which the package describes its own drawings.

A text contains several drawings. Each begins with a line ``name: description``; each further line
paints one shape over the earlier shapes, or moves the rest of the drawing into a square::

    fill SHADE SHAPE     the shape alone
    inked SHADE SHAPE    the shape with a dark outline, so that pale things contrast with the floor
    part LEFT,TOP SIDE   the rest of the drawing uses this square as its cell

Lengths are hundredths of the cell's side; x runs right and y runs down. A shade is ``main`` (the
colour that the caller chooses) or a name in ``SHADES``; ``main+35`` is 35% lighter, ``main-35``
35% darker. A shape is one of these, or several combined from left to right::

    disc X,Y RADIUS              box LEFT,TOP RIGHT,BOTTOM [RADIUS OF CORNERS]
    line WIDTH X,Y X,Y ...       poly X,Y X,Y X,Y ...
    star X,Y TIPS NOTCHES COUNT  one tip up; the radii of its tips and of its notches
    it                           the last painted shape that does not use ``it``
    ... >X,Y*N                   after any shape except ``it``: joins N copies (1 by default), each
                                 moved by X,Y from the copy before; two of these make a grid
    A + B, A & B                 A and B joined; the part of A that is inside B
    A grow LENGTH, A rim WIDTH   A larger by LENGTH on every side; a stroke along A's edge
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from functools import cache, reduce
from typing import Any

import numpy as np

from mesa_gym.engine import RGB
from mesa_gym.errors import unknown
from mesa_gym.rendering.canvas import Canvas, Field, Point
from mesa_gym.rendering.sprites import KIND_DRAWINGS, MARK_DRAWINGS

Sprite = Callable[[Canvas, RGB], None]

DARK: RGB = (34, 34, 44)
WHITE: RGB = (255, 255, 255)
FLOOR_COLOUR: RGB = (233, 229, 218)
SHADES: dict[str, RGB] = {
    "ink": DARK,
    "white": WHITE,
    "floor": FLOOR_COLOUR,
    "brass": (250, 208, 84),
    "wood": (140, 98, 62),
    "leaf": (84, 150, 70),
    "skin": (238, 200, 168),
}
OUTLINES = {"fill": 0.0, "inked": 0.035}  # in sides of the cell


def sprite(draw: Sprite) -> Sprite:
    """Register a drawing of a kind under its function's name, to which ``Look.sprite`` refers.

    Args:
        draw: paints the kind on a canvas, in the given colour.

    Raises:
        ValueError: another function has that name already.
    """
    return _register(SPRITES, "sprite", draw)


def mark(draw: Sprite) -> Sprite:
    """Register the mark of an attribute under the function's name, which is the attribute's.

    The mark is a small shape in the lower left corner of each cell that has the attribute, so
    people can distinguish attributes without seeing colours. ``sprite`` has the same arguments and
    errors.
    """
    return _register(MARKS, "mark", draw)


def find_sprite(name: str) -> Sprite:
    """Return the drawing called ``name``.

    Raises:
        UnknownNameError: the name is unknown; the message names the nearest.
    """
    if name not in SPRITES:
        raise unknown("sprite", name, sorted(SPRITES))
    return SPRITES[name]


def _register(drawings: dict[str, Sprite], kind: str, draw: Sprite) -> Sprite:
    name = draw.__name__
    there = drawings.get(name, draw)
    # A module that is loaded again, or copied, registers its drawings again.
    if there.__module__ != draw.__module__ and _code(there) != _code(draw):
        raise ValueError(
            f"there is a {kind} {name!r} already, in {there.__module__}; give the one in"
            f" {draw.__module__} another name"
        )
    drawings[name] = draw
    return draw


def _code(draw: Any) -> tuple[object, ...]:
    """Return a function's bytecode, constants and names, which are equal for equal functions."""
    code = draw.__code__
    return code.co_code, code.co_consts, code.co_names


def _make_drawings(text: str) -> dict[str, Sprite]:
    """Return name -> drawing, from the text of a file of drawings."""
    blocks = [block.splitlines() for block in re.split(r"\n(?=\w)", text.strip())]
    return {
        header.split(":")[0]: _make_drawing([line.split(maxsplit=2) for line in lines])
        for header, *lines in blocks
    }


def _make_drawing(lines: list[list[str]]) -> Sprite:
    def draw(canvas: Canvas, colour: RGB) -> None:
        it = None
        for verb, shade, words in lines:
            if verb == "part":
                canvas = canvas.part(*_lengths(shade), *_lengths(words))
                continue
            shape = _shape(canvas, words, it)
            it = shape if "it" not in words.split() else it
            if OUTLINES[verb]:
                canvas.paint(shape, DARK, grow=OUTLINES[verb])
            canvas.paint(shape, _shade(shade, colour))

    return draw


@cache
def _shade(word: str, main: RGB) -> RGB:
    name, *steps = re.findall(r"[a-z]+|[+-]\d+", word)
    colour = {"main": main, **SHADES}[name]
    for step in steps:
        other, share = WHITE if step[0] == "+" else DARK, abs(int(step)) / 100
        red, green, blue = (round(a + (b - a) * share) for a, b in zip(colour, other, strict=True))
        colour = red, green, blue
    return colour


def _shape(canvas: Canvas, words: str, it: Field | None) -> Field:
    first, *rest = re.split(r" ([+&]|grow|rim) ", words)
    shape = _term(canvas, first, it)
    for operator, operand in zip(rest[::2], rest[1::2], strict=True):
        if operator == "grow":
            shape = shape - np.float32(*_lengths(operand))
        elif operator == "rim":
            shape = abs(shape) - np.float32(*_lengths(operand)) / 2
        else:
            join = np.minimum if operator == "+" else np.maximum
            shape = join(shape, _term(canvas, operand, it))
    return shape


def _term(canvas: Canvas, words: str, it: Field | None) -> Field:
    if words == "it" and it is not None:
        return it
    name, copies, numbers = _parse_shape(words)
    return reduce(np.minimum, (PAINTERS[name](canvas, points, numbers) for points in copies))


@cache
def _parse_shape(words: str) -> tuple[str, list[list[Point]], list[float]]:
    """Return a shape's name, its points in each copy, and its numbers such as a radius."""
    name, *arguments = words.split()
    points, numbers, shifts = [], [], [(0.0, 0.0)]
    for word in arguments:
        if word[0] == ">":
            step, _, times = word[1:].partition("*")
            dx, dy = _lengths(step)
            copies = range(int(times or 1) + 1)
            shifts = [(x + k * dx, y + k * dy) for k in copies for x, y in shifts]
        elif "," in word:
            points.append(_lengths(word))
        else:
            numbers += _lengths(word)
    return name, [[(x + dx, y + dy) for x, y in points] for dx, dy in shifts], numbers


def _lengths(word: str) -> list[float]:
    return [float(number) / 100 for number in word.split(",")]


def _star(canvas: Canvas, centre: Point, tips: float, notches: float, hundredths: float) -> Field:
    (x, y), count = centre, round(100 * hundredths)
    corners = [((tips, notches)[k % 2], math.pi * k / count) for k in range(2 * count)]
    return canvas.polygon([(x + r * math.sin(a), y - r * math.cos(a)) for r, a in corners])


PAINTERS: dict[str, Callable[[Canvas, list[Point], list[float]], Field]] = {
    "disc": lambda canvas, points, numbers: canvas.circle(*points[0], *numbers),
    "box": lambda canvas, points, numbers: canvas.box(*points[0], *points[1], *numbers),
    "line": lambda canvas, points, numbers: canvas.line(points, *numbers),
    "poly": lambda canvas, points, _: canvas.polygon(points),
    "star": lambda canvas, points, numbers: _star(canvas, points[0], *numbers),
}
SPRITES = _make_drawings(KIND_DRAWINGS)
MARKS = _make_drawings(MARK_DRAWINGS)
