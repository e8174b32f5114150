"""A column of the board, declared once: all forms of the board follow from it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

T = TypeVar("T")
Value = float | str | None


@dataclass(frozen=True)
class Column(Generic[T]):
    """A column of a table.

    Attributes:
        key: of its cells on pages, and of style sheets.
        head: above it.
        value: of a row, by which it is sorted; None or NaN for none.
        meaning: in words, for the legend; "" where the head says it.
        write: gives the text of a row; None for that of the value, a float to two digits.
        drawing: a macro of templates/macros.html that pages show in place of the text; "" for none.
        names_row: on pages it stands first, as the head of its row.
    """

    key: str
    head: str
    value: Callable[[T], Value]
    meaning: str = ""
    write: Callable[[T], str] | None = None
    drawing: str = ""
    names_row: bool = False

    def text(self, of: T) -> str:
        """Return the text of a row; "" where there is nothing to say."""
        if self.write is not None:
            return self.write(of)
        value = self.value(of)
        return "" if value is None else figure(value) if isinstance(value, float) else str(value)


def tabulate(
    columns: Sequence[Column[T]], things: Iterable[T]
) -> tuple[list[str], list[list[str]]]:
    """Return heads and the texts of each thing."""
    return [c.head for c in columns], [[c.text(thing) for c in columns] for thing in things]


def list_meanings(columns: Iterable[Column[Any]]) -> dict[str, str]:
    """Return the legend: head -> meaning, of columns that have one."""
    return {column.head: column.meaning for column in columns if column.meaning}


def figure(value: float) -> str:
    """Return a number to two digits, a dash for NaN."""
    # Adding 0 turns -0.0 into 0.0.
    return "–" if math.isnan(value) else f"{round(value, 2) + 0:.2f}"


def join_shares(shares: Sequence[float]) -> str:
    """Return numbers that belong together, "" where none of them is known."""
    return "" if all(map(math.isnan, shares)) else " / ".join(map(figure, shares))


def format_interval(ends: tuple[float, float]) -> str:
    """Return an interval as text, "" where there is none."""
    return "" if math.isnan(ends[0]) else f"{figure(ends[0])} to {figure(ends[1])}"
