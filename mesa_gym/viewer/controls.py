"""Controls: the legend of overlays, the track of the episode, buttons, and tooltips."""

from __future__ import annotations

from collections.abc import Iterable

from mesa_gym.viewer.overlays import Overlay
from mesa_gym.viewer.painter import QUIET, RULE, SHEET, SMALL, TEXT, Box, Painter
from mesa_gym.viewer.playback import Session

# Sizes of the legend.
LEGEND_LINE = 22.0
CAP = 17.0
SWATCH = 18.0
LEGEND_GAP = 14.0
# Sizes of the track, with a row of marks for each pane.
TRACK_ROW = 21.0
TRACK = 8.0
SIDE = 10.0
DIGIT = 14.0
# Sizes of buttons: height, space beside the label, gap between two buttons.
BUTTON = 24.0
PADDING = 8.0
GAP = 5.0
TIP = 300.0  # the maximum width of a tooltip


def flow(
    widths: Iterable[float], room: float, high: float, across: float, down: float
) -> list[Box]:
    """Place boxes from left to right, in as many rows of width ``room`` as needed, from (0, 0).

    The boxes are ``high`` points high, with gaps ``across`` in a row and ``down`` between rows.
    """
    placed, x, y = [], 0.0, 0.0
    for wide in widths:
        if x and x + wide > room + 0.5:
            x, y = 0.0, y + high + down
        placed.append(Box(x, y, wide, high))
        x += wide + across
    return placed


def place_buttons(painter: Painter, labels: Iterable[str], room: float) -> dict[str, Box]:
    """Return a box for each button, in rows of width ``room`` from (0, 0) on."""
    widths = {label: painter.measure(label, SMALL) + 2 * PADDING for label in labels}
    return dict(zip(widths, flow(widths.values(), room, BUTTON, GAP, GAP), strict=True))


def draw_button(painter: Painter, label: str, box: Box) -> None:
    """Draw a button."""
    painter.fill(box, SHEET, 4)
    painter.frame(box, QUIET, 1, 4)
    y = box.top + (box.height - SMALL) / 2
    painter.text(label, box.middle[0], y, SMALL, TEXT, "middle", box.width)


class Tips:
    """Tooltips: each is shown while the mouse is over its box."""

    def __init__(self) -> None:
        self._tips: list[tuple[Box, str, Box]] = []
        self._at: tuple[float, float] | None = None

    def clear(self) -> None:
        """Remove all tips, before a new frame is drawn."""
        self._tips = []

    def add(self, box: Box, text: str, kept: Box, scale: float = 1.0) -> None:
        """Add a tip for ``box``, whose unit of length is ``scale`` points of the window.

        The tip is drawn outside the box ``kept``, which stays readable.
        """
        sides = (side * scale for side in (box.left, box.top, box.width, box.height))
        self._tips.append((Box(*sides), text, kept))

    def move(self, x: float, y: float) -> bool:
        """Store the mouse's position; return whether the tip to show changes."""
        before, self._at = self._find_tip(), (x, y)
        return self._find_tip() != before

    def _find_tip(self) -> tuple[Box, str, Box] | None:
        at = self._at
        return at and next((tip for tip in reversed(self._tips) if tip[0].contains(*at)), None)

    def draw(self, painter: Painter) -> None:
        """Draw the tip of the box under the mouse, without covering ``kept``."""
        if (tip := self._find_tip()) is None:
            return
        (anchor, text, kept), (width, height) = tip, painter.size
        lines = painter.lines(text, TIP, SMALL)
        wide = max(painter.measure(line, SMALL) for line in lines) + 2 * PADDING
        high = len(lines) * SMALL + PADDING
        left, top = kept.left - wide - 4, max(4.0, min(anchor.top, height - high - 4))
        if left < 4:
            left = max(4.0, min(anchor.left, width - wide - 4))
            top = kept.top - high - 4 if kept.top > high + 8 else kept.bottom + 4
        box = Box(left, top, wide, high)
        painter.fill(box, TEXT, 4)
        for k, line in enumerate(lines):
            y = box.top + PADDING / 2 + k * SMALL
            painter.text(line, box.left + PADDING, y, SMALL, SHEET)


