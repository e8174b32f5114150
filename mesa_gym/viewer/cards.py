"""The traps as cards to choose from: a contact sheet that fits its window."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from mesa_gym.rendering.raster import MIN_TILE
from mesa_gym.rendering.sheet import SPLITS, goals, pictures
from mesa_gym.traps import Trap
from mesa_gym.viewer.chooser import ENTER, Finder
from mesa_gym.viewer.inputs import Input, Key, Press
from mesa_gym.viewer.pen import Box, Pen, as_surface
from mesa_gym.viewer.scroll import BAR, Scroll
from mesa_gym.viewer.theme import CARD, FOCUS, INK, PAPER, QUIET

PAD, GAP = 8.0, 8.0  # in cards, and between them
TITLE, TEXT, SMALL = 22.0, 18.0, 16.0  # sizes of letters
LINES = (18.0, 15.0, 13.0)  # heights of the name, the objectives and the splits
ABOVE = PAD + sum(LINES)
LEAST_TILE = 9.0  # points; smaller ones cannot be told apart, so the sheet scrolls instead
BUDGET = 0.008  # seconds of a frame that may go into drawing levels


@dataclass(frozen=True)
class Sheet:
    """The places of cards of one size in a room.

    Attributes:
        columns, rows: of cards that are seen at once.
        width, height: of a card.
    """

    columns: int
    rows: int
    width: float
    height: float

    @property
    def picture(self) -> tuple[float, float]:
        """Return the room for each of a card's pictures, width and height."""
        wide = (self.width - 2 * PAD - GAP * (len(SPLITS) - 1)) / len(SPLITS)
        return wide, self.height - ABOVE - PAD


