"""Looks: the glyph, colour and sprite of each plane."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

RGB = tuple[int, int, int]


class Look(NamedTuple):
    """The look of one plane in maps and pictures.

    Attributes:
        glyph: one printable character for ASCII maps, unique within a trap.
        colour: red, green, blue from 0 to 255: the sprite's own colour, or the tint.
        sprite: name of a drawing in ``mesa_gym.rendering``; None for an attribute such as a
            colour, which tints the things in its cell, or the floor. A kind of things without a
            sprite gets ``TOKEN``: a disc in its colour with its glyph.
        marked: whether an attribute's registered mark is drawn in addition to the tint.
    """

    glyph: str
    colour: RGB
    sprite: str | None = None
    marked: bool = True


# Names that several traps share; a trap declares further names in `Trap.looks`.
COMMON = {
    "agent": Look("A", (64, 132, 214), "agent"),
    "wall": Look("#", (86, 90, 102), "wall"),
    "door": Look("D", (150, 104, 62), "door"),
    "key": Look("k", (232, 186, 48), "key"),
    "chest": Look("C", (168, 110, 52), "chest"),
    "cheese": Look("c", (250, 200, 60), "cheese"),
    "apple": Look("a", (206, 52, 58), "apple"),
    "goal": Look("G", (70, 160, 90), "goal"),
    "gem": Look("g", (64, 180, 190), "gem"),
    "dust": Look("d", (150, 140, 124), "dust"),
    "closed": Look("x", (120, 124, 136), "cover"),
    "lit": Look("*", (252, 214, 70), "lit"),
    "red": Look("r", (214, 50, 48)),
    "blue": Look("b", (56, 106, 222)),
    "yellow": Look("y", (236, 190, 40)),
}
EMPTY = "."
TOKEN = "token"  # the sprite of visible kinds without their own sprite
# Colours of names without a declared look, used in this order.
_PALETTE = [(206, 92, 74), (90, 140, 190), (120, 170, 90), (170, 110, 180), (200, 160, 70)]


def complete_looks(
    names: Iterable[str], kinds: Iterable[str], things: Iterable[str], declared: Mapping[str, Look]
) -> dict[str, Look]:
    """Return a look for each name; generate the looks that are not declared.

    Args:
        names: every plane and every name that maps use.
        kinds: the names that get the sprite ``TOKEN`` if no look is declared for them.
        things: the names that also get ``TOKEN`` if their declared look has no sprite.
        declared: the trap's own looks.

    Raises:
        ValueError: two names have the same glyph, or a glyph is not one printable character.
    """
    names, kinds, things = list(dict.fromkeys(names)), set(kinds), set(things)
    looks = {name: look for name in names if (look := declared.get(name) or COMMON.get(name))}
    glyphs: dict[str, str] = {EMPTY: "an empty cell"}
    for name, look in looks.items():
        if len(look.glyph) != 1 or not look.glyph.isprintable() or look.glyph.isspace():
            raise ValueError(f"{name!r}: glyph {look.glyph!r} must be one printable character")
        if look.glyph in glyphs:
            raise ValueError(
                f"{name!r} has the glyph {look.glyph!r}, which stands for {glyphs[look.glyph]}"
                " already; declare another one in `looks`"
            )
        glyphs[look.glyph] = repr(name)
    for index, name in enumerate(name for name in names if name not in looks):
        letters = (*name.lower(), *name.upper(), *map(chr, range(0xC0, 0x250)))
        glyph = next(x for x in letters if x.isalpha() and x not in glyphs)
        glyphs[glyph] = repr(name)
        sprite = TOKEN if name in kinds else None
        looks[name] = Look(glyph, _PALETTE[index % len(_PALETTE)], sprite)
    spriteless = {name: looks[name] for name in things if looks[name].sprite is None}
    return looks | {name: look._replace(sprite=TOKEN) for name, look in spriteless.items()}
