"""The pictures of a trap's page: levels, planes, and training beside the shift."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from mesa_gym.engine import Look
from mesa_gym.rendering import render_look, render_rgb
from mesa_gym.rendering.sheet import pictures
from mesa_gym.traps import Split, Trap

# Pixels a cell, and between two grids.
LEVEL, PLANE, THUMB = 48, 40, 24
GAP = 20


def level(trap: Trap, split: Split, path: Path) -> None:
    """Draw level 0 of a split."""
    picture = render_rgb(trap, trap.levels(split, [0]), LEVEL)[0]
    Image.fromarray(picture).save(path, optimize=True)


def thumbnail(cls: type[Trap], path: Path) -> None:
    """Draw level 0 of training beside that of the shift."""
    train, shift = (Image.fromarray(frame) for frame in pictures(cls, THUMB).values())
    both = Image.new("RGBA", (2 * train.width + GAP, train.height))
    both.paste(train, (0, 0))
    both.paste(shift, (train.width + GAP, 0))
    both.save(path, optimize=True)


def plane(look: Look, path: Path) -> None:
    """Draw a kind alone in a cell; of an attribute, which has no drawing, its colour."""
    if look.sprite is None:
        picture = Image.new("RGB", (PLANE, PLANE), look.colour)
    else:
        picture = Image.fromarray(render_look(look, PLANE))
    picture.save(path, optimize=True)
