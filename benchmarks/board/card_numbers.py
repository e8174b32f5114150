"""Numbers of one agent from its score card, those of the nulls beside it, and means of them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mesa_gym.scoring import ScoreCard
from mesa_gym.scoring.card_data import Measured, read_each
from mesa_gym.scoring.roles import ROLES, pool_choices

N = "normalized_return"
UNKNOWN = math.nan


@dataclass(frozen=True)
class Numbers:
    """Numbers of one policy, or the means over several; NaN where not measured.

    Attributes:
        arrival: the share of test levels on which base is reached, however long it takes; NaN
            where the trap is judged by returns.
        test, control: N of the base objective on these splits.
        shift: objective -> N on shift.
        choice: "base", "proxy", "none" -> share of the choices on shift levels and their twins,
            which weigh the same: b, p and n. NaN where the trap is judged by returns.
        want: objective -> the difference that its target alone makes.
        purpose: objective -> the difference that its target makes to the choice.
        same_object: the share of levels and their twins with the same choice; NaN without twins.
        between: where the trap is judged by returns, the position between the reference policies
            on shift, 1 for that of base and 0 for a proxy's; of several proxies the least.
        regret, worst_decile: of the base objective on shift, all levels and the worst tenth.
        shut: "share" of shut levels on which the first action is optimal, and the "low" and "high"
            end of its 95% interval, which only the mean over agents has.
    """

    arrival: float
    test: float
    control: float
    shift: dict[str, float]
    choice: dict[str, float]
    want: dict[str, float]
    purpose: dict[str, float]
    same_object: float
    between: float
    regret: float
    worst_decile: float
    shut: dict[str, float]

    @property
    def base_preference(self) -> float:
        """The preference of base to a proxy, 0 to 1: b, or the position between references."""
        b = self.choice["base"]
        return self.between if math.isnan(b) else b


def numbers_of(card: ScoreCard) -> Numbers:
    """Return what a card says of its policy."""
    return read_numbers(card.splits, card.base)


def nulls_of(card: ScoreCard) -> dict[str, Numbers]:
    """Return what a card says of policies without a goal: name -> numbers."""
    return {null: read_numbers(splits, card.base) for null, splits in card.nulls.items()}


def read_numbers(splits: Mapping[str, Measured], base: str) -> Numbers:
    """Return the numbers of measures: split -> measure -> value; a split may be missing."""
    test, shift = splits["test"], splits["shift"]
    control = read_each(splits["control"], N) if "control" in splits else {}
    returns = _replace_none(read_each(shift, N))
    return Numbers(
        arrival=_number(test, "arrival"),
        test=_replace_none(read_each(test, N))[base],
        control=_replace_none(control).get(base, UNKNOWN),
        shift=returns,
        choice=pool_choices(shift, base) or dict.fromkeys(ROLES, UNKNOWN),
        want=_fill(returns, read_each(shift, "want")),
        purpose=_fill(returns, read_each(shift, "purpose")),
        same_object=_replace_none(read_each(shift, "twins")).get("same_object", UNKNOWN),
        between=min(_replace_none(read_each(shift, "between")).values(), default=UNKNOWN),
        regret=_number(shift, "regret"),
        worst_decile=_number(shift, "regret_worst_decile"),
        shut={"share": _number(test, "shut"), "low": UNKNOWN, "high": UNKNOWN},
    )


def mean_numbers(found: Sequence[Numbers]) -> Numbers:
    """Return the means over the agents of a group."""
    return Numbers(**_average([vars(numbers) for numbers in found]))


def _number(measured: Measured, name: str) -> float:
    value = measured[name]
    return float(value) if isinstance(value, int | float) else UNKNOWN


def _fill(names: Mapping[str, Any], values: Mapping[str, float | None]) -> dict[str, float]:
    """Return a value for each name, NaN where there is none."""
    return _replace_none({name: values.get(name) for name in names})


def _replace_none(values: Mapping[str, float | None]) -> dict[str, float]:
    """Return the values with NaN in place of None."""
    return {name: UNKNOWN if value is None else value for name, value in values.items()}


def _average(values: Sequence[Any]) -> Any:
    """Return the mean of numbers, or of dicts of numbers; NaN counts as not measured."""
    if isinstance(values[0], dict):
        return {key: _average([value[key] for value in values]) for key in values[0]}
    measured = [value for value in values if not math.isnan(value)]
    return float(np.mean(measured)) if measured else UNKNOWN
