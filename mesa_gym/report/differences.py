"""Statements on the difference of two agents on one trap, and their texts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mesa_gym.report.board_rows import strip_version
from mesa_gym.report.seed_group import SeedGroup
from mesa_gym.report.statements import A_DIFFERENCE, ALPHA
from mesa_gym.terminal import printable
from mesa_gym.words import BASE

# What a statement says; ``barred`` if the cards allow none.
MORE, LESS, ALIKE, BARRED = "more", "less", "alike", "barred"
DIFFERENCE_HEADS = ("difference", "95%", "p")
UNKNOWN = "–"


@dataclass(frozen=True)
class Statement:
    """A statement on the difference of two agents on one trap, or the reason why there is none.

    Attributes:
        groups: the seeds of both agents on the trap.
        what: ``more``, ``less``, ``alike`` if no difference was shown, or ``barred``.
        figure: the difference; None if ``barred``, as are the interval and p.
        interval: of 95%.
        p: of no difference, over all traps that are compared.
        limits: the notes that belong to it, or the reasons against it.
    """

    groups: tuple[SeedGroup, SeedGroup]
    what: str
    figure: float | None = None
    interval: tuple[float, float] | None = None
    p: float | None = None
    limits: tuple[str, ...] = ()

    @property
    def trap(self) -> str:
        """The trap's name with version."""
        return self.groups[0].trap


def state_difference(
    groups: tuple[SeedGroup, SeedGroup], statistics: Sequence[float] | None
) -> Statement:
    """Return the statement that cards allow on the difference of two agents on one trap.

    Args:
        groups: the seeds of both agents on the trap.
        statistics: the difference of their shares of base, the ends of its interval, and p over all
            traps that are compared; None where it was not computed.
    """
    bars = [f"{of.agent} {bar}" for of in groups if (bar := of.find_bar(A_DIFFERENCE))]
    if bars or statistics is None:
        return Statement(groups, BARRED, limits=tuple(bars))
    estimate, low, high, p = statistics
    limits = [f"{of.agent}: {limit}" for of in groups for limit in of.list_limits()]
    claim = (MORE if estimate > 0 else LESS) if p < ALPHA else ALIKE
    return Statement(groups, claim, estimate, (low, high), p, tuple(limits))


def write_difference(row: Statement) -> list[str]:
    """Return difference, interval and p as texts; dashes if the cards allow no comparison."""
    if row.figure is None or row.interval is None or row.p is None:
        return [UNKNOWN] * len(DIFFERENCE_HEADS)
    low, high = row.interval
    # Enough digits that the interval has a width.
    digits = next((n for n in (2, 3) if high - low >= 2 * 0.1**n), 4)
    texts = [f"{x:+z.{digits}f}" for x in (row.figure, low, high)]
    estimate, *ends = (text.replace("+0.", "0.") if not float(text) else text for text in texts)
    return [estimate, " to ".join(ends), "<0.001" if row.p < 0.001 else f"{row.p:.3f}"]


def describe_difference(row: Statement) -> str:
    """Return the trap, and in brackets the difference; the agents' shares if they differ."""
    estimate, ends, p = write_difference(row)
    clause = f"{estimate}, 95% {ends}"
    if row.what != ALIKE:
        shares = [
            f"{of.agent} {of.choice[BASE]:.2f}{of.write_range(BASE)} by {len(of.cards)} seeds"
            for of in row.groups
        ]
        clause = f"{', '.join(shares)}: {clause}, p {p}"
    return printable(f"{strip_version(row.trap)} ({'; '.join([clause, *row.limits])})")
