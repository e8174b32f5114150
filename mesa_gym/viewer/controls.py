"""Controls below the panes: the legend of overlays, and the track of the episode."""

from __future__ import annotations

from mesa_gym.viewer.overlays import Overlay
from mesa_gym.viewer.painter import QUIET, RULE, SHEET, SMALL, TEXT, Box, Painter
from mesa_gym.viewer.playback import Session
from mesa_gym.viewer.widgets import Tips, flow

# Of the legend.
LEGEND_LINE = 22.0
CAP = 17.0
SWATCH = 18.0
LEGEND_GAP = 14.0
# Of the track; a row for each pane's marks.
TRACK_ROW = 21.0
TRACK = 8.0
SIDE = 10.0
DIGIT = 14.0


class Legend:
    """Every overlay with its key and how it looks, in as many rows as they need.

    Args:
        painter: what it will be drawn with.
        session: whose overlays.
        room: how wide it can be.
        only_shown: whether to leave out those that are off, and the keys.
    """

    def __init__(
        self, painter: Painter, session: Session, room: float, only_shown: bool = False
    ) -> None:
        self._shown, self._cap = session.shown, 0.0 if only_shown else CAP + 4
        there = session.overlays.values()
        every = [o for o in there if not only_shown or o.name in self._shown]
        widths = [self._cap + SWATCH + 4 + painter.measure(o.label, SMALL) for o in every]
        self._placed = list(zip(every, flow(widths, room, LEGEND_LINE, LEGEND_GAP, 0), strict=True))
        self.height = self._placed[-1][1].bottom if every else 0.0

    def at(self, x: float, y: float) -> Overlay | None:
        """Return the overlay at a point in the legend's coordinates; None beside its entries."""
        return next((overlay for overlay, box in self._placed if box.holds(x, y)), None)

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
    """The episode as one track for all panes, above it a row of marks of payments for each."""

    def __init__(self, session: Session, box: Box) -> None:
        self._session, self._box = session, box
        self._start = box.left + SIDE + (20.0 if len(session.panes) > 1 else 0.0)
        self._room = box.right - SIDE - self._start
        # Until all have ended, there may be as many steps as the time limit allows.
        growing = [pane.line.limit for pane in session.panes if not pane.line.over]
        self._span = max(1, session.clock.length, *growing)

    @staticmethod
    def height(session: Session) -> float:
        """Return the height of the scrubber, which has a row for each pane."""
        return TRACK_ROW * len(session.panes) + TRACK + DIGIT + 4

    def time_at(self, x: float) -> int:
        """Return the step at a horizontal place ``x`` on the track."""
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
                # Beside the marks of the last step, which it would cut in two.
                beside = 7 if any(any(last.paid.values()) for last in pane.line.steps[-1:]) else 0
                x = self._place_of(len(pane.line)) + beside - 1
                painter.fill(Box(x, middle - 8, 2, 16), TEXT)
        painter.disc(done, top + TRACK / 2, 8, SHEET)
        painter.disc(done, top + TRACK / 2, 7, TEXT)
        below = top + TRACK + 4
        painter.text("0", self._start, below, DIGIT, QUIET)
        painter.text(f"{self._span}", end, below, DIGIT, QUIET, "right")
        if self._start + 24 < done < end - 36:
            painter.text(f"{session.clock.cursor}", done, below, DIGIT, TEXT, "middle")


def _draw_marks(painter: Painter, paid: list[float], x: float, middle: float) -> None:
    """Mark the payments of one step, one mark an objective, stacked if several are paid."""
    marked = [number for number, pay in enumerate(paid) if pay]
    size = 5.0 if len(marked) == 1 else min(3.5, TRACK_ROW / 2 / max(1, len(marked)))
    for place, number in enumerate(marked):
        down = 2.15 * size * (place - (len(marked) - 1) / 2)
        # What costs hangs below, so that colour is not needed to tell it from a gain.
        lift = 0.3 * size if paid[number] < 0 else -0.4 * size
        painter.mark(number, x, middle + down + lift, size)