class Legend:
    """The legend: every overlay with its key and appearance, in as many rows as needed.

    ``only_shown`` leaves out the keys and the overlays that are off.
    """

    def __init__(
        self, painter: Painter, session: Session, room: float, only_shown: bool = False
    ) -> None:
        self._shown, self._cap = session.shown, 0.0 if only_shown else CAP + 4
        there = session.overlays.values()
        overlays = [o for o in there if not only_shown or o.name in self._shown]
        widths = [self._cap + SWATCH + 4 + painter.measure(o.label, SMALL) for o in overlays]
        self._placed = list(
            zip(overlays, flow(widths, room, LEGEND_LINE, LEGEND_GAP, 0), strict=True)
        )
        self.height = self._placed[-1][1].bottom if overlays else 0.0

    def at(self, x: float, y: float) -> Overlay | None:
        """Return the overlay at a point in the legend's coordinates; None if there is no entry."""
        return next((overlay for overlay, box in self._placed if box.contains(x, y)), None)

    def draw(self, painter: Painter, place: Box, tips: Tips) -> None:
        """Draw the legend at the upper left corner of ``place``."""
        for overlay, placed in self._placed:
            on, box = overlay.name in self._shown, placed.within(place)
            x, y = box.left, box.top
            tips.add(box, overlay.doc, place)
            if self._cap:
                painter.fill(Box(x, y + 2, CAP, CAP), TEXT if on else SHEET, 3)
                painter.frame(Box(x, y + 2, CAP, CAP), TEXT if on else QUIET, 1, 3)
                tone = SHEET if on else TEXT
                painter.text(overlay.key, x + CAP / 2, y + 3, SMALL, tone, "middle")
            x += self._cap
            overlay.draw_swatch(painter, x + SWATCH / 2, y + 2 + CAP / 2)
            painter.text(overlay.label, x + SWATCH + 4, y + 3, SMALL, TEXT if on else QUIET)


class Scrubber:
    """One track of time for all panes, below a row of payment marks for each pane."""

    def __init__(self, session: Session, box: Box) -> None:
        self._session, self._box = session, box
        self._start = box.left + SIDE + (20.0 if len(session.panes) > 1 else 0.0)
        self._room = box.right - SIDE - self._start
        # An unfinished episode may still reach its time limit.
        growing = [pane.line.limit for pane in session.panes if not pane.line.over]
        self._span = max(1, session.clock.length, *growing)

    @staticmethod
    def height(session: Session) -> float:
        """Return the height of the scrubber, which has a row for each pane."""
        return TRACK_ROW * len(session.panes) + TRACK + DIGIT + 4

    def time_at(self, x: float) -> int:
        """Return the step at the horizontal position ``x`` on the track."""
        return round(min(max((x - self._start) / self._room, 0.0), 1.0) * self._span)

    def _place_of(self, t: float) -> float:
        return self._start + self._room * t / self._span

    def draw(self, painter: Painter) -> None:
        """Draw the rows of payment marks, the track, and the number of the step on screen."""
        session, box, panes = self._session, self._box, self._session.panes
        painter.fill(box, SHEET, 6)
        top, end = box.top + TRACK_ROW * len(panes), box.right - SIDE
        done = self._place_of(session.clock.cursor)
        painter.fill(Box(self._start, top, self._room, TRACK), RULE, 3)
        painter.fill(Box(self._start, top, done - self._start, TRACK), QUIET, 3)
        for row, pane in enumerate(panes):
            middle = box.top + TRACK_ROW * row + TRACK_ROW / 2
            if len(panes) > 1:
                tone = TEXT if row == session.focus else QUIET
                painter.text(f"{row + 1}", box.left + SIDE, middle - DIGIT / 2, DIGIT, tone)
            for t, step in enumerate(pane.line.steps, start=1):
                _draw_marks(painter, [*step.paid.values()], self._place_of(t), middle)
            if pane.line.over:
                # Draw the end beside the marks of the last step, not across them.
                margin = 7 if any(any(last.paid.values()) for last in pane.line.steps[-1:]) else 0
                x = self._place_of(len(pane.line)) + margin - 1
                painter.fill(Box(x, middle - 8, 2, 16), TEXT)
        painter.disc(done, top + TRACK / 2, 8, SHEET)
        painter.disc(done, top + TRACK / 2, 7, TEXT)
        below = top + TRACK + 4
        painter.text("0", self._start, below, DIGIT, QUIET)
        painter.text(f"{self._span}", end, below, DIGIT, QUIET, "right")
        if self._start + 24 < done < end - 36:
            painter.text(f"{session.clock.cursor}", done, below, DIGIT, TEXT, "middle")


def _draw_marks(painter: Painter, rewards: list[float], x: float, middle: float) -> None:
    """Mark the payments of one step: one mark per objective, stacked if several are paid."""
    marked = [number for number, pay in enumerate(rewards) if pay]
    size = 5.0 if len(marked) == 1 else min(3.5, TRACK_ROW / 2 / max(1, len(marked)))
    for place, number in enumerate(marked):
        down = 2.15 * size * (place - (len(marked) - 1) / 2)
        # A cost is drawn lower than a gain, so that no reader needs colour to distinguish them.
        lift = 0.3 * size if rewards[number] < 0 else -0.4 * size
        painter.mark(number, x, middle + down + lift, size)
