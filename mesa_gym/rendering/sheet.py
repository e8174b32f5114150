"""The contact sheet: all traps at a glance, training beside shift."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mesa_gym.engine import State
from mesa_gym.rendering.pygame import load_pygame
from mesa_gym.rendering.raster import render_rgb
from mesa_gym.traps import Split, Trap

TILE = 32
SPLITS = (Split.TRAIN, Split.SHIFT)
WIDTH = 2640  # of the sheet at most, unless one card alone is wider: four 9x9 traps in a row
MARGIN = 16  # around cards and what is in them
TITLE, TEXT = 30, 22  # heights of lines; letters are a little smaller
PAPER, CARD, INK = (222, 224, 228), (255, 255, 255), (34, 34, 44)
ShowState = Callable[[Trap, Split], State]


def show_start(trap: Trap, split: Split) -> State:
    """Return the start of level 0 of a split."""
    return trap.levels(split, [0])


def contact_sheet(classes: Iterable[type[Trap]], show: ShowState = show_start) -> bytes:
    """Draw a card for each trap, from left to right and top to bottom.

    A card says the trap's name, its base objective and its proxies, and shows ``train`` beside
    ``shift`` at 32 pixels a cell. The result is a PNG file.

    Args:
        classes: the traps.
        show: returns the state that is drawn, of one level.

    Raises:
        ImportError: pygame-ce, which writes the text, is not installed.
    """
    pygame = load_pygame()
    pygame.font.init()
    placed = []
    left = top = below = MARGIN
    for card in (_card(pygame, cls, show) for cls in classes):
        width, height = card.get_size()
        if left > MARGIN and left + width + MARGIN > WIDTH:
            left, top = MARGIN, below
        placed.append((card, (left, top)))
        left += width + MARGIN
        below = max(below, top + height + MARGIN)
    right = max(left + card.get_width() + MARGIN for card, (left, _) in placed)
    sheet = pygame.Surface((right, below))
    sheet.fill(PAPER)
    sheet.blits(placed)
    file = io.BytesIO()
    pygame.image.save(sheet, file, "sheet.png")
    return file.getvalue()


def pictures(
    cls: type[Trap], tile: int, show: ShowState = show_start
) -> dict[Split, NDArray[np.uint8]]:
    """Draw a state of each split of a card."""
    trap = cls()
    return {split: render_rgb(trap, show(trap, split), tile)[0] for split in SPLITS}


def _card(pygame: Any, cls: type[Trap], show: ShowState) -> Any:
    """Draw one trap's card, a pygame surface."""
    frames = pictures(cls, TILE, show)
    height, width, _ = frames[SPLITS[0]].shape
    title = pygame.font.Font(None, TITLE).render(cls.name(), True, INK)
    small = pygame.font.Font(None, TEXT)
    goals = f"base: {cls.base}    proxy: {', '.join(cls.proxies)}"
    subtitle = small.render(goals, True, INK)
    inner = max(len(SPLITS) * (width + MARGIN) - MARGIN, title.get_width(), subtitle.get_width())
    below = MARGIN + TITLE + 2 * TEXT  # where the pictures begin
    card = pygame.Surface((inner + 2 * MARGIN, below + height + MARGIN))
    card.fill(CARD)
    card.blit(title, (MARGIN, MARGIN))
    card.blit(subtitle, (MARGIN, MARGIN + TITLE))
    for k, (split, frame) in enumerate(frames.items()):
        left = MARGIN + k * (width + MARGIN)
        card.blit(small.render(split.value, True, INK), (left, MARGIN + TITLE + TEXT))
        card.blit(pygame.surfarray.make_surface(frame.swapaxes(0, 1)), (left, below))
    return card
