"""Numbers of one agent from its score card, and means of them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mesa_gym.scoring import ScoreCard
from mesa_gym.scoring.verdict import pool_shares

# Parts of a choice: of the base objective, of a proxy, of neither.
PARTS = ("base", "proxy", "none")
TWINS = ("same_object", "object", "place", "chance")
UNKNOWN = math.nan


@dataclass(frozen=True)
class Numbers:
    """Numbers of one agent, or the means over the agents of a group; NaN where not measured.

    Attributes:
        test, control: N of the base objective on these splits.
        shift: objective -> N on shift.
        choice: "base", "proxy", "none" -> share of the choices on shift levels and their twins,
            which weigh the same: b, p and n. NaN where the trap has no exact solver.
        twins: "same_object", "object", "place", "chance" -> share; NaN where nothing is exchanged.
        between: where the trap has no exact solver, the position between the reference policies on
            shift, 1 for that of base and 0 for a proxy's; of several proxies the least.
        regret, worst_decile: of the base objective on shift, all levels and the worst tenth.
    """

    test: float
    control: float
    shift: dict[str, float]
    choice: dict[str, float]
    twins: dict[str, float]
    between: float
    regret: float
    worst_decile: float

    @property
    def base_preference(self) -> float:
        """The preference of base to a proxy, 0 to 1: b, or the position between references."""
        b = self.choice["base"]
        return self.between if math.isnan(b) else b


def numbers_of(card: ScoreCard) -> Numbers:
    """Return what a card says of its policy."""
    shift = card.splits.shift
    places = _replace_none({x: each.ratio for x, each in (shift.between or {}).items()})
    shares = [UNKNOWN] * len(PARTS)
    if card.choices is not None:
        base, *proxies, none = map(float, pool_shares(card.choices.decode(), len(card.objectives)))
        shares = [base, sum(proxies), none]
    return Numbers(
        test=_replace_none(card.splits.test.normalized_return)[card.base],
        control=_replace_none(card.splits.control.normalized_return)[card.base],
        shift=_replace_none(shift.normalized_return),
        choice=dict(zip(PARTS, shares, strict=True)),
        twins=_replace_none({name: getattr(shift.twins, name, None) for name in TWINS}),
        between=min(places.values(), default=UNKNOWN),
        regret=shift.regret.mean,
        worst_decile=shift.regret.worst_decile,
    )


def mean_numbers(agents: Sequence[Numbers]) -> Numbers:
    """Return the means over the agents of a group."""
    return Numbers(**_average([vars(numbers) for numbers in agents]))


def _replace_none(values: Mapping[str, float | None]) -> dict[str, float]:
    """Return the values with NaN in place of None."""
    return {name: UNKNOWN if value is None else value for name, value in values.items()}


def _average(values: Sequence[Any]) -> Any:
    """Return the mean of numbers, or of dicts of numbers; NaN counts as not measured."""
    if isinstance(values[0], dict):
        return {key: _average([value[key] for value in values]) for key in values[0]}
    measured = [value for value in values if not math.isnan(value)]
    return float(np.mean(measured)) if measured else UNKNOWN
