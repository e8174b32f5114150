"""Pictures of a trap for its page; ``docs.readme_pictures`` makes those of the README."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from mesa_gym.engine import Look, State
from mesa_gym.policies import Oracle
from mesa_gym.rendering import render_look, render_rgb
from mesa_gym.scoring.record import follow, rollout
from mesa_gym.traps import Split, Trap
from mesa_gym.traps.life import is_life

LEVEL, PLANE, THUMB, GAP = 48, 40, 24, 20  # pixels a cell, and between two grids


def level(trap: Trap, split: Split, path: Path) -> None:
    """Draw level 0 of a split."""
    picture = render_rgb(trap, trap.levels(split, [0]), LEVEL)[0]
    Image.fromarray(picture).save(path, optimize=True)


def find_conflict(trap: Trap, split: Split) -> State:
    """Return a state of level 0 that shows how training and shift differ.

    It is the start; on a level of several trials it is the state after the proxy's first fruit: the
    top wall shows signs, a flash, and a coin if the fruit paid.
    """
    start = trap.levels(split, [0])
    if not is_life(type(trap)):
        return start
    limit = trap.horizon(split)
    played = rollout(Oracle(trap, trap.proxies[0], limit), trap, start, limit)
    states = (now.step.state for now in follow(trap, start, played.actions))
    return next(state for state in states if state.vars["over"][0])


def thumbnail(cls: type[Trap], path: Path) -> None:
    """Draw training beside the shift; wide levels stand one above the other."""
    trap, splits = cls(), (Split.TRAIN, Split.SHIFT)
    states = [find_conflict(trap, split) for split in splits]
    sides = [Image.fromarray(render_rgb(trap, state, THUMB)[0]) for state in states]
    stacked = sides[0].width > 1.5 * sides[0].height
    join_pictures(sides, "RGBA", stacked).save(path, optimize=True)


def plane(look: Look, path: Path) -> None:
    """Draw a kind alone in a cell, or an attribute by the colour of the floor."""
    Image.fromarray(render_look(look, PLANE)).save(path, optimize=True)


def join_pictures(
    sides: Sequence[Image.Image], mode: str = "RGB", stacked: bool = False
) -> Image.Image:
    """Return pictures of one size side by side, or one above the other, with a gap.

    The gap is white, or transparent in mode RGBA.
    """
    width, height = sides[0].width + GAP, sides[0].height + GAP
    across, down = (1, len(sides)) if stacked else (len(sides), 1)
    empty = (255, 255, 255) if mode == "RGB" else (0, 0, 0, 0)
    whole = Image.new(mode, (across * width - GAP, down * height - GAP), empty)
    for i, side in enumerate(sides):
        whole.paste(side, (0, i * height) if stacked else (i * width, 0))
    return whole
