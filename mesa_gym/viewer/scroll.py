"""A view of some rows out of many, and the bar that says so."""

from __future__ import annotations

from mesa_gym.viewer.inputs import Drag, Input, Press, Wheel
from mesa_gym.viewer.pen import Box, Pen
from mesa_gym.viewer.theme import CARD, QUIET, RULE

BAR = 12.0  # the width of a bar in points
LEAST_THUMB = 16.0


class Scroll:
    """The rows that are shown, of many.

    Attributes:
        total: how many rows there are.
        room: how many can be shown.
        top: the first that is.
    """

    def __init__(self) -> None:
        self.total, self.room, self.top = 0, 1, 0
        self._bar: Box | None = None

    def fit(self, total: int, room: int) -> None:
        """Say how many rows there are, and how many can be shown."""
        self.total, self.room = total, max(room, 1)
        self._to(self.top)

    def show(self, row: int) -> None:
        """Move no further than it takes to show a row."""
        self._to(min(max(self.top, row - self.room + 1), row))

    def within(self, row: int) -> int:
        """Return the nearest row that is shown."""
        return min(max(row, self.top), self.top + self.room - 1, max(self.total - 1, 0))

    @property
    def rows(self) -> range:
        """Return the rows that are shown."""
        return range(self.top, min(self.top + self.room, self.total))

    @property
    def more(self) -> bool:
        """Return whether there are others."""
        return self.total > self.room

    def handle(self, event: Input) -> bool:
        """Take the wheel, and the mouse on the bar; whether it was one of these."""
        if isinstance(event, Wheel):
            self._to(self.top - event.notches)
            return True
        if isinstance(event, Press | Drag) and self._bar and self._bar.holds(event.x, event.y):
            share = (event.y - self._bar.top) / self._bar.height
            self._to(round(share * self.total - self.room / 2))
            return True
        return False

    def draw(self, pen: Pen, box: Box) -> None:
        """Draw the bar if there are more rows than room."""
        self._bar = box if self.more else None
        if not self.more:
            return
        pen.fill(box, CARD, 4)
        pen.frame(box, RULE, 1, 4)
        height = max(box.height * self.room / self.total, LEAST_THUMB)
        top = box.top + (box.height - height) * self.top / (self.total - self.room)
        pen.fill(Box(box.left + 2, top + 2, box.width - 4, height - 4), QUIET, 3)

    def _to(self, top: int) -> None:
        self.top = max(min(top, self.total - self.room), 0)
