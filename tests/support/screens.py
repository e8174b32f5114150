"""For tests of the start screen: what it begins, and what is on it."""

from __future__ import annotations

from typing import Any

import numpy as np
from desk import Desk
from numpy.typing import NDArray

from mesa_gym.rendering import render_rgb
from mesa_gym.traps import Split, all_traps
from mesa_gym.viewer.start import StartScreen
from mesa_gym.viewer.theme import FOCUS

NAMES = list(all_traps())


def places(part: NDArray[np.uint8], whole: NDArray[np.uint8]) -> list[tuple[int, int]]:
    """The columns and rows at which a picture stands in another."""
    height, width, _ = part.shape
    found, first = [], np.ascontiguousarray(part[0]).tobytes()
    for y in range(len(whole) - height + 1):
        row, x = np.ascontiguousarray(whole[y]).tobytes(), -1
        while (x := row.find(first, x + 1)) >= 0:
            left = x // 3
            if x % 3 == 0 and (whole[y : y + height, left : left + width] == part).all():
                found.append((left, y))
    return found


class Next:
    """The screen that comes after."""

    def handle(self, event: object) -> None:
        """Leave."""

    def update(self, seconds: float) -> None:
        """Wait."""

    def draw(self, pen: object) -> None:
        """Nothing."""


class Begun:
    """Keeps what was begun; fails as often as it has errors to raise."""

    def __init__(self, *errors: Exception) -> None:
        self.calls: list[tuple[str, str]] = []
        self.errors = list(errors)

    def __call__(self, trap: str, policy: str) -> Any:
        self.calls.append((trap, policy))
        if self.errors:
            raise self.errors.pop(0)
        return Next()


def settled(desk: Desk, screen: StartScreen) -> np.ndarray:
    """The window once all cards have been drawn."""
    for _ in range(500):
        if screen.cards.ready:
            break
        desk.frame()
    return desk.pixels


def picture(name: str, split: Split, room: tuple[float, float], scale: float = 1.0) -> np.ndarray:
    """Level 0, as large as whole pixels a cell allow."""
    trap = all_traps()[name]()
    height, width = trap.size
    tile = min(int(room[0] * scale) // width, int(room[1] * scale) // height)
    return render_rgb(trap, trap.levels(split, [0]), tile)[0]


def place(desk: Desk, screen: StartScreen, name: str) -> tuple[int, int]:
    """Where a trap's picture of train is."""
    drawn = picture(name, Split.TRAIN, screen.cards.sheet.picture, desk.scale)
    (found,) = places(drawn, settled(desk, screen))
    return found


def lit(pixels: np.ndarray) -> tuple[int, int, int, int]:
    """The edges of the highlighted card: left, top, right, bottom."""
    ink = (pixels == FOCUS).all(axis=-1)
    columns = (ink.sum(axis=0) > 140).nonzero()[0]
    rows = ink[:, columns].all(axis=1).nonzero()[0]
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def row(desk: Desk) -> tuple[int, int]:
    """The highlighted row of the list."""
    rows = ((desk.pixels == FOCUS).all(axis=-1).mean(axis=1) > 0.3).nonzero()[0]
    return int(rows[0]), int(rows[-1])
