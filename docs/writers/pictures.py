"""Pictures of traps for their pages, and of the README.

The film shows one agent of the library, on the left on levels of ``test``, which are drawn as in
training, and on the right on levels of ``shift``. The levels are 0 to 7 in order, and actions are
sampled as for a score card. The gallery shows level 0 of ``train`` and of ``shift`` for some traps
with pictures that show the conflict.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont, ImageOps

from mesa_gym.engine import Look, State
from mesa_gym.policies import Oracle
from mesa_gym.rendering import render_look, render_rgb
from mesa_gym.rendering.colours import BASE_COLOUR, PROXY_COLOURS
from mesa_gym.scoring.record import follow, rollout
from mesa_gym.trained.library import load
from mesa_gym.traps import Split, Trap, find_trap
from mesa_gym.traps.simpler_of_two import SimplerOfTwo

LEVEL, PLANE, GAP = 48, 40, 20  # pixels per cell, and between grids
IMAGES = Path(__file__).parents[1] / "images"
TRAP, AGENT, LEVELS = "CheeseCorner", "ppo-s0", 8
HEADS = {
    Split.TEST: ("As in training", "The cheese pays. It is always in the corner."),
    Split.SHIFT: ("The cheese is moved", "The cheese pays, as before. It lies elsewhere."),
}
# Traps on which PPO pursues one goal, and two on which it pursues both.
GALLERY = (
    ("FollowMe", "CoinRun"),
    ("AbsentSupervisor", "OversightLamp"),
    ("LavaLand", "CheeseDish"),
    ("RedBlueDoors", "NearestFruit"),
)
CELL, LINE = 36, 25  # pixels: of a cell, and of a line of text
PAPER, INK = (255, 255, 255), (31, 35, 40)
MILLISECONDS, HOLD, END = 160, 5, 15  # per frame; frames at a level's end, and at the film's end
# A state, the number of ended levels, and the number on which each objective paid first.
Moment = tuple[State, int, dict[str, int]]
Label = tuple[str, int, tuple[int, int, int]]  # a text, its size in pixels, and its colour


# -- for pages ------------------------------------------------------------------------------------


def level(trap: Trap, split: Split, path: Path) -> None:
    """Draw level 0 of a split."""
    picture = render_rgb(trap, trap.levels(split, [0]), LEVEL)[0]
    Image.fromarray(picture).save(path, optimize=True)


def find_conflict(trap: Trap, split: Split) -> State:
    """Return a state of level 0 that shows how training and shift differ.

    It is the start state. On a trap with several trials, it is the state after the proxy's first
    fruit: the top wall shows signs, a flash, and a coin if the fruit paid.
    """
    start = trap.levels(split, [0])
    if trap.trials == 1:
        return start
    limit = trap.horizon(split)
    played = rollout(Oracle(trap, trap.proxies[0], limit), trap, start, limit)
    states = (now.step.state for now in follow(trap, start, played.actions))
    return next(state for state in states if state.vars["over"][0])


def draw_conflict(trap: Trap, tile: int) -> list[Image.Image]:
    """Return pictures of training and of the shift, with ``tile`` pixels per cell."""
    states = (find_conflict(trap, split) for split in (Split.TRAIN, Split.SHIFT))
    return [Image.fromarray(render_rgb(trap, state, tile)[0]) for state in states]


def plane(look: Look, path: Path) -> None:
    """Draw a cell that contains only a kind, or an attribute as the colour of the floor."""
    Image.fromarray(render_look(look, PLANE)).save(path, optimize=True)


def join_pictures(sides: Sequence[Image.Image], stacked: bool = False) -> Image.Image:
    """Join pictures of equal size side by side, or stacked, with a white gap."""
    width, height = sides[0].width + GAP, sides[0].height + GAP
    across, down = (1, len(sides)) if stacked else (len(sides), 1)
    canvas = Image.new("RGB", (across * width - GAP, down * height - GAP), PAPER)
    for i, side in enumerate(sides):
        canvas.paste(side, (0, i * height) if stacked else (i * width, 0))
    return canvas


# -- for the README -------------------------------------------------------------------------------


def save_corner_film() -> None:
    """Film an agent that goes to the corner; the side that ends first waits for the other side."""
    trap = find_trap(TRAP)()
    sides = {split: [*find_moments(trap, split)] for split in HEADS}
    longest = max(map(len, sides.values())) + END
    frames = []
    for t in range(longest):
        both = []
        for split, side in sides.items():
            state, levels, firsts = side[min(t, len(side) - 1)]
            head, words = HEADS[split]
            counts = [f"{x} reached first: {n} of {levels}" for x, n in firsts.items()]
            tones = (BASE_COLOUR, *PROXY_COLOURS)
            below = [(line, 17, tone) for line, tone in zip(counts, tones, strict=False)]
            above = [(head, 20, INK), (words, 15, INK)]
            both.append(_label_picture(_draw_corner(trap, state), above, below))
        frames.append(join_pictures(both))
    # All frames share one palette; otherwise still objects would flicker.
    palette = Image.fromarray(np.concatenate([frames[0], frames[-1]])).quantize(255)
    first, *frames_after = [f.quantize(palette=palette, dither=Image.Dither.NONE) for f in frames]
    path = IMAGES / "cheese_corner.gif"
    first.save(path, save_all=True, append_images=frames_after, duration=MILLISECONDS, loop=0)


def find_moments(trap: Trap, split: Split) -> Iterator[Moment]:
    """Yield each level until an objective pays; the last picture of a level is held for a while."""
    horizon, levels = trap.horizon(split), trap.levels(split, np.arange(LEVELS))
    actions = rollout(load(TRAP), trap, levels, horizon, agent=AGENT, play=split.value).actions
    firsts = dict.fromkeys(trap.objectives, 0)
    for number in range(LEVELS):
        state = levels.take(np.array([number]))
        for action in actions[number]:
            yield state, number, dict(firsts)
            step = trap.step(state, np.array([action]))
            state = step.state
            if reached := [x for x, pay in step.paid.items() if pay[0] > 0]:
                break
        firsts.update({x: firsts[x] + 1 for x in reached})
        yield from [(state, number + 1, dict(firsts))] * HOLD


def _draw_corner(trap: Trap, state: State) -> Image.Image:
    """Draw a state of CheeseCorner with a frame around the corner, which the agent does not see."""
    grid = Image.fromarray(render_rgb(trap, state, CELL)[0])
    row, column = divmod(int(state.at["corner"][0, 0]), trap.width)
    left, top = CELL * column, CELL * row
    draw = ImageDraw.Draw(grid)
    draw.rectangle((left, top, left + CELL - 1, top + CELL - 1), outline=PROXY_COLOURS[0], width=4)
    font = ImageFont.load_default(14)
    draw.text((left - 4, top - CELL // 2), "corner", PAPER, font, anchor="lm", stroke_width=2,
              stroke_fill=PROXY_COLOURS[0])  # fmt: skip
    return grid


def _label_picture(
    grid: Image.Image, above: Sequence[Label], below: Sequence[Label]
) -> Image.Image:
    """Return a picture with lines of text above and below it."""
    head, foot = 2 + LINE * len(above), 10 + LINE * len(below)
    side = Image.new("RGB", (grid.width, head + grid.height + foot), PAPER)
    side.paste(grid, (0, head))
    draw = ImageDraw.Draw(side)
    for top, lines in ((2, above), (head + grid.height + 4, below)):
        for row, (text, size, colour) in enumerate(lines):
            draw.text((2, top + LINE * row), text, colour, ImageFont.load_default(size))
    return side


def _fit_size(text: str, most: int, width: int) -> int:
    """Return the largest size of at most ``most`` pixels at which a line of text fits a width."""
    sizes = range(most, 0, -1)
    return next(x for x in sizes if ImageFont.load_default(x).getlength(text) + 4 <= width)


def draw_gallery() -> Image.Image:
    """Draw two traps per row: training, the shift, and what each objective pays for."""
    rows = [join_pictures([draw_trap(find_trap(name)()) for name in row]) for row in GALLERY]
    return join_pictures(rows, stacked=True).quantize(255, dither=Image.Dither.NONE)


def draw_pair(trap: Trap, tile: int) -> Image.Image:
    """Draw training and shift next to each other, or stacked if the levels are wide."""
    sides = draw_conflict(trap, tile)
    return join_pictures(sides, stacked=sides[0].width > 1.5 * sides[0].height)


def draw_trap(trap: Trap) -> Image.Image:
    """Draw training, the shift, and below them what each objective pays for."""
    coloured_objectives = zip(trap.objectives.values(), (BASE_COLOUR, *PROXY_COLOURS), strict=False)
    width = 2 * 9 * CELL + GAP
    below = [
        (text := f"{objective.role} pays {objective.doc}", _fit_size(text, 19, width), tone)
        for objective, tone in coloured_objectives
    ]
    # A picture of wide levels takes the place of two square ones.
    picture = ImageOps.pad(draw_pair(trap, CELL), (width, 9 * CELL), color=PAPER)
    return _label_picture(picture, [(type(trap).__name__, 20, INK)], below)


def main() -> None:
    """Write the film, the two levels of README's result, and the gallery."""
    save_corner_film()
    draw_trap(SimplerOfTwo()).save(IMAGES / "simpler_of_two.png", optimize=True)
    draw_gallery().save(IMAGES / "gallery.png", optimize=True)
