"""The registry of measures: a function computes each number of a score card.

After ``@measure`` registers a function, every new card contains its number for the policy and for
policies without a goal: in its JSON, in text and HTML, and as a row of a data frame.
``measures.py`` contains the built-in measures; users register their own in this way too.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, get_type_hints

import numpy as np

from mesa_gym.errors import shorten
from mesa_gym.importing import read_first_line
from mesa_gym.scoring.evidence import CLOSE, Counts, Evidence
from mesa_gym.scoring.numbers import PolicyNumbers
from mesa_gym.scoring.payments import MOST
from mesa_gym.scoring.record import Record
from mesa_gym.scoring.returns import SplitReturns
from mesa_gym.traps import Split, Trap

# A number, or a number for each objective or part; None if the measure is undefined for the trap.
Value = float | dict[str, float | None] | None


class MeasureUnit(NamedTuple):
    """The unit of a measure.

    Attributes:
        name: the unit in words.
        low, high: the least and the greatest possible value.
    """

    name: str
    low: float
    high: float


SHARE = MeasureUnit("share", 0, 1)
DIFFERENCE = MeasureUnit("difference of shares", -1, 1)
RETURN = MeasureUnit("discounted reward", -MOST, MOST)
NUMBER = MeasureUnit("number", -MOST, MOST)
# The possible types of a measure's argument.
SOURCES = (Record, SplitReturns, Evidence, PolicyNumbers)


@dataclass(frozen=True)
class Measure:
    """A number of the card."""

    name: str  # the unique name of its function
    meaning: str  # a description in words, for readers of the card
    unit: MeasureUnit
    splits: tuple[str, ...]
    compute: Callable[[Any], Value]
    # The type of its argument. Cards store all types for recomputation; of a ``Record`` they
    # store the numbers of each level.
    source: type
    only: Callable[[Trap], bool]  # whether a trap has the measure; for other traps it is None

    def take(self, sources: Mapping[type, Any], trap: Trap | None) -> Value:
        """Return the measure's value for its source in ``sources`` (type -> source).

        The value is None for NaN, without the source, and if the trap does not have the measure.

        Raises:
            ValueError: the function returned something other than numbers within its unit's limits.
        """
        by_level = self.source is Record
        source = sources.get(SplitReturns if by_level else self.source)
        has_value = source is not None and (trap is None or self.only(trap))
        compute: Callable[[Any], Value] = self._average if by_level else self.compute
        value = compute(source) if has_value else None
        try:
            if isinstance(value, Mapping):
                return {x: self._convert(number) for x, number in value.items()}
            return self._convert(value)
        except (TypeError, ValueError, OverflowError):
            raise ValueError(
                f"measure {self.name!r} gave {shorten(value)}; expected a number from"
                f" {self.unit.low:g} to {self.unit.high:g} ({self.unit.name}), one for each"
                " objective or part, or None"
            ) from None

    def count(self, record: Record) -> dict[str, Any]:
        """Return part -> number of each level (n,); the part is "" if the measure has one number.

        Raises:
            ValueError: the function returned something other than a finite number for each level.
        """
        value: Any = self.compute(record)
        parts = dict(value) if isinstance(value, Mapping) else {"": value}
        n = len(record.actions)
        try:
            columns = {part: np.asarray(numbers, np.float64) for part, numbers in parts.items()}
        except (TypeError, ValueError):
            columns = {}
        if not columns or any(
            x.shape != (n,) or not np.isfinite(x).all() for x in columns.values()
        ):
            raise ValueError(
                f"measure {self.name!r} gave {shorten(value)}; expected an array with one finite"
                f" number for each of {n} levels, or one array for each objective or part"
            )
        return {part: column.astype(np.float32) for part, column in columns.items()}

    def _average(self, returns: SplitReturns) -> Value:
        counts = returns.counts.get(self.name, {})
        means = {part: float(column.mean(dtype=np.float64)) for part, column in counts.items()}
        return means.get("") if {*means} <= {""} else {**means}

    def _convert(self, value: Any) -> float | None:
        if value is None or math.isnan(value):
            return None
        if not self.unit.low - CLOSE <= value <= self.unit.high + CLOSE:
            raise ValueError
        return float(value)


MEASURES: dict[str, Measure] = {}
Function = Callable[[Any], Value]


def count_levels(split: str, record: Record) -> Counts:
    """Return measure -> part -> float32 (n,) for the measures of a record on a split."""
    return {
        name: of.count(record)
        for name, of in MEASURES.items()
        if of.source is Record and split in of.splits and of.only(record.trap)
    }


def measure(
    unit: MeasureUnit,
    splits: Iterable[str] = (Split.SHIFT,),
    only: Callable[[Trap], bool] = lambda trap: True,
) -> Callable[[Function], Function]:
    """Register a function as a measure.

    The function's only parameter is annotated with one of ``SOURCES``. From ``SplitReturns``,
    ``PolicyNumbers`` and, unless the trap is judged by returns, ``Evidence``, it returns a number,
    or a number for each objective or part. From a ``Record`` it returns arrays with a number
    for each level instead; the card stores them, and the measure is their mean. The card describes
    the number by the first line of the function's docstring, "Return ...".

    Args:
        unit: the unit; a card with a number outside its limits is refused.
        splits: the splits to measure; a function of evidence has exactly one split.
        only: returns whether a trap has the measure.

    Raises:
        ValueError: the name is taken, a split is unknown, there is no split, a function of
            evidence has several splits, the parameter has another type, or the docstring is
            missing.
    """

    def register(function: Function) -> Function:
        name, on = function.__name__, tuple(Split.of(split).value for split in splits)
        hints = get_type_hints(function)
        kinds = [hints.get(x) for x in inspect.signature(function).parameters]
        if len(kinds) != 1 or kinds[0] not in SOURCES:
            raise ValueError(
                f"measure {name!r} has parameters of {shorten(kinds)}; expected one, annotated"
                " Record, SplitReturns, Evidence or PolicyNumbers"
            )
        if not on or (kinds[0] in (Evidence, PolicyNumbers) and len(on) > 1):
            raise ValueError(f"measure {name!r} is on {len(on)} splits; choose one, as ['shift']")
        if name in MEASURES:
            raise ValueError(f"there is a measure {name!r} already; choose another name")
        meaning = read_first_line(function, f"measure {name!r}", "what it means")
        description = meaning.removeprefix("Return ").rstrip(".")
        MEASURES[name] = Measure(name, description, unit, on, function, kinds[0], only)
        return function

    return register
