"""What commands show: a counter while work goes on, tables."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence


class Progress:
    """A counter on standard error while work goes on; silent where that is no terminal.

    Args:
        title: of the work.
        total: how many things there are to do.
        unit: what they are.
    """

    def __init__(self, title: str, total: int, unit: str = "levels") -> None:
        self.title, self.total, self.unit, self.done = title, total, unit, 0
        self.shown = sys.stderr.isatty()

    def __enter__(self) -> Callable[[int], None]:
        return self._advance

    def _advance(self, done: int) -> None:
        self.done += done
        if self.shown:
            text = f"\r{self.title}: {self.done:,} of {self.total:,} {self.unit}"
            print(text, end="", file=sys.stderr, flush=True)

    def __exit__(self, *error: object) -> None:
        if self.shown:
            print("\r\033[K", end="", file=sys.stderr, flush=True)


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Text columns, the first to the left and numbers to the right."""
    widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]

    def line(cells: Sequence[str]) -> str:
        aligned = [
            cell.rjust(width) if _numeric(cell) else cell.ljust(width)
            for cell, width in zip(cells, widths, strict=True)
        ]
        return "  ".join(aligned).rstrip()

    rule = "  ".join("-" * width for width in widths)
    return "\n".join([line(heads), rule, *(line(row) for row in rows)])


def _numeric(cell: str) -> bool:
    return cell.lstrip("-")[:1].isdigit()