def arrange(width: float, height: float, cards: int, cells: float) -> Sheet:
    """Return the sheet that shows the most cards, and them the largest.

    Args:
        width: of the room, in points.
        height: of the room, in points.
        cards: how many there are.
        cells: how many a picture has on a side.
    """
    best: tuple[float, ...] = ()
    for columns in range(1, cards + 1):
        for rows in range(1, -(-cards // columns) + 1):
            card = (width + GAP) / columns - GAP, (height + GAP) / rows - GAP
            sheet = Sheet(columns, rows, *card)
            tile = min(sheet.picture) / cells
            seen = min(cards, columns * rows) if tile >= LEAST_TILE else 0
            if (seen, tile) > best[:2]:
                best, chosen = (seen, tile), sheet
    return chosen


class Cards:
    """All traps, one of them highlighted.

    Attributes:
        traps: their classes.
        highlighted: the number of the trap that Enter chooses.
        chosen: the number of the one that was chosen.
        left: whether they were left with nothing chosen.
        ready: whether all pictures have been drawn; a frame draws as many as it has time for.
    """

    def __init__(self, traps: Sequence[type[Trap]]) -> None:
        self.traps = list(traps)
        self.highlighted = 0
        self.chosen: int | None = None
        self.left = self.ready = False
        self.sheet = Sheet(1, 1, 0, 0)
        self._cells = median(max(trap.default_size) for trap in self.traps)
        self._scroll = Scroll()
        self._finder = Finder()
        self._boxes: dict[int, Box] = {}
        self._drawn: dict[int, tuple[tuple[int, int], list[Any] | str]] = {}

    def handle(self, event: Input) -> None:
        """Take what a person did."""
        columns = self.sheet.columns
        if isinstance(event, Key):
            self._key(event)
        elif self._scroll.handle(event):
            # Or else Enter would choose what is out of sight.
            row, column = divmod(self.highlighted, columns)
            row = self._scroll.within(row)
            self.highlighted = min(row * columns + column, len(self.traps) - 1)
        elif isinstance(event, Press) and event.button == 1:
            for index, box in self._boxes.items():
                if box.holds(event.x, event.y):
                    self.highlighted = self.chosen = index

    def update(self, seconds: float) -> None:
        """Let time pass: letters that were typed a while ago are forgotten."""
        self._finder.update(seconds)

    def _key(self, key: Key) -> None:
        last, row = len(self.traps) - 1, self.sheet.columns
        page = row * self.sheet.rows
        steps = {"left": -1, "right": 1, "up": -row, "down": row, "page up": -page}
        steps |= {"page down": page, "home": -last, "end": last}
        found = self._finder.find(key, [trap.name() for trap in self.traps], self.highlighted)
        if found is not None:  # even if it begins with a q
            self.highlighted = found
        elif key.name in ("escape", "q"):
            self.left = True
        elif key.name in ENTER:
            self.chosen = self.highlighted
        elif key.name in steps:
            to = min(max(self.highlighted + steps[key.name], 0), last)
            if key.name not in ("up", "down") or to // row != self.highlighted // row:
                self.highlighted = to

    @property
    def seen(self) -> str:
        """Return which of the cards are on the sheet; "" if all are."""
        numbers = sorted(self._boxes)
        return (
            f"{numbers[0] + 1}-{numbers[-1] + 1} of {len(self.traps)}" if self._scroll.more else ""
        )

    def draw(self, pen: Pen, box: Box) -> None:
        """Draw the rows of cards that a box has room for, and a bar to its right."""
        deadline = time.perf_counter() + BUDGET
        sheet = self.sheet = arrange(box.width, box.height, len(self.traps), self._cells)
        self._scroll.fit(-(-len(self.traps) // sheet.columns), sheet.rows)
        self._scroll.show(self.highlighted // sheet.columns)
        self._boxes = {}
        for k, row in enumerate(self._scroll.rows):
            for column in range(sheet.columns):
                if (index := row * sheet.columns + column) < len(self.traps):
                    left = box.left + column * (sheet.width + GAP)
                    top = box.top + k * (sheet.height + GAP)
                    self._boxes[index] = Box(left, top, sheet.width, sheet.height)
        for index, card in self._boxes.items():
            self._card(pen, index, card, deadline)
        # Last those that scrolling will bring.
        made = [self._pictures(pen, index, deadline) for index in range(len(self.traps))]
        self.ready = all(pictures is not None for pictures in made)
        self._scroll.draw(pen, Box(box.right + 2, box.top, BAR, box.height))

    def _card(self, pen: Pen, index: int, card: Box, deadline: float) -> None:
        trap = self.traps[index]
        pen.fill(card, CARD)
        if index == self.highlighted:
            pen.frame(card, FOCUS, 3)
        left, room = card.left + PAD, card.width - 2 * PAD
        top = card.top + PAD
        pen.text(trap.name(), left, top, TITLE, INK, width=room)
        size = TEXT if pen.measure(goals(trap), TEXT) <= room else SMALL
        pen.text(goals(trap), left, top + LINES[0], size, QUIET, width=room)
        made = self._pictures(pen, index, deadline)
        below = Box(left, card.top + ABOVE, room, card.bottom - PAD - card.top - ABOVE)
        if isinstance(made, str):
            pen.wrapped(made, below, TEXT)
            return
        width, height = self.sheet.picture
        for k, split in enumerate(SPLITS):
            pen.text(split.value, left, top + LINES[0] + LINES[1], SMALL, QUIET)
            if made is None:
                pen.fill(Box(left, below.top, width, min(width, height)), PAPER)
                left += width + GAP
            else:
                pen.picture(made[k], left, below.top)
                left += made[k].get_width() / pen.scale + GAP

    def _pictures(self, pen: Pen, index: int, deadline: float) -> list[Any] | str | None:
        """Return a card's pictures, or why there are none; None until they are drawn."""
        room = int(self.sheet.picture[0] * pen.scale), int(self.sheet.picture[1] * pen.scale)
        before, made = self._drawn.get(index, (None, None))
        if before == room:
            return made
        if time.perf_counter() > deadline:
            return None
        # A trap from elsewhere may raise anything; others are still good.
        try:
            made = _draw(pen, self.traps[index], room)
        except Exception as error:
            made = f"cannot be drawn: {type(error).__name__}: {error}"
        self._drawn[index] = room, made
        return made


def _draw(pen: Pen, trap: type[Trap], room: tuple[int, int]) -> list[Any]:
    """Draw a card's pictures as surfaces, none of them larger than ``room``."""
    height, width = trap.default_size
    tile = max(min(room[0] // width, room[1] // height), MIN_TILE)
    surfaces = [as_surface(pen.pygame, picture) for picture in pictures(trap, tile).values()]
    share = min(room[0] / (width * tile), room[1] / (height * tile), 1.0)
    if share == 1.0:
        return surfaces
    size = int(width * tile * share), int(height * tile * share)
    return [pen.pygame.transform.smoothscale(surface, size) for surface in surfaces]
