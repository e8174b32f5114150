"""The help page: all keys, all overlays."""

from __future__ import annotations

from mesa_gym.traps import Trap
from mesa_gym.viewer.bindings import BINDINGS
from mesa_gym.viewer.overlays import overlays_of
from mesa_gym.viewer.pen import Box, Pen
from mesa_gym.viewer.theme import CARD, INK, QUIET

LINE = 18.0
KEYS = 128.0
BETWEEN = 24.0
COLUMNS = 2

Row = tuple[str, str]


def sections(trap: Trap) -> dict[str, list[Row]]:
    """Return title -> keys and what they do."""
    found: dict[str, list[Row]] = {}
    for binding in BINDINGS:
        found.setdefault(binding.group, []).append(("  ".join(binding.keys), binding.doc))
    found["play"] = [
        ("arrows  Enter", "move, act (in a pane of your own)"),
        ("Shift + these", "take over from a policy for a step"),
    ]
    found["overlays"] = [(o.key, o.label) for o in overlays_of(trap).values()]
    return found


def draw(pen: Pen, trap: Trap) -> None:
    """Fill the window with all keys."""
    width, height = pen.size
    pen.fill(Box(0, 0, width, height), CARD)
    inner = Box(0, 0, width, height).inset(20)
    pen.text("Keys", inner.left, inner.top, 24)
    pen.text("any key closes this page", inner.right, inner.top + 4, LINE, QUIET, "right")
    columns = balanced(sections(trap))
    top = inner.top + 36
    # All of it must be seen, so letters give way before lines do.
    most = max(sum(len(rows) + 2 for _, rows in column) for column in columns)
    line = min(LINE, (inner.bottom - top) / most)
    wide = (inner.width - BETWEEN * (COLUMNS - 1)) / COLUMNS
    for number, column in enumerate(columns):
        _column(pen, column, inner.left + number * (wide + BETWEEN), top, wide, line)


def balanced(blocks: dict[str, list[Row]]) -> list[list[tuple[str, list[Row]]]]:
    """Return the blocks in columns of about the same number of lines, in their order."""
    half = sum(len(rows) + 2 for rows in blocks.values()) / COLUMNS
    columns: list[list[tuple[str, list[Row]]]] = [[] for _ in range(COLUMNS)]
    so_far = 0.0
    for title, rows in blocks.items():
        lines = len(rows) + 2
        columns[min(COLUMNS - 1, int((so_far + lines / 2) // half))].append((title, rows))
        so_far += lines
    return columns


def _column(
    pen: Pen, column: list[tuple[str, list[Row]]], x: float, y: float, wide: float, line: float
) -> None:
    caption = min(KEYS, wide * 0.36)
    for title, rows in column:
        pen.text(title, x, y, line, QUIET, width=wide)
        y += line * 1.1
        for keys, doc in rows:
            pen.text(keys, x, y, line - 1, INK, width=caption - 6)
            pen.text(doc, x + caption, y, line - 1, INK, width=wide - caption)
            y += line
        y += line * 0.7
