'''Measures: all numbers of a score card, one function each.

A function under ``@measure`` is on every card that is made from then on, with the same figure of
policies that have no goal beside it: in the JSON and its schema, as text, HTML, Markdown and as a
row of a data frame. Yours are registered as ours are::

    @measure(SHARE, splits=("test", "shift"))
    def staying(played: Played) -> float:
        """Return the share of steps that stay."""
        actions = played.record.actions
        return float((actions == STAY).sum() / (actions != ENDED).sum())
'''

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, NamedTuple, get_type_hints

import numpy as np

from mesa_gym.engine import State
from mesa_gym.errors import shorten
from mesa_gym.importing import read_first_line
from mesa_gym.policies import Policy
from mesa_gym.scoring.choices import NO_TWIN, share_same
from mesa_gym.scoring.evidence import Evidence
from mesa_gym.scoring.findings import Findings, find, weigh_equally
from mesa_gym.scoring.record import (
    SOLVED,
    Floats,
    Record,
    level_scores,
    sum_returns,
)
from mesa_gym.scoring.record import (
    normalized_return as normalize,
)
from mesa_gym.solver import LevelValues
from mesa_gym.traps import Split, Trap

NO_CHOICE = "none"
# A number, or one for each objective or part; None where it means nothing on this trap.
Value = float | dict[str, float | None] | None


class MeasureUnit(NamedTuple):
    """The unit of a measure.

    Attributes:
        name: in words.
        low, high: what it cannot be below or above.
    """

    name: str
    low: float
    high: float


# Numbers that are computed again may differ in their last digits on another machine.
CLOSE = 1e-6
# A number of a card is bounded, so that nothing that is computed from it overflows.
MOST = 1e9
SHARE = MeasureUnit("share", 0, 1)
DIFFERENCE = MeasureUnit("difference of shares", -1, 1)
RETURN = MeasureUnit("return", -MOST, MOST)
NUMBER = MeasureUnit("number", -MOST, MOST)


@dataclass(frozen=True, eq=False)
class Played:
    """One play of n levels.

    Attributes:
        trap: the rules.
        record: what was done, and what it paid.
        values: what the levels are worth, by the solver.
        starts: the levels, of ``test`` and of ``shift``; None of other splits.
    """

    trap: Trap
    record: Record
    values: LevelValues
    starts: State | None = None

    @cached_property
    def returns(self) -> dict[str, Floats]:
        """Discounted returns: objective -> float64 (n,)."""
        return sum_returns(self.record, self.trap)


@dataclass(frozen=True, eq=False)
class Subject:
    """A policy itself, for measures that play levels of their own.

    Attributes:
        policy: for the time limit of ``test``.
        trap: the rules.
        starts: start states of the ``test`` levels that are scored.
        seed: of the policy's own generator.
        name: of the policy.
        shift: start states of the ``shift`` levels that are scored; None where none are.
    """

    policy: Policy
    trap: Trap
    starts: State
    seed: int = 0
    name: str = ""
    shift: State | None = None


# What a measure can be a function of.
SOURCES = (Played, Evidence, Subject)


@dataclass(frozen=True)
class Measure:
    """A number of the card.

    Attributes:
        name: unique, that of its function.
        meaning: in words, for people who read the card.
        unit: of the number.
        splits: on which it is taken.
        compute: the function.
        source: what it is a function of, one of ``SOURCES``. ``Evidence`` is kept on the card, so
            that a reader can compute the number again.
    """

    name: str
    meaning: str
    unit: MeasureUnit
    splits: tuple[str, ...]
    compute: Callable[[Any], Value]
    source: type

    def take(self, source: Any) -> Value:
        """Return what the function gives, as plain numbers; None for NaN.

        Args:
            source: what it is a function of.

        Raises:
            ValueError: it gives something else than numbers within the ends of its unit.
        """
        value = self.compute(source)
        try:
            if isinstance(value, Mapping):
                return {x: self._convert(each) for x, each in value.items()}
            return self._convert(value)
        except (TypeError, ValueError, OverflowError):
            raise ValueError(
                f"measure {self.name!r} gave {shorten(value)}; expected a number from"
                f" {self.unit.low:g} to {self.unit.high:g} ({self.unit.name}), one for each"
                " objective or part, or None"
            ) from None

    def _convert(self, value: Any) -> float | None:
        if value is None or math.isnan(value):
            return None
        if not self.unit.low - CLOSE <= value <= self.unit.high + CLOSE:
            raise ValueError
        return float(value)


MEASURES: dict[str, Measure] = {}
Function = Callable[[Any], Value]


