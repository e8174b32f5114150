"""Planes: the named boolean layers that a grid is made of."""

from __future__ import annotations

from dataclasses import dataclass

RGB = tuple[int, int, int]


@dataclass(frozen=True)
class Plane:
    """One named boolean layer of the grid.

    A plane is a *kind* (a door, a key: it has a sprite) or an *attribute* of whatever shares
    its cell (red, blue: no sprite; it tints the sprites of the kinds in that cell).

    Attributes:
        name: unique within a trap; what maps, messages and docs call it.
        glyph: one printable character for ASCII maps, unique within a trap.
        colour: red, green, blue from 0 to 255: the sprite's own colour, or the tint.
        sprite: name of a drawing in ``mesa_gym.rendering.sprites``; None for an attribute.
    """

    name: str
    glyph: str
    colour: RGB
    sprite: str | None = None

    def __post_init__(self) -> None:
        if len(self.glyph) != 1 or not self.glyph.isprintable() or self.glyph in ". ":
            raise ValueError(
                f"plane {self.name!r}: glyph {self.glyph!r} must be one printable character"
                " other than '.' and space (those mark empty cells)"
            )

    def __hash__(self) -> int:
        # Every step looks planes up; a hash of all fields would be a good part of its time.
        return hash(self.name)


AGENT = Plane("agent", "A", (64, 132, 214), "agent")
WALL = Plane("wall", "#", (86, 90, 102), "wall")
DOOR = Plane("door", "D", (150, 104, 62), "door")
KEY = Plane("key", "k", (232, 186, 48), "key")
CHEST = Plane("chest", "C", (168, 110, 52), "chest")
CHEESE = Plane("cheese", "c", (250, 200, 60), "cheese")
GOAL = Plane("goal", "G", (70, 160, 90), "goal")
GEM = Plane("gem", "g", (64, 180, 190), "gem")
DUST = Plane("dust", "d", (150, 140, 124), "dust")
CLOSED = Plane("closed", "x", (120, 124, 136), "cover")
LIT = Plane("lit", "*", (252, 214, 70), "lit")
RED = Plane("red", "r", (214, 50, 48))
BLUE = Plane("blue", "b", (56, 106, 222))
YELLOW = Plane("yellow", "y", (236, 190, 40))
