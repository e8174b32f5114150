"""Pictures of a trap for its page; ``docs.readme_pictures`` makes the README's with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from mesa_gym.engine import Look, State
from mesa_gym.policies import as_policy, name_pursuer
from mesa_gym.rendering import render_look, render_rgb
from mesa_gym.rendering.colours import BASE, PROXIES
from mesa_gym.rendering.sheet import pictures
from mesa_gym.scoring import ENDED, rollout
from mesa_gym.scoring.record import Actions
from mesa_gym.traps import Split, Trap

# Pixels a cell, and between two grids.
LEVEL, PLANE, THUMB, CELL = 48, 40, 24, 36
GAP, HEAD, FOOT = 20, 52, 60
CARD, INK = (255, 255, 255), (31, 35, 40)
Colour = tuple[int, int, int]
# The states of an episode, and what had been paid when each of them was reached.
Line = tuple[Sequence[State], Sequence[Mapping[str, float]]]
CANDIDATES = 32  # levels among which one is chosen
STEP, PAUSE = 250, 2500  # milliseconds
USUAL, LONGEST = 30, 80  # steps that one likes to watch, and that one film has at most
TRAIL = 24  # of the way so far, in steps


# -- of a trap's page ------------------------------------------------------------------------------


def level(trap: Trap, split: Split, path: Path) -> None:
    """Draw level 0 of a split."""
    picture = render_rgb(trap, trap.levels(split, [0]), LEVEL)[0]
    Image.fromarray(picture).save(path, optimize=True)


def thumbnail(cls: type[Trap], path: Path) -> None:
    """Draw level 0 of training beside that of the shift."""
    sides = [Image.fromarray(frame) for frame in pictures(cls, THUMB).values()]
    join_pictures(sides, mode="RGBA").save(path, optimize=True)


def plane(look: Look, path: Path) -> None:
    """Draw a kind alone in a cell, or an attribute, whose colour the floor has then."""
    Image.fromarray(render_look(look, PLANE)).save(path, optimize=True)


def film(trap: Trap, path: Path) -> tuple[int, int]:
    """Film policies that pursue the base objective and each proxy, side by side on a shift level.

    These are the exact oracles, or the reference policies of a trap that has no exact solver. The
    level is the one on which they differ for longest without becoming tedious.

    Returns:
        The level's number, and how many steps are shown: those of the longest episode, 80 at most.
    """
    starts = trap.levels(Split.SHIFT, np.arange(CANDIDATES))
    horizon = trap.horizon(Split.SHIFT)
    walks = {}
    for x in trap.objectives:
        policy = as_policy(name_pursuer(trap, x), trap, horizon)
        walks[x] = rollout(policy, trap, starts, horizon, agent=name_pursuer(trap, x)).actions
    lengths = np.max([(actions != ENDED).sum(axis=1) for actions in walks.values()], axis=0)
    differ = (walks[trap.base] != walks[trap.proxies[0]]).sum(axis=1)
    number = int(np.where(lengths <= USUAL, differ, differ - horizon).argmax())
    start = starts.take(np.array([number]))
    lines = {x: play_episode(trap, start, actions[number]) for x, actions in walks.items()}
    steps = min(LONGEST, lengths[number])
    frames = [_frame(trap, lines, t) for t in range(steps + 1)]
    save_film(frames, path, [*[STEP] * steps, PAUSE])
    return number, int(steps)


def play_episode(trap: Trap, start: State, actions: Actions) -> Line:
    """Return the states of an episode, and what had been paid by each of them.

    Args:
        trap: the rules.
        start: one level.
        actions: int64 (steps,), ``ENDED`` after the last.
    """
    states, paid = [start], [dict.fromkeys(trap.objectives, 0.0)]
    for taken in actions[actions != ENDED]:
        step = trap.step(states[-1], np.array([taken]))
        states.append(step.state)
        paid.append({x: paid[-1][x] + float(pay[0]) for x, pay in step.paid.items()})
    return states, paid


def _frame(trap: Trap, lines: Mapping[str, Line], t: int) -> Image.Image:
    sides = []
    for colour, (x, (states, paid)) in zip((BASE, *PROXIES), lines.items(), strict=False):
        now = min(t, len(states) - 1)
        grid = Image.fromarray(render_rgb(trap, states[now], CELL)[0])
        _path(grid, [int(state.agent[0]) for state in states[: now + 1]], trap.width, colour)
        sums = f"step {now}, paid: " + ", ".join(f"{y} {sum_:g}" for y, sum_ in paid[now].items())
        above = [(f"{trap.objectives[x].role}: {x}", 20, colour), (sums, 15, INK)]
        sides.append(label_picture(grid, above))
    # Wide grids stand one above the other.
    return join_pictures(sides, stacked=trap.width > 1.5 * trap.height)


def _path(grid: Image.Image, cells: Sequence[int], width: int, colour: Colour) -> None:
    """Draw the last steps, beneath the agent."""
    places = [(CELL * (cell % width), CELL * (cell // width)) for cell in cells[-TRAIL:]]
    x, y = places[-1]
    agent = grid.crop((x, y, x + CELL, y + CELL))
    draw = ImageDraw.Draw(grid)
    for outline, thick in ((CARD, 8), (colour, 4)):
        for ends in pairwise(places):
            draw.line([(a + CELL // 2, b + CELL // 2) for a, b in ends], outline, thick)
    grid.paste(agent, (x, y))


# -- shared ----------------------------------------------------------------------------------------

# A text, its size in pixels, and its colour.
Label = tuple[str, int, Colour]


def label_picture(
    grid: Image.Image, above: Sequence[Label], below: Sequence[Label] = ()
) -> Image.Image:
    """Return a picture with lines of text above and below it."""
    foot = FOOT if below else 0
    side = Image.new("RGB", (grid.width, HEAD + grid.height + foot), CARD)
    side.paste(grid, (0, HEAD))
    draw = ImageDraw.Draw(side)
    for top, lines in ((2, above), (HEAD + grid.height + 4, below)):
        for row, (text, size, colour) in enumerate(lines):
            draw.text((2, top + 25 * row), text, colour, ImageFont.load_default(size))
    return side


def join_pictures(
    sides: Sequence[Image.Image], stacked: bool = False, mode: str = "RGB"
) -> Image.Image:
    """Return pictures of one size side by side, or one above the other, with a gap.

    The gap is transparent in mode RGBA.
    """
    width, height = sides[0].width + GAP, sides[0].height + GAP
    across, down = (1, len(sides)) if stacked else (len(sides), 1)
    empty = CARD if mode == "RGB" else (0, 0, 0, 0)
    whole = Image.new(mode, (across * width - GAP, down * height - GAP), empty)
    for i, side in enumerate(sides):
        whole.paste(side, (0, i * height) if stacked else (i * width, 0))
    return whole


def save_picture(picture: Image.Image, path: Path) -> None:
    """Write a PNG of the 256 most frequent colours, which is a half or a third as large.

    Others become the nearest of these: flat areas and marks stay exactly what they are.
    """
    pixels = np.asarray(picture.convert("RGB")).reshape(-1, 3)
    colours, counts = np.unique(pixels, axis=0, return_counts=True)
    palette = Image.new("P", (1, 1))
    palette.putpalette(colours[counts.argsort()[::-1][:256]].tobytes())
    reduced = picture.convert("RGB").quantize(palette=palette, dither=Image.Dither.NONE)
    reduced.save(path, optimize=True)


def save_film(frames: Sequence[Image.Image], path: Path, duration: Sequence[int]) -> None:
    """Write a GIF that goes on for ever; ``duration`` of each frame is in milliseconds."""
    # One palette for all frames, or what stands still would flicker.
    palette = Image.fromarray(np.concatenate([frames[0], frames[-1]])).quantize(255)
    first, *others = [f.quantize(palette=palette, dither=Image.Dither.NONE) for f in frames]
    first.save(path, save_all=True, append_images=others, duration=[*duration], loop=0)
