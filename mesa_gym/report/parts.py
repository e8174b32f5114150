"""What a report is made of before it takes a form: plots, tables and sections as data.

Text that comes from the card (names) stands in plots as it is, for whoever draws them to escape;
everywhere else it went through the form's own ``Quote``.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

# The looks of an objective in every plot, colour and shape: the base's, the proxies' in turn,
# what is no objective ("neither"), and the policy itself.
BASE_TONE, REST_TONE, POLICY_TONE = "base", "rest", "policy"
PROXY_TONES = ("proxy-a", "proxy-b", "proxy-c")

ERRORS_SHOWN = 1.96  # standard errors to either side: 95% of a normal distribution


@dataclass(frozen=True)
class Bars:
    """Shares as bars from 0 to 1.

    Attributes:
        title: what they are of.
        bars: name -> part -> share; all NaN where there is none.
        tones: part -> its looks.
    """

    title: str
    bars: dict[str, dict[str, float]]
    tones: dict[str, str]


@dataclass(frozen=True)
class Dot:
    """A number with its standard error."""

    value: float
    error: float = 0.0

    @property
    def ends(self) -> tuple[float, float]:
        """The 95% interval; the value alone where there is no error."""
        half = 0.0 if math.isnan(self.error) else ERRORS_SHOWN * self.error
        return self.value - half, self.value + half


@dataclass(frozen=True)
class Dots:
    """Numbers along one axis.

    Attributes:
        title: what they are of.
        groups: name -> entry -> number.
        lines: values at which a line is drawn, the most important first.
        low, high: the axis at least; it grows with the numbers.
        tones: entry -> its looks.
    """

    title: str
    groups: dict[str, dict[str, Dot]]
    lines: tuple[float, ...]
    low: float
    high: float
    tones: dict[str, str]

    @property
    def span(self) -> tuple[float, float]:
        """The axis, with room for what is drawn at its ends."""
        dots = [dot for group in self.groups.values() for dot in group.values()]
        return _span([end for dot in dots for end in dot.ends], self.low, self.high)


@dataclass(frozen=True)
class Plane:
    """Points in the plane of two objectives' returns.

    Attributes:
        title: what they are of.
        x, y: the objectives.
        points: name -> (N of x, N of y).
        tones: name -> its looks.
    """

    title: str
    x: str
    y: str
    points: dict[str, tuple[float, float]]
    tones: dict[str, str]

    @property
    def span(self) -> tuple[float, float]:
        """Both axes."""
        return _span([c for point in self.points.values() for c in point], 0.0, 1.0)


Plot = Bars | Dots | Plane


@dataclass(frozen=True)
class Table:
    """Cells that are quoted already; the first of a row names it."""

    heads: list[str]
    rows: list[list[str]]


@dataclass(frozen=True)
class Section:
    """One subject of the report.

    Attributes:
        title: its heading.
        meaning: what its numbers say, in whole sentences.
        notes: what else a reader must know, such as why something is not available.
    """

    title: str
    meaning: str
    plots: list[Plot] = field(default_factory=list)
    table: Table | None = None
    notes: list[str] = field(default_factory=list)


def _span(values: Iterable[float], low: float, high: float) -> tuple[float, float]:
    there = [value for value in values if not math.isnan(value)]
    low, high = min([low, *there]), max([high, *there])
    room = 0.08 * (high - low)
    return low - room, high + room
