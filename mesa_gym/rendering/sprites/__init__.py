"""The drawings: each paints one thing on a canvas, in a main colour that the caller chooses.

A sprite derives its lights and darks from the main colour, so that a red door is still a door
and still red; fittings (a door's knob, a chest's lock) keep colours of their own. Things are told
apart by shape alone. To add one, write a function under ``@sprite``: its name is what
``Plane.sprite`` refers to. Some are made to be painted over others in one cell (a cover over a
vent): their docstrings say so.
"""

from mesa_gym.rendering.sprites import (  # noqa: F401  (importing them registers the drawings)
    beings,
    fixtures,
    ground,
    marks,
    places,
    plants,
    things,
)
from mesa_gym.rendering.sprites.palette import FLOOR, INK
from mesa_gym.rendering.sprites.registry import MARKS, SPRITES, Sprite, find_sprite, mark, sprite

__all__ = ["FLOOR", "INK", "MARKS", "SPRITES", "Sprite", "find_sprite", "mark", "sprite"]
