"""The scrubber: the episode as a track, with a mark wherever an objective was paid."""

from __future__ import annotations

from mesa_gym.engine import RGB
from mesa_gym.viewer.pen import Box, Pen
from mesa_gym.viewer.session import Session
from mesa_gym.viewer.theme import CARD, FOCUS, INK, QUIET, RULE

ROW = 21.0  # of a pane's marks
TRACK = 8.0
SIDE = 10.0
TEXT = 14.0


def height(session: Session) -> float:
    """Return how high it is for so many panes."""
    return ROW * len(session.panes) + TRACK + TEXT + 4


class Scrubber:
    """One track for all panes, above it a row of marks for each.

    Args:
        session: what is watched.
        box: where it is.
    """

    def __init__(self, session: Session, box: Box) -> None:
        self.session, self.box = session, box
        self._label = 30.0 if len(session.panes) > 1 else 0.0
        self._room = box.width - 2 * SIDE - self._label

    @property
    def span(self) -> int:
        """Return the steps of the track: until all have ended, those that there may be."""
        panes = self.session.panes
        growing = [pane.line.limit for pane in panes if not pane.line.over]
        return max(1, self.session.length, *growing)

    def time_at(self, x: float) -> int:
        """Return the step that a place on the track stands for."""
        share = (x - self.box.left - SIDE - self._label) / self._room
        return round(min(max(share, 0.0), 1.0) * self.span)

    def place_of(self, t: float) -> float:
        """Return where a step is on the track."""
        return self.box.left + SIDE + self._label + self._room * t / self.span

    def draw(self, pen: Pen, palette: tuple[RGB, ...]) -> None:
        """Draw the rows of marks, the track and the time that is shown."""
        session, box = self.session, self.box
        pen.fill(box, CARD, 6)
        top = box.top + ROW * len(session.panes)
        start, end = self.place_of(0), self.place_of(self.span)
        pen.fill(Box(start, top, end - start, TRACK), RULE, 3)
        done = self.place_of(session.cursor)
        pen.fill(Box(start, top, done - start, TRACK), QUIET, 3)
        for row, pane in enumerate(session.panes):
            middle = box.top + ROW * row + ROW / 2
            if self._label:
                tone = FOCUS if row == session.focus else QUIET
                pen.text(f"{row + 1}", box.left + SIDE, middle - TEXT / 2, TEXT, tone)
            if pane.line.over:
                # Beside the marks of the last step, which it would cut in two.
                beside = 7 if any(any(last.paid.values()) for last in pane.line.steps[-1:]) else 0
                ended = self.place_of(len(pane.line)) + beside
                pen.fill(Box(ended - 1, middle - 8, 2, 16), INK)
            for t, step in enumerate(pane.line.steps, start=1):
                paid = [step.paid[x] for x in session.trap.objectives]
                _marks(pen, paid, self.place_of(t), middle, palette)
        pen.disc(done, top + TRACK / 2, 8, CARD)
        pen.disc(done, top + TRACK / 2, 7, INK)
        below = top + TRACK + 4
        pen.text("0", start, below, TEXT, QUIET)
        pen.text(f"{self.span}", end, below, TEXT, QUIET, "right")
        if start + 24 < done < end - 36:
            pen.text(f"{session.cursor}", done, below, TEXT, INK, "middle")


def _marks(pen: Pen, paid: list[float], x: float, middle: float, palette: tuple[RGB, ...]) -> None:
    """Mark what one step paid, by objective; several marks share its place, two in a column.

    They are stacked, as side by side they would reach the steps before and after.
    """
    marked = [number for number, pay in enumerate(paid) if pay]
    size, apart = (5.0, 0.0) if len(marked) == 1 else (3.5, 7.5)
    columns, rows = (len(marked) + 1) // 2, min(len(marked), 2)
    for place, number in enumerate(marked):
        column, row = divmod(place, 2)
        across = apart * (column - (columns - 1) / 2)
        down = apart * (row - (rows - 1) / 2)
        # What costs hangs below, so that colour is not needed to tell it from a gain.
        lift = 0.3 * size if paid[number] < 0 else -0.4 * size
        pen.mark(number, x + across, middle + down + lift, size, palette[number % len(palette)])
