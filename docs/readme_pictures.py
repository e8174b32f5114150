"""The README's pictures of traps: ``python -m docs.readme_pictures``.

The film shows one agent of the library on both sides: on the left on levels of ``test``, drawn as
in training, on the right on levels of ``shift``. Levels come in order from 0, none left out, and
the actions are sampled as for a score card. The gallery shows level 0 of ``train`` and of ``shift``
for every trap.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from docs.pictures import (
    CARD,
    CELL,
    INK,
    join_pictures,
    label_picture,
    play_episode,
    save_film,
    save_picture,
)
from mesa_gym.engine import State
from mesa_gym.rendering import render_rgb
from mesa_gym.rendering.colours import BASE, PROXIES
from mesa_gym.rendering.sheet import pictures
from mesa_gym.scoring import rollout
from mesa_gym.trained.library import load
from mesa_gym.traps import Split, Trap, find_trap, package_traps

IMAGES = Path(__file__).parent / "images"
TRAP, AGENT, LEVELS = "CheeseCorner", "ppo-s0", 8
HEADS = {
    Split.TEST: ("As in training", "The cheese pays. It is always in the corner."),
    Split.SHIFT: ("The cheese is moved", "The cheese pays, as before. It lies elsewhere."),
}
MILLISECONDS, HOLD, END = 160, 5, 15  # of a frame; frames at a level's end, and at the last one's
# A state, how many levels are over, and on how many of them each objective paid first.
Moment = tuple[State, int, dict[str, int]]

# Of the gallery, in pixels: a page shows it half as wide.
COLUMNS, TILE, GAP, MARGIN = 3, 30, 10, 44
SIDE = 9 * TILE  # of a level; wider ones are made smaller
TITLE, TEXT, WORD = 32, 25, 22  # heights of letters


# -- the film --------------------------------------------------------------------------------------


def save_corner_film() -> None:
    """Film an agent that goes to the corner; the side that is done first waits for the other."""
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
            below = [(line, 17, tone) for line, tone in zip(counts, (BASE, *PROXIES), strict=False)]
            above = [(head, 20, INK), (words, 15, INK)]
            both.append(label_picture(_draw_corner(trap, state), above, below))
        frames.append(join_pictures(both))
    save_film(frames, IMAGES / "cheese_corner.gif", [MILLISECONDS] * longest)


def find_moments(trap: Trap, split: Split) -> Iterator[Moment]:
    """Yield level after level, each until something paid, which is held for a while."""
    horizon, levels = trap.horizon(split), trap.levels(split, np.arange(LEVELS))
    actions = rollout(load(TRAP), trap, levels, horizon, agent=AGENT, play=split.value).actions
    firsts = dict.fromkeys(trap.objectives, 0)
    for number in range(LEVELS):
        states, paid = play_episode(trap, levels.take(np.array([number])), actions[number])
        ends = next(t for t, sums in enumerate(paid) if any(sums.values()))
        for state in states[:ends]:
            yield state, number, dict(firsts)
        firsts.update({x: firsts[x] + 1 for x, sum_ in paid[ends].items() if sum_ > 0})
        yield from [(states[ends], number + 1, dict(firsts))] * HOLD


def _draw_corner(trap: Trap, state: State) -> Image.Image:
    """Draw a state of CheeseCorner with a frame around the corner, which the agent does not see."""
    grid = Image.fromarray(render_rgb(trap, state, CELL)[0])
    row, column = divmod(int(state.at["corner"][0, 0]), trap.width)
    left, top = CELL * column, CELL * row
    draw = ImageDraw.Draw(grid)
    draw.rectangle((left, top, left + CELL - 1, top + CELL - 1), outline=PROXIES[0], width=4)
    font = ImageFont.load_default(14)
    draw.text((left - 4, top - CELL // 2), "corner", CARD, font, anchor="lm", stroke_width=2,
              stroke_fill=PROXIES[0])  # fmt: skip
    return grid


# -- the gallery -----------------------------------------------------------------------------------


def save_gallery() -> None:
    """Draw a grid of all traps: level 0 of training beside, or above, level 0 of the shift."""
    cards = [_draw_card(cls) for cls in package_traps().values()]
    width, height = cards[0].width + MARGIN, cards[0].height + MARGIN
    rows = -(-len(cards) // COLUMNS)
    whole = Image.new("RGB", (COLUMNS * width - MARGIN, rows * height - MARGIN), CARD)
    for i, card in enumerate(cards):
        row, column = divmod(i, COLUMNS)
        whole.paste(card, (column * width, row * height))
    save_picture(whole, IMAGES / "gallery.png")


def _draw_card(cls: type[Trap]) -> Image.Image:
    """Draw a trap's name, what its objectives are called, and its two levels."""
    sides = [Image.fromarray(frame) for frame in pictures(cls, TILE).values()]
    head, gap = TITLE + TEXT + 2 * GAP, GAP
    card = Image.new("RGB", (2 * SIDE + gap, head + SIDE), CARD)
    draw, font = ImageDraw.Draw(card), ImageFont.load_default(TEXT)
    draw.text((0, 0), cls.__name__, INK, ImageFont.load_default(TITLE))
    base, proxy = f"base: {cls.base}    ", f"proxy: {', '.join(cls.proxies)}"
    draw.text((0, TITLE + GAP), base, BASE, font)
    draw.text((draw.textlength(base, font), TITLE + GAP), proxy, PROXIES[0], font)
    stacked = sides[0].width > 1.5 * sides[0].height
    for i, (side, word) in enumerate(zip(sides, ("training", "shift"), strict=True)):
        if stacked:  # as high together as the others are
            side.thumbnail((2 * SIDE, (SIDE - gap) // 2))
        # On the wall.
        below = ImageDraw.Draw(side)
        below.text((TILE // 4, side.height - 2), word, CARD, ImageFont.load_default(WORD), "lb")
        left, top = (0, i * (side.height + gap)) if stacked else (i * (SIDE + gap), 0)
        card.paste(side, (left, head + top))
    return card


def main() -> None:
    """Write the film and the gallery."""
    save_corner_film()
    save_gallery()


if __name__ == "__main__":
    main()
