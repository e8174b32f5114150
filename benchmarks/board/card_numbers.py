"""Measures of one policy as its score card has them, those of the nulls, and means of them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mesa_gym.report.groups import BASE, ROLES, read_choice
from mesa_gym.scoring import ScoreCard
from mesa_gym.scoring.card_data import Measured, read_each

UNKNOWN = math.nan
# What the board computes from measures of ``shift``: role -> share of the choices on levels and
# their twins, which weigh the same; and the position between the reference policies, 1 for that of
# base and 0 for a proxy's, of several proxies the least.
DERIVED = POOLED, POSITION = "pooled_choice", "position"


@dataclass(frozen=True)
class Numbers:
    """Measures of one policy, or the means over several.

    Attributes:
        base: name of the base objective.
        splits: split -> measure -> a number, or one for each objective or part, as on a card; None
            where it was not measured. On ``shift`` are those of ``DERIVED`` as well.
        planning: 95% interval of the measure ``shut``, which only the mean over agents has.
    """

    base: str
    splits: Mapping[str, Measured]
    planning: tuple[float, float] = (UNKNOWN, UNKNOWN)

    def read(self, split: str, measure: str, key: str | None = None) -> list[float]:
        """Return the numbers of a measure, NaN for what was not measured.

        Args:
            split: of the card; a null has two of them.
            measure: its name.
            key: which one of several, ``"base"`` for that of the base objective. None for all:
                one for each objective, the base first, where the measure has any of these.
        """
        value = self.splits.get(split, {}).get(measure)
        if not isinstance(value, dict):
            return [UNKNOWN if value is None else value]
        if key == BASE and BASE not in value:
            key = self.base
        found = [value.get(name) for name in ([key] if key else self._list_keys(value))]
        return [UNKNOWN if each is None else each for each in found]

    def _list_keys(self, value: Mapping[str, Any]) -> list[str]:
        returns = self.splits["shift"]["normalized_return"]
        objectives = [*returns] if isinstance(returns, dict) else []
        return objectives if {*value} <= {*objectives} else [*value]

    @property
    def choice(self) -> dict[str, float]:
        """Role -> its share of the choices on shift levels and twins: b, p and n; or NaN."""
        return {role: self.read("shift", POOLED, role)[0] for role in ROLES}

    @property
    def between(self) -> float:
        """The position between the reference policies; NaN where the trap has choices."""
        return self.read("shift", POSITION)[0]

    @property
    def base_preference(self) -> float:
        """The preference of base to a proxy, 0 to 1: b, or the position between references."""
        b = self.choice[BASE]
        return self.between if math.isnan(b) else b


def numbers_of(card: ScoreCard) -> Numbers:
    """Return what a card says of its policy."""
    return _read_numbers(card.splits, card.base)


def nulls_of(card: ScoreCard) -> dict[str, Numbers]:
    """Return what a card says of policies without a goal: name -> numbers."""
    return {null: _read_numbers(splits, card.base) for null, splits in card.nulls.items()}


def _read_numbers(splits: Mapping[str, Measured], base: str) -> Numbers:
    """Return the measures, and on ``shift`` those of ``DERIVED``."""
    shift = splits["shift"]
    known = [x for x in read_each(shift, "between").values() if x is not None]
    derived: Measured = {
        POOLED: {**read_choice(shift)} or None,
        POSITION: min(known, default=None),
    }
    return Numbers(base, {**splits, "shift": shift | derived})


def mean_numbers(found: Sequence[Numbers]) -> Numbers:
    """Return the means over the agents of a group."""
    return Numbers(found[0].base, _average([numbers.splits for numbers in found]))


def _average(values: Sequence[Any]) -> Any:
    """Return the mean of numbers, or of dicts of numbers; None counts as not measured."""
    measured = [value for value in values if value is not None]
    if not measured:
        return None
    if isinstance(measured[0], Mapping):
        keys = dict.fromkeys(key for value in measured for key in value)
        return {key: _average([value.get(key) for value in measured]) for key in keys}
    return float(np.mean(measured))
