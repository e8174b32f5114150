"""A list to choose from, by keys or by mouse."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

from mesa_gym.viewer import buttons
from mesa_gym.viewer.buttons import Button
from mesa_gym.viewer.inputs import Input, Key, Press
from mesa_gym.viewer.pen import Box, Pen
from mesa_gym.viewer.scroll import BAR, Scroll
from mesa_gym.viewer.theme import CARD, FOCUS, INK, QUIET, RULE

PAD = 16.0
TITLE, TEXT, SMALL = 26.0, 20.0, 18.0  # sizes of letters
ROW = 28.0
WIDEST = 820.0
BACK = Button("Esc: back", "escape")
BUTTON = 26.0  # the height of one
ENTER = ("return", "enter")
FORGET = 1.0  # seconds after which letters begin another name


@dataclass(frozen=True)
class Entry:
    """An entry to choose: its name, and what else is worth saying."""

    label: str
    detail: str = ""


class Finder:
    """A finder of names by the first letters that are typed."""

    def __init__(self) -> None:
        self._typed = ""
        self._age = 0.0

    def update(self, seconds: float) -> None:
        """Let time pass."""
        self._age += seconds

    def find(self, key: Key, names: Sequence[str], at: int) -> int | None:
        """Return the name that a letter leads to: one that begins with all that was just typed.

        The same letter again leads to the next name of those.

        Args:
            key: any key; one that writes nothing ends what was typed.
            names: where to look; upper and lower case are the same.
            at: the name from which to go on.
        """
        letter = " " if key.name == "space" else key.name
        before = self._typed if self._age < FORGET else ""
        self._typed, self._age = "", 0.0
        if key.ctrl or len(letter) != 1:
            return None
        tries = [(before + letter, at)] if before else []
        for typed, first in [*tries, (letter, at + 1)]:
            for step in range(len(names)):
                index = (first + step) % len(names)
                if names[index].lower().startswith(typed):
                    self._typed = typed
                    return index
        return None


class Chooser:
    """A list with one entry highlighted.

    Attributes:
        entries: what there is to choose from.
        highlighted: the number of the entry that Enter chooses.
        chosen: the number of the one that was chosen.
        left: whether it was left with nothing chosen.
    """

    def __init__(self, title: str, entries: Sequence[Entry], note: str = "") -> None:
        """Make a list with its first entry highlighted.

        Args:
            title: one line above it.
            entries: what there is to choose from.
            note: what else to say above it, in as many lines as that takes.
        """
        self.title, self.entries, self.note = title, list(entries), note
        self.highlighted = 0
        self.chosen: int | None = None
        self.left = False
        self._scroll = Scroll()
        self._finder = Finder()
        self._rows: dict[int, Box] = {}
        self._back: Box | None = None

    def handle(self, event: Input) -> None:
        """Take what a person did."""
        if isinstance(event, Key):
            self._key(event)
        elif self._scroll.handle(event):
            # Or else Enter would choose what is out of sight.
            self.highlighted = self._scroll.within(self.highlighted)
        elif isinstance(event, Press) and event.button == 1:
            self._press(event)

    def update(self, seconds: float) -> None:
        """Let time pass: letters that were typed a while ago are forgotten."""
        self._finder.update(seconds)

    def _key(self, key: Key) -> None:
        last, page = len(self.entries) - 1, self._scroll.room
        steps = {"up": -1, "down": 1, "page up": -page, "page down": page, "home": -last - 1}
        found = self._finder.find(key, [entry.label for entry in self.entries], self.highlighted)
        if found is not None:
            self.highlighted = found
        elif key.name == "escape":
            self.left = True
        elif key.name in ENTER and self.entries:
            self.chosen = self.highlighted
        elif key.name in steps or key.name == "end":
            to = self.highlighted + steps.get(key.name, last + 1)
            self.highlighted = min(max(to, 0), max(last, 0))

    def _press(self, press: Press) -> None:
        if self._back is not None and self._back.holds(press.x, press.y):
            self.left = True
        for index, row in self._rows.items():
            if row.holds(press.x, press.y):
                self.highlighted = self.chosen = index

    def draw(self, pen: Pen, box: Box) -> None:
        """Draw it in the middle of a box, as large as it needs to be."""
        width = min(box.width, WIDEST)
        notes = pen.lines(self.note, width - 2 * PAD, SMALL) if self.note else []
        above = PAD + TITLE + len(notes) * SMALL + PAD / 2
        most = max(int((box.height - above - PAD) / ROW), 1)
        self._scroll.fit(len(self.entries), most)
        self._scroll.show(self.highlighted)
        shown = self._scroll.rows
        height = above + ROW * max(len(shown), 1) + PAD
        left, top = box.left + (box.width - width) / 2, box.top + (box.height - height) / 2
        panel = Box(left, top, width, height)
        pen.fill(panel, CARD, 6)
        pen.frame(panel, RULE, 1, 6)
        self._head(pen, panel, notes)
        bar = BAR + PAD / 2 if self._scroll.more else 0.0
        room = panel.width - 2 * PAD - bar
        self._rows = {
            index: Box(panel.left + PAD, panel.top + above + k * ROW, room, ROW)
            for k, index in enumerate(shown)
        }
        for index, row in self._rows.items():
            self._row(pen, row, index)
        rows = Box(panel.right - PAD - BAR, panel.top + above, BAR, ROW * len(shown))
        self._scroll.draw(pen, rows)

    def _head(self, pen: Pen, panel: Box, notes: Sequence[str]) -> None:
        left, top = panel.left + PAD, panel.top + PAD
        self._back = corner_button(pen, BACK, panel.right - PAD, top - 6)
        right = self._back.left - PAD / 2
        if self._scroll.more:
            rows = self._scroll.rows
            which = f"{rows[0] + 1}-{rows[-1] + 1} of {len(self.entries)}"
            right -= PAD / 2 + pen.text(which, right, top, SMALL, QUIET, "right")
        pen.text(self.title, left, top - 1, TITLE, INK, width=right - left)
        for k, line in enumerate(notes):
            pen.text(line, left, top + TITLE + k * SMALL, SMALL, QUIET)

    def _row(self, pen: Pen, row: Box, index: int) -> None:
        entry, lit = self.entries[index], index == self.highlighted
        ink, quiet = (CARD, CARD) if lit else (INK, QUIET)
        if lit:
            pen.fill(row, FOCUS, 4)
        left, right, y = row.left + 8, row.right - 8, row.top + (ROW - TEXT * 0.7) / 2
        if entry.detail:
            room = (right - left) / 2
            right -= pen.text(entry.detail, right, y + 1, SMALL, quiet, "right", room) + PAD
        pen.text(_shortened(pen, entry.label, right - left), left, y, TEXT, ink)


def corner_button(pen: Pen, button: Button, right: float, top: float) -> Box:
    """Draw a button whose upper right corner is at a point; returns where it is."""
    wide = pen.measure(button.label, buttons.TEXT) + 2 * buttons.PADDING
    box = Box(right - wide, top, wide, BUTTON)
    buttons.draw(pen, [(button, box)])
    return box


def _shortened(pen: Pen, text: str, width: float) -> str:
    """Leave out the middle of a text that is too long, as paths differ at the end."""

    def without(letters: int) -> str:
        middle = (len(text) - letters) // 3
        return f"{text[:middle]}...{text[middle + letters :]}" if letters else text

    def fits(letters: int) -> bool:
        return pen.measure(without(letters), TEXT) <= width

    return without(bisect_left(range(len(text)), True, key=fits))
