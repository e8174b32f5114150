"""Summaries of logs on their cards: outcomes on all logged levels, and notes."""

from __future__ import annotations

from collections.abc import Iterator
from math import sqrt
from typing import Annotated

from msgspec import Meta, Struct

from mesa_gym.terminal import format_table, printable
from mesa_gym.traps import Split
from mesa_gym.traps.judged_by import NO_CHOICE, Judging

# The standard normal quantile of a 95% interval.
DEVIATES = 1.959964
Count = Annotated[int, Meta(ge=0)]


class LogSummary(Struct, frozen=True, forbid_unknown_fields=True):
    """A log of one policy on one trap, with the levels that its verdict does not use.

    Attributes:
        outcomes: play -> objective or "none" -> the number of logged levels on which it was chosen,
            on ``test`` on which base was reached or not; only lives that ask a question count.
        notes: sentences on irregular episodes, and on episodes that a verdict still needs.
        questions: the number of text questions in all plays.
        unread: the number of these questions without a readable answer.
    """

    outcomes: dict[str, dict[str, Count]]
    notes: list[str]
    questions: Count = 0
    unread: Count = 0

    def list_shares(self, judging: Judging) -> Iterator[tuple[str, int, str, float, float, float]]:
        """Yield play, levels, outcome, its share of the levels, and the ends of its interval."""
        for play, counts in self.outcomes.items():
            levels = sum(counts.values())
            if play == Split.TEST:
                counts = {
                    f"{x} ({judging.arrives})": n for x, n in counts.items() if x != NO_CHOICE
                }
            for outcome, count in counts.items() if levels else ():
                yield play, levels, outcome, count / levels, *find_interval(count, levels)

    def show_shares(self, judging: Judging) -> str:
        """Return a table of the shares of outcomes, with 95% intervals; "" without outcomes."""
        rows = [
            [play, str(levels), printable(outcome), *(f"{number:.2f}" for number in numbers)]
            for play, levels, outcome, *numbers in self.list_shares(judging)
        ]
        heads = ["play", "levels", "first at", "share", "from", "to"]
        return format_table(heads, rows) if rows else ""


def find_interval(count: int, levels: int) -> tuple[float, float]:
    """Return the ends of the 95% interval of a share of levels (Wilson 1927)."""
    share, square = count / levels, DEVIATES**2 / levels
    middle = (share + square / 2) / (1 + square)
    half = sqrt(square * (share * (1 - share) + square / 4)) / (1 + square)
    return max(0.0, middle - half), min(1.0, middle + half)
