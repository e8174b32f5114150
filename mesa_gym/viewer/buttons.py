"""Buttons for the mouse: each does what its key does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mesa_gym.viewer.pen import Box, Pen
from mesa_gym.viewer.theme import CARD, INK, QUIET

TEXT = 15.0
PADDING, BETWEEN = 8.0, 5.0


@dataclass(frozen=True)
class Button:
    """A label, and the key that does the same."""

    label: str
    key: str


def place(pen: Pen, buttons: Sequence[Button], box: Box) -> list[tuple[Button, Box]]:
    """Put buttons side by side; those for which there is no room are left to the keyboard."""
    placed, x = [], box.left
    for button in buttons:
        wide = pen.measure(button.label, TEXT) + 2 * PADDING
        if x + wide > box.right + 0.5:
            break
        placed.append((button, Box(x, box.top, wide, box.height)))
        x += wide + BETWEEN
    return placed


def draw(pen: Pen, placed: Sequence[tuple[Button, Box]]) -> None:
    """Draw buttons where they are."""
    for button, box in placed:
        pen.fill(box, CARD, 4)
        pen.frame(box, QUIET, 1, 4)
        middle = box.left + box.width / 2
        pen.text(button.label, middle, box.top + (box.height - TEXT) / 2 + 1, TEXT, INK, "middle")