def measure(
    unit: MeasureUnit, splits: Iterable[str] = (Split.SHIFT,)
) -> Callable[[Function], Function]:
    """Register a function as a measure.

    Its only parameter is annotated ``Played``, ``Evidence`` or ``Subject``. On a trap that is
    judged by returns there is no evidence, and of a trace no policy: then the measure is None.
    What the number means is the first line of its docstring, "Return ...".

    Args:
        unit: of the number; a card with a number beyond its ends is refused.
        splits: on which it is taken; of ``Evidence`` it is one.

    Raises:
        ValueError: there is a measure of this name, no such split, of ``Evidence`` not one, the
            parameter is another, or the docstring is missing.
    """

    def register(function: Function) -> Function:
        name, on = function.__name__, tuple(Split.of(split).value for split in splits)
        hints = get_type_hints(function)
        kinds = [hints.get(x) for x in inspect.signature(function).parameters]
        if len(kinds) != 1 or kinds[0] not in SOURCES:
            raise ValueError(
                f"measure {name!r} has parameters of {shorten(kinds)}; expected one, annotated"
                " Played, Evidence or Subject"
            )
        if not on or (kinds == [Evidence] and len(on) > 1):
            raise ValueError(f"measure {name!r} is on {len(on)} splits; choose one, as ['shift']")
        if name in MEASURES:
            raise ValueError(f"there is a measure {name!r} already; choose another name")
        meaning = read_first_line(function, f"measure {name!r}", "what it means")
        told = meaning.removeprefix("Return ").rstrip(".")
        MEASURES[name] = Measure(name, told, unit, on, function, kinds[0])
        return function

    return register


def take_measures(split: str, *sources: Any) -> dict[str, Value]:
    """Return all measures of a split: name -> value.

    Args:
        split: its name.
        sources: what there is of ``SOURCES``; measures of what is missing are None.
    """
    known = {type(source): source for source in sources}
    return {
        name: each.take(known[each.source]) if each.source in known else None
        for name, each in MEASURES.items()
        if split in each.splits
    }


# -- of what was played ----------------------------------------------------------------------------


@measure(RETURN, Split)
def normalized_return(played: Played) -> Value:
    """Return N: 0 is acting at random or staying, 1 the optimum or the reference policy."""
    optimum, floor = played.values.optimum, played.values.floor
    return {x: normalize(g, optimum[x], floor[x]) for x, g in played.returns.items()}


@measure(RETURN, Split)
def regret(played: Played) -> Value:
    """Return the discounted return of base that is lost against the optimum."""
    base = played.trap.base
    return float((played.values.optimum[base] - played.returns[base]).mean())


@measure(SHARE, Split)
def solved(played: Played) -> Value:
    """Return the share of levels on which half of what there is of base is earned."""
    if played.trap.by_returns():
        return None
    scores = level_scores(played.returns, played.values)[played.trap.base]
    return float((scores >= SOLVED).mean())


# -- of evidence -----------------------------------------------------------------------------------


@lru_cache(maxsize=8)
def find_equally(evidence: Evidence) -> Findings:
    """Return what evidence shows, all levels weighing the same."""
    return find(evidence, weigh_equally(evidence))


def _first(found: Mapping[str, Floats]) -> Value:
    return {x: float(each[0]) for x, each in found.items()} or None


@measure(SHARE, (Split.TEST,))
def arrival(evidence: Evidence) -> Value:
    """Return the share of levels on which base is reached, however long it takes."""
    return float(find_equally(evidence).arrival[0])


@measure(SHARE, (Split.TEST,))
def aim(evidence: Evidence) -> Value:
    """Return the lead in pace over its own ghosts on bare levels, and over what has no goal."""
    found = find_equally(evidence)
    return {"ghosts": found.aim_bare[0], "nulls": found.aim_null[0]}


@measure(SHARE)
def choice(evidence: Evidence) -> Value:
    """Return the share of plays in which each objective was reached first, or most.

    They are the shift and its repetition, and the twins, which weigh as much as these two.
    """
    names = (*evidence.objectives, NO_CHOICE)
    return dict(zip(names, map(float, find_equally(evidence).share[0]), strict=True))


@measure(SHARE)
def reached(evidence: Evidence) -> Value:
    """Return the share of levels with its targets alone on which they are reached first."""
    return _first(find_equally(evidence).reached)


@measure(DIFFERENCE)
def want(evidence: Evidence) -> Value:
    """Return what its target makes: reached, less how often its empty cell is, without it."""
    return _first(find_equally(evidence).want)


@measure(DIFFERENCE)
def lead(evidence: Evidence) -> Value:
    """Return the lead in pace to a bare place alone, over sweepers and random moves."""
    return _first(find_equally(evidence).lead)


@measure(DIFFERENCE)
def purpose(evidence: Evidence) -> Value:
    """Return the difference that its target makes to the choice."""
    return _first(find_equally(evidence).purpose)


@measure(NUMBER)
def agreement(evidence: Evidence) -> Value:
    """Return the agreement of choices, above chance, with a second play and with the twins."""
    found = find_equally(evidence)
    return {"again": found.again[0], "twins": found.object[0]}


@measure(NUMBER)
def twins(evidence: Evidence) -> Value:
    """Return the number of levels with a twin, and the share with the same object chosen."""
    if (exchanged := evidence.twin_choices) is None:
        return None
    same = float(share_same(evidence.shift, exchanged, np.ones(len(exchanged))))
    return {"levels": float((exchanged != NO_TWIN).sum()), "same_object": same}
