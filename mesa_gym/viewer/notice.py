"""A text to read, however long."""

from __future__ import annotations

from mesa_gym.viewer.buttons import Button
from mesa_gym.viewer.chooser import ENTER, corner_button
from mesa_gym.viewer.inputs import Input, Key, Press, Wheel
from mesa_gym.viewer.pen import Box, Pen
from mesa_gym.viewer.scroll import BAR, Scroll
from mesa_gym.viewer.theme import CARD, INK, RULE

PAD = 16.0
TITLE, TEXT, LINE = 26.0, 20.0, 21.0
WIDEST = 720.0
BACK = Button("Enter: back", "return")


class Notice:
    """A title and a text, which scrolls where it does not fit.

    Attributes:
        text: all of it; lines break where it says so, and where they must.
        left: whether it was closed.
    """

    def __init__(self, title: str, text: str) -> None:
        self.title, self.text, self.left = title, text, False
        self._scroll = Scroll()
        self._back: Box | None = None

    def handle(self, event: Input) -> None:
        """Take what a person did."""
        if isinstance(event, Key):
            page = self._scroll.room
            steps = {"up": 1, "down": -1, "page up": page, "page down": -page}
            if event.name in steps:
                self._scroll.handle(Wheel(steps[event.name]))
            elif event.name in (*ENTER, "escape", "?", "f1", "q"):
                self.left = True
        elif not self._scroll.handle(event) and isinstance(event, Press):
            self.left = self._back is not None and self._back.holds(event.x, event.y)

    def draw(self, pen: Pen, box: Box) -> None:
        """Draw it in the middle of a box."""
        width = min(box.width, WIDEST)
        lines = pen.lines(self.text, width - 2 * PAD - BAR - PAD / 2, TEXT)
        above = PAD + TITLE + PAD / 2
        self._scroll.fit(len(lines), int((box.height - above - PAD) / LINE))
        rows = self._scroll.rows
        height = above + len(rows) * LINE + PAD
        left, top = box.left + (box.width - width) / 2, box.top + (box.height - height) / 2
        panel = Box(left, top, width, height)
        pen.fill(panel, CARD, 6)
        pen.frame(panel, RULE, 1, 6)
        self._back = corner_button(pen, BACK, panel.right - PAD, top + PAD - 6)
        room = self._back.left - left - 2 * PAD
        pen.text(self.title, left + PAD, top + PAD - 1, TITLE, INK, width=room)
        for k, row in enumerate(rows):
            pen.text(lines[row], left + PAD, top + above + k * LINE, TEXT)
        bar = Box(panel.right - PAD - BAR, top + above, BAR, len(rows) * LINE)
        self._scroll.draw(pen, bar)
