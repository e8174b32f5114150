"""Parts that screens are made of: buttons, tooltips, and what stands over a screen."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence

from mesa_gym.viewer.app import Input
from mesa_gym.viewer.drawing import BODY, CARD, HEADING, INK, QUIET, RULE, SMALL, Box, Painter

PAD, WIDEST, NARROW = 16.0, 860.0, 300.0  # of dialogs; in a narrow one the title goes first
BUTTON, PADDING, GAP = 24.0, 8.0, 5.0  # of buttons: height, beside the letters, between two
ROW = 28.0
GROUP = 110.0  # the width of what commands are about
ENTER = ("return", "enter")
MOVES = ("up", "down", "page up", "page down", "home", "end")
BACK = "Esc: back"
TIP = 300.0  # the width of a tooltip at most


def flow(
    widths: Iterable[float], room: float, high: float, across: float, down: float
) -> list[Box]:
    """Place boxes from left to right, in as many rows as they need, from a corner at 0, 0.

    Args:
        widths: of the boxes.
        room: the width of a row.
        high: the height of a box.
        across: between two in a row.
        down: between two rows.
    """
    placed, x, y = [], 0.0, 0.0
    for wide in widths:
        if x and x + wide > room + 0.5:
            x, y = 0.0, y + high + down
        placed.append(Box(x, y, wide, high))
        x += wide + across
    return placed


def place_buttons(
    painter: Painter, labels: Sequence[str], room: float, rows: int, more: str
) -> dict[str, Box]:
    """Place buttons in rows; where they do not all fit, ``more`` stands for those that do not."""
    kept, shown = list(labels), list(labels)
    while True:
        widths = [painter.measure(label, SMALL) + 2 * PADDING for label in shown]
        placed = flow(widths, room, BUTTON, GAP, GAP)
        if placed[-1].top < rows * (BUTTON + GAP) or not kept:
            return dict(zip(shown, placed, strict=True))
        kept.pop()
        shown = [*kept, more]


def draw_button(painter: Painter, label: str, box: Box) -> None:
    """Draw a button."""
    painter.fill(box, CARD, 4)
    painter.frame(box, QUIET, 1, 4)
    y = box.top + (box.height - SMALL) / 2
    painter.text(label, box.middle[0], y, SMALL, INK, "middle", box.width)


class Tips:
    """Words that are explained where the mouse rests on them."""

    def __init__(self) -> None:
        self._tips: list[tuple[Box, str]] = []
        self._at: tuple[float, float] | None = None

    def clear(self) -> None:
        """Forget all, before everything is drawn again."""
        self._tips = []

    def add(self, box: Box, text: str, scale: float = 1.0) -> None:
        """Explain what is in a box, which is given in points that are so many of the window's."""
        sides = (side * scale for side in (box.left, box.top, box.width, box.height))
        self._tips.append((Box(*sides), text))

    def move(self, x: float, y: float) -> bool:
        """Move the mouse; return whether another tip is to be shown than before."""
        before, self._at = self._find_tip(), (x, y)
        return self._find_tip() != before

    def _find_tip(self) -> tuple[Box, str] | None:
        at = self._at
        return at and next((tip for tip in reversed(self._tips) if tip[0].holds(*at)), None)

    def draw(self, painter: Painter) -> None:
        """Draw the tip of what the mouse is on, beside it and within the window."""
        if (found := self._find_tip()) is None:
            return
        (anchor, text), (width, height) = found, painter.size
        lines = painter.lines(text, TIP, SMALL)
        wide = max(painter.measure(line, SMALL) for line in lines) + 2 * PADDING
        high = len(lines) * SMALL + PADDING
        top = anchor.bottom + 4 if anchor.bottom + high + 8 < height else anchor.top - high - 4
        box = Box(max(4.0, min(anchor.left, width - wide - 4)), max(4.0, top), wide, high)
        painter.fill(box, INK, 4)
        for k, line in enumerate(lines):
            y = box.top + PADDING / 2 + k * SMALL
            painter.text(line, box.left + PADDING, y, SMALL, CARD)


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
        return not (left or (event.kind, event.name) == ("key", "escape")) and self._take(event)

    def _take(self, event: Input) -> bool:
        """Take what does not just leave it; return whether it stays open."""
        return True

    def draw(self, painter: Painter, box: Box) -> None:
        """Draw it in the middle of a box."""

    def _move(self, event: Input) -> bool:
        """Move the highlight, by keys or the wheel; return whether the event was such a one."""
        steps = {"up": -1, "down": 1, "page up": -self._room, "page down": self._room}
        steps |= {"home": -self._total, "end": self._total}
        by = -event.button if event.kind == "wheel" else steps.get(event.name)
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

    def _take(self, event: Input) -> bool:
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
            self._draw_entry(painter, row, number)

    def _draw_entry(self, painter: Painter, row: Box, number: int) -> None:
        (label, detail), lit = self.entries[number], number == self.highlighted
        ink, quiet = (CARD, CARD) if lit else (INK, QUIET)
        if lit:
            painter.fill(row, INK, 4)
        left, right, y = row.left + 8, row.right - 8, row.top + (ROW - BODY) / 2
        if detail:
            room = (right - left) * 0.55
            right -= painter.text(detail, right, y + 1, SMALL, quiet, "right", room) + PAD
        painter.text(_shorten_middle(painter, label, right - left), left, y, BODY, ink)


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

    def _take(self, event: Input) -> bool:
        if event.kind == "key" and event.name not in (*ENTER, *MOVES):
            self.passes = True
            return False
        return super()._take(event)

    def _draw_entry(self, painter: Painter, row: Box, number: int) -> None:
        if number == self._top or self._groups[number] != self._groups[number - 1]:
            painter.text(self._groups[number], row.left, row.top + 6, SMALL, QUIET, width=GROUP)
            painter.fill(Box(row.left, row.top, row.width, 1), RULE)
        beside = Box(row.left + GROUP, row.top, row.width - GROUP, row.height)
        super()._draw_entry(painter, beside, number)


class Notice(Dialog):
    """A title and a text to read; any command closes it and is carried out."""

    def __init__(self, title: str, text: str) -> None:
        super().__init__(title, leave="Enter: continue")
        self.text = text

    def _take(self, event: Input) -> bool:
        scrolls = event.kind == "wheel" or event.name in ("up", "down", "page up", "page down")
        if scrolls and self._total > self._room:
            # The highlight is not seen: what moves is the edge of what is shown.
            forward = event.button < 0 if event.kind == "wheel" else event.name.endswith("down")
            self.highlighted = self._top + self._room - 1 if forward else self._top
            return self._move(event)
        self.passes = event.kind == "key" and event.name not in ENTER
        return event.kind not in ("key", "press")

    def draw(self, painter: Painter, box: Box) -> None:
        """Draw it in the middle of a box."""
        lines = painter.lines(self.text, min(box.width, WIDEST) - 2 * PAD, BODY)
        for number, row in self._place(painter, box, len(lines), BODY + 3).items():
            painter.text(lines[number], row.left, row.top, BODY)


def _shorten_middle(painter: Painter, text: str, width: float) -> str:
    """Leave out the middle of a text that is too long, as paths differ at the end."""

    def without(letters: int) -> str:
        middle = (len(text) - letters) // 3
        return f"{text[:middle]}...{text[middle + letters :]}" if letters else text

    def fits(letters: int) -> bool:
        return painter.measure(without(letters), BODY) <= width

    return without(bisect_left(range(len(text)), True, key=fits))
