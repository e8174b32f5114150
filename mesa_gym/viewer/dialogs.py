"""Cards that stand over a screen: lists to choose from, and texts to read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from mesa_gym.viewer.app import Input
from mesa_gym.viewer.drawing import BODY, CARD, HEADING, INK, QUIET, RULE, SMALL, Box, Painter
from mesa_gym.viewer.widgets import BUTTON, PADDING, draw_button

PAD, WIDEST, NARROW = 16.0, 860.0, 300.0  # of a card; in a narrow one the title goes first
ROW = 28.0
GROUP = 110.0  # the width of what commands are about
ENTER = ("return", "enter")
MOVES = ("up", "down", "page up", "page down", "home", "end")
BACK = "Esc: back"


class Dialog:
    """A card of rows over a screen, of which as many are shown as there is room for.

    Attributes:
        highlighted: the number of a row that is always shown.
        passes: whether the event that closed it is a command, still to be carried out.
    """

    def __init__(self, title: str, note: str = "", leave: str = BACK) -> None:
        self.title, self._note, self._leave = title, note, leave
        self.highlighted, self.passes = 0, False
        self._top, self._room, self._total = 0, 1, 0
        self._back = Box(0, 0, 0, 0)
        self._placed: dict[int, Box] = {}

    def handle(self, event: Input) -> bool:
        """Take what a person did; return whether it stays open."""
        left = event.kind == "press" and self._back.holds(event.x, event.y)
        return not (left or (event.kind, event.name) == ("key", "escape")) and self.take(event)

    def take(self, event: Input) -> bool:
        """Take what does not just leave it; return whether it stays open."""
        return True

    def draw(self, painter: Painter, box: Box) -> None:
        """Draw it in the middle of a box."""

    def _move(self, event: Input) -> bool:
        """Move the highlight, by keys or the wheel; return whether the event was such a one."""
        steps = {"up": -1, "down": 1, "page up": -self._room, "page down": self._room}
        steps |= {"home": -self._total, "end": self._total}
        by = -event.notches if event.kind == "wheel" else steps.get(event.name)
        if event.kind not in ("key", "wheel") or by is None:
            return False
        self.highlighted = max(min(self.highlighted + by, self._total - 1), 0)
        return True

    def _place(self, painter: Painter, box: Box, total: int, row: float = ROW) -> dict[int, Box]:
        """Draw the card in the middle of a box; return the rows that are shown and their boxes."""
        width = min(box.width, WIDEST)
        note = painter.lines(self._note, width - 2 * PAD, SMALL) if self._note else []
        above = PAD + HEADING + len(note) * SMALL + PAD / 2
        self._total, self._room = total, max(int((box.height - above - PAD) / row), 1)
        at = min(max(self._top, self.highlighted - self._room + 1), self.highlighted)
        self._top = max(0, min(at, total - self._room))
        rows = range(self._top, min(self._top + self._room, total))
        height = above + row * max(len(rows), 1) + PAD
        card = Box(box.middle[0] - width / 2, box.middle[1] - height / 2, width, height)
        painter.fill(card, CARD, 6)
        painter.frame(card, RULE, 1, 6)
        left, right = card.left + PAD, card.right - PAD
        if self._leave:
            wide = painter.measure(self._leave, SMALL) + 2 * PADDING
            self._back = Box(right - wide, card.top + PAD - 4, wide, BUTTON)
            draw_button(painter, self._leave, self._back)
            right = self._back.left - PADDING
        if total > self._room and width > NARROW:
            shown = f"{rows[0] + 1}-{rows[-1] + 1} of {total}"
            right -= painter.text(shown, right, card.top + PAD, SMALL, QUIET, "right") + PADDING
        painter.text(self.title, left, card.top + PAD - 4, HEADING, INK, width=right - left)
        for k, line in enumerate(note):
            painter.text(line, left, card.top + PAD + HEADING + k * SMALL, SMALL, QUIET)
        top, wide = card.top + above, width - 2 * PAD
        self._placed = {n: Box(left, top + k * row, wide, row) for k, n in enumerate(rows)}
        return self._placed


class Chooser(Dialog):
    """A list of labels, each with a detail; ``then`` gets the number of the one that is chosen."""

    row = ROW

    def __init__(
        self,
        title: str,
        entries: Iterable[tuple[str, str]],
        then: Callable[[int], None],
        note: str = "",
        leave: str = BACK,
    ) -> None:
        super().__init__(title, note, leave)
        self.entries, self._then = list(entries), then
        self._mouse: tuple[float, float] | None = None

    def take(self, event: Input) -> bool:
        """Choose, or highlight, an entry; return whether it stays open."""
        chosen = None
        if event.kind == "key" and event.name in ENTER and self.entries:
            chosen = self.highlighted
        elif event.kind == "hover" and self._mouse in (None, (event.x, event.y)):
            self._mouse = event.x, event.y  # where it was when the list appeared highlights nothing
        elif event.kind in ("press", "hover"):
            rows = self._placed.items()
            found = next((n for n, row in rows if row.holds(event.x, event.y)), None)
            self.highlighted = self.highlighted if found is None else found
            chosen = found if event.kind == "press" else None
        elif not self._move(event) and event.kind == "key" and not event.ctrl:
            self._find(event.name)
        if chosen is None:
            return True
        self.highlighted = chosen
        self._then(chosen)
        return False

    def _find(self, letter: str) -> None:
        """Highlight the next entry that begins with a letter."""
        count = len(self.entries)
        order = [(self.highlighted + step) % count for step in range(1, count + 1)]
        found = [n for n in order if self.entries[n][0].lower().startswith(letter)]
        self.highlighted = found[0] if found else self.highlighted

    def draw(self, painter: Painter, box: Box) -> None:
        """Draw it in the middle of a box."""
        for number, row in self._place(painter, box, len(self.entries), self.row).items():
            self.draw_entry(painter, row, number)

    def draw_entry(self, painter: Painter, row: Box, number: int) -> None:
        """Draw an entry in its row."""
        (label, detail), lit = self.entries[number], number == self.highlighted
        ink, quiet = (CARD, CARD) if lit else (INK, QUIET)
        if lit:
            painter.fill(row, INK, 4)
        left, right, y = row.left + 8, row.right - 8, row.top + (ROW - BODY) / 2
        # Names come first: those of folders differ at the end.
        left += painter.text(label, left, y, BODY, ink, width=right - left) + PAD
        painter.text(detail, right, y + 1, SMALL, quiet, "right", max(0.0, right - left))


class CommandList(Chooser):
    """A list of commands by what they are about; a command's own key does it there too.

    Args:
        title: of the card.
        commands: of each what it does, its key, and what it is about.
        then: as of ``Chooser``.
        note: below the title.
    """

    def __init__(
        self,
        title: str,
        commands: Sequence[tuple[str, str, str]],
        then: Callable[[int], None],
        note: str,
    ) -> None:
        super().__init__(title, [(doc, key) for doc, key, _ in commands], then, note)
        self._groups = [group for _, _, group in commands]

    def take(self, event: Input) -> bool:
        """Take a command's own key, or choose one; return whether it stays open."""
        if event.kind == "key" and event.name not in (*ENTER, *MOVES):
            self.passes = True
            return False
        return super().take(event)

    def draw_entry(self, painter: Painter, row: Box, number: int) -> None:
        """Draw a command, and what it is about beside the first of a group."""
        if number == self._top or self._groups[number] != self._groups[number - 1]:
            painter.text(self._groups[number], row.left, row.top + 6, SMALL, QUIET, width=GROUP)
            painter.fill(Box(row.left, row.top, row.width, 1), RULE)
        beside = Box(row.left + GROUP, row.top, row.width - GROUP, row.height)
        super().draw_entry(painter, beside, number)


class Notice(Dialog):
    """A title and a text to read; any command closes it and is carried out."""

    def __init__(self, title: str, text: str) -> None:
        super().__init__(title, leave="Enter: continue")
        self.text = text

    def take(self, event: Input) -> bool:
        """Scroll, or close; return whether it stays open."""
        scrolls = event.kind == "wheel" or event.name in ("up", "down", "page up", "page down")
        if scrolls and self._total > self._room:
            # The highlight is not seen: what moves is the edge of what is shown.
            forward = event.notches < 0 if event.kind == "wheel" else event.name.endswith("down")
            self.highlighted = self._top + self._room - 1 if forward else self._top
            return self._move(event)
        self.passes = event.kind == "key" and event.name not in ENTER
        return event.kind not in ("key", "press")

    def draw(self, painter: Painter, box: Box) -> None:
        """Draw it in the middle of a box."""
        lines = painter.lines(self.text, min(box.width, WIDEST) - 2 * PAD, BODY)
        for number, row in self._place(painter, box, len(lines), BODY + 3).items():
            painter.text(lines[number], row.left, row.top, BODY)
