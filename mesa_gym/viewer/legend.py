"""The legend: every overlay with its key, how it looks, and whether it is on."""

from __future__ import annotations

from dataclasses import dataclass

from mesa_gym.engine import RGB
from mesa_gym.traps import Trap
from mesa_gym.viewer import overlays
from mesa_gym.viewer.overlays import HEAT, Overlay, overlays_of
from mesa_gym.viewer.pen import Box, Pen
from mesa_gym.viewer.theme import CARD, INK, PAPER, QUIET, RULE

ROW = 22.0
TEXT = 15.0
CAP, SWATCH, BETWEEN = 17.0, 18.0, 14.0


@dataclass(frozen=True)
class Entry:
    """An overlay's place in the legend."""

    overlay: Overlay
    box: Box


class Legend:
    """Overlays from left to right, in as many rows as they need.

    Args:
        pen: what it will be drawn with.
        trap: whose overlays.
        shown: those that are on.
        width: how much room there is.
        only_shown: whether to leave out those that are off, and the keys.
    """

    def __init__(
        self, pen: Pen, trap: Trap, shown: set[str], width: float, only_shown: bool = False
    ) -> None:
        self._trap, self._shown, self._caps = trap, shown, not only_shown
        self.entries: list[Entry] = []
        x, row = 0.0, 0
        for overlay in overlays_of(trap).values():
            if only_shown and overlay.name not in shown:
                continue
            cap = CAP + 4 if self._caps else 0.0
            wide = cap + SWATCH + 4 + pen.measure(overlay.label, TEXT)
            if x and x + wide > width:
                x, row = 0.0, row + 1
            self.entries.append(Entry(overlay, Box(x, row * ROW, wide, ROW)))
            x += wide + BETWEEN
        self.height = (row + 1) * ROW if self.entries else 0.0

    def at(self, x: float, y: float) -> Overlay | None:
        """Return the overlay under a point, counted from the legend's own corner."""
        return next((e.overlay for e in self.entries if e.box.holds(x, y)), None)

    def draw(self, pen: Pen, left: float, top: float, palette: tuple[RGB, ...]) -> None:
        """Draw it with its corner at a point."""
        for entry in self.entries:
            on = entry.overlay.name in self._shown
            x, y = left + entry.box.left, top + entry.box.top
            if self._caps:
                cap = Box(x, y + 2, CAP, CAP)
                pen.fill(cap, INK if on else CARD, 3)
                pen.frame(cap, INK if on else QUIET, 1, 3)
                tone = CARD if on else INK
                pen.text(entry.overlay.key, x + CAP / 2, y + 4, TEXT, tone, "middle")
                x += CAP + 4
            self._swatch(pen, entry.overlay, Box(x, y + 2, SWATCH, CAP), palette)
            pen.text(entry.overlay.label, x + SWATCH + 4, y + 4, TEXT, INK if on else QUIET)

    def _swatch(self, pen: Pen, overlay: Overlay, box: Box, palette: tuple[RGB, ...]) -> None:
        x, y = box.left + box.width / 2, box.top + box.height / 2
        if overlay.name.startswith(HEAT):
            number = list(self._trap.objectives).index(overlay.name.removeprefix(HEAT))
            pen.mark(number, x, y, 6.5, palette[number % len(palette)])
        elif overlay == overlays.PATH:
            pen.line([(x - 7, y + 4), (x, y + 4), (x, y - 4), (x + 7, y - 4)], INK, 2.2)
        elif overlay == overlays.ORACLES:
            pen.line([(x - 7, y - 3), (x + 7, y - 3)], palette[0], 2.4)
            for start in (x - 7, x - 1, x + 5):
                pen.line([(start, y + 4), (start + 3, y + 4)], palette[1], 2.4)
        elif overlay == overlays.CONFLICTS:
            pen.fill(Box(x - 7, y - 7, 14, 14), CARD)
            for a, b in (((-7, 0), (0, -7)), ((-7, 7), (7, -7)), ((0, 7), (7, 0))):
                pen.line([(x + a[0], y + a[1]), (x + b[0], y + b[1])], INK, 1.2)
            pen.frame(Box(x - 7, y - 7, 14, 14), PAPER, 1)
        elif overlay == overlays.VISITS:
            pen.disc(x - 4, y + 2, 5, INK)
            pen.disc(x + 5, y - 2, 2.5, INK)
        elif overlay == overlays.SEES:
            for dx in (-8, 1):
                pen.fill(Box(x + dx, y - 6, 7, 12), RULE)
                pen.fill(Box(x + dx + 2, y - 2, 3, 3), INK)
        else:
            pen.line([(x - 7, y), (x + 3, y)], INK, 2.4)
            pen.polygon([(x + 8, y), (x + 2, y - 5), (x + 2, y + 5)], INK)
