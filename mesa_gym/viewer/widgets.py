"""Parts that screens are made of: rows of boxes, buttons, tooltips."""

from __future__ import annotations

from collections.abc import Iterable

from mesa_gym.viewer.painter import QUIET, SHEET, SMALL, TEXT, Box, Painter

# Of buttons: height, beside the letters, between two.
BUTTON = 24.0
PADDING = 8.0
GAP = 5.0
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
    """Words that are explained where the mouse rests on them."""

    def __init__(self) -> None:
        self._tips: list[tuple[Box, str, Box]] = []
        self._at: tuple[float, float] | None = None

    def clear(self) -> None:
        """Remove all tips, before a new frame is drawn."""
        self._tips = []

    def add(self, box: Box, text: str, kept: Box, scale: float = 1.0) -> None:
        """Add an explanation.

        Args:
            box: what it is for.
            text: the explanation.
            kept: stays readable while the explanation is shown.
            scale: points of the window for a point of the box.
        """
        sides = (side * scale for side in (box.left, box.top, box.width, box.height))
        self._tips.append((Box(*sides), text, kept))

    def move(self, x: float, y: float) -> bool:
        """Note the mouse's place; return whether another tip is due."""
        before, self._at = self._find_tip(), (x, y)
        return self._find_tip() != before

    def _find_tip(self) -> tuple[Box, str, Box] | None:
        at = self._at
        return at and next((tip for tip in reversed(self._tips) if tip[0].holds(*at)), None)

    def draw(self, painter: Painter) -> None:
        """Draw the tip under the mouse next to its line, without covering ``kept``."""
        if (found := self._find_tip()) is None:
            return
        (anchor, text, kept), (width, height) = found, painter.size
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
