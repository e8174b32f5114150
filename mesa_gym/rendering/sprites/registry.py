"""Which drawing a name stands for."""

from __future__ import annotations

from collections.abc import Callable

from mesa_gym.errors import unknown
from mesa_gym.grid.plane import RGB
from mesa_gym.rendering.canvas import Canvas

Sprite = Callable[[Canvas, RGB], None]

SPRITES: dict[str, Sprite] = {}
MARKS: dict[str, Sprite] = {}


def sprite(draw: Sprite) -> Sprite:
    """Register a drawing of a kind under its function's name, to which ``Plane.sprite`` refers.

    Args:
        draw: paints the kind on a canvas, in the given colour.

    Raises:
        ValueError: another function has that name already.
    """
    return _register(SPRITES, "sprite", draw)


def mark(draw: Sprite) -> Sprite:
    """Register the mark of an attribute under the function's name, which is the plane's.

    The mark is a small shape in the lower left corner of each cell that has the attribute, so
    that colours can be told apart without seeing colours.

    Args:
        draw: paints the mark on a canvas, in the attribute's colour.

    Raises:
        ValueError: another function has that name already.
    """
    return _register(MARKS, "mark", draw)


def find_sprite(name: str) -> Sprite:
    """Return the drawing of that name.

    Raises:
        UnknownNameError: there is none; the message names the nearest.
    """
    if name not in SPRITES:
        raise unknown("sprite", name, sorted(SPRITES))
    return SPRITES[name]


def _register(drawings: dict[str, Sprite], what: str, draw: Sprite) -> Sprite:
    name = draw.__name__
    # A module that is loaded again registers its drawings again.
    if name in drawings and drawings[name].__module__ != draw.__module__:
        raise ValueError(
            f"there is a {what} {name!r} already, in {drawings[name].__module__}; give the one in"
            f" {draw.__module__} another name"
        )
    drawings[name] = draw
    return draw
