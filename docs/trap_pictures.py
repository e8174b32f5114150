"""The pictures of a trap's page: levels, planes, and training beside the shift."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from mesa_gym.grid import Plane
from mesa_gym.rendering import render_rgb
from mesa_gym.rendering.sheet import pictures
from mesa_gym.traps import Split, Trap

# Pixels a cell, and between two grids.
LEVEL, PLANE, THUMB = 48, 40, 24
GAP = 20


def level(trap: Trap, split: Split, path: Path) -> None:
    """Draw level 0 of a split."""
    planes = trap.levels(split, [0]).planes[0]
    Image.fromarray(render_rgb(trap.schema.planes, planes, LEVEL)).save(path, optimize=True)


def thumbnail(cls: type[Trap], path: Path) -> None:
    """Draw level 0 of training beside that of the shift."""
    train, shift = (Image.fromarray(frame) for frame in pictures(cls, THUMB).values())
    both = Image.new("RGBA", (2 * train.width + GAP, train.height))
    both.paste(train, (0, 0))
    both.paste(shift, (train.width + GAP, 0))
    both.save(path, optimize=True)


def plane(plane: Plane, path: Path) -> None:
    """Draw a kind alone in a cell; of an attribute, which has no drawing, its colour."""
    if plane.sprite is None:
        picture = Image.new("RGB", (PLANE, PLANE), plane.colour)
    else:
        cell = np.ones((1, 1, 1), dtype=np.uint8)
        picture = Image.fromarray(render_rgb([plane], cell, PLANE))
    picture.save(path, optimize=True)
