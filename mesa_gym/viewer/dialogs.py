"""A dialog over a screen: a text, and a table below it."""

from __future__ import annotations

from collections.abc import Sequence

from mesa_gym.viewer.app import Input
from mesa_gym.viewer.painter import BODY, HEADING, QUIET, RULE, SHEET, SMALL, TEXT, Box, Painter

# Of a card; of the table's first column.
PAD = 16.0
WIDEST = 760.0
KEY_ROW = BODY + 3
KEYS = 96.0
ENTER = ("return", "enter")
CLOSES, SCROLLS = "any key: continue", "Up, Down: {} to {} of {}"


class Notice:
    """A title, a text and a table; any command closes it and is carried out.

    Args:
        title: of the card.
        text: is broken into lines.
        rows: of the table, a key and what it does.

    Attributes:
        text: the same.
        passes: whether the event that closed it is a command, still to be carried out.
    """

    def __init__(self, title: str, text: str, rows: Sequence[tuple[str, str]] = ()) -> None:
        self._title, self.text, self._rows = title, text, rows
        self.passes = False
        self._top, self._room, self._total = 0, 1, 0

    def handle(self, event: Input) -> bool:
        """Scroll a long dialog, or close it; return whether it stays open."""
        steps = {"up": -1, "down": 1, "page up": -self._room, "page down": self._room}
        by = -event.notches if event.kind == "wheel" else steps.get(event.name, 0)
        if by and self._total > self._room:
            self._top += by
            return True
        self.passes = event.kind == "key" and event.name not in (*ENTER, "escape")
        return event.kind not in ("key", "press")

    def draw(self, painter: Painter, box: Box) -> None:
        """Draw the dialog in the middle of ``box``, with as many lines as fit."""
        width, above = min(box.width, WIDEST), PAD + HEADING + PAD / 2
        lines = [("", line) for line in painter.lines(self.text, width - 2 * PAD, BODY)]
        lines += self._rows
        self._total, self._room = len(lines), max(int((box.height - above - PAD) / KEY_ROW), 1)
        self._top = max(0, min(self._top, self._total - self._room))
        visible_lines = lines[self._top : self._top + self._room]
        height = above + KEY_ROW * len(visible_lines) + PAD
        card = Box(box.middle[0] - width / 2, box.middle[1] - height / 2, width, height)
        painter.fill(card, SHEET, 6)
        painter.frame(card, RULE, 1, 6)
        left, right = card.left + PAD, card.right - PAD
        last = self._top + len(visible_lines)
        hint = (
            SCROLLS.format(self._top + 1, last, self._total) if visible_lines != lines else CLOSES
        )
        wide = painter.text(hint, right, card.top + PAD, SMALL, QUIET, "right")
        room = right - left - wide - PAD
        painter.text(self._title, left, card.top + PAD - 4, HEADING, TEXT, width=room)
        for number, (key, line) in enumerate(visible_lines):
            y, x = card.top + above + number * KEY_ROW, left + (KEYS if key else 0.0)
            painter.text(key, left, y, BODY, QUIET)
            painter.text(line, x, y, BODY, width=right - x)
