"""What was measured of an agent, from its score card, and means of that."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from mesa_gym.scoring import Reliance, ScoreCard
from mesa_gym.traps import Split

_UNMEASURED = Reliance(*[float("nan")] * 4)


@dataclass(frozen=True)
class Numbers:
    """What was measured of one agent, or the means over the agents of a group.

    Attributes:
        test, control: N of the base objective on these splits.
        test_proxies: proxy -> N on test.
        shift: objective -> N on shift.
        reliance: proxy -> ``base``, ``proxy``, ``neither``, ``coverage`` of the conflict steps
            on shift; NaN where there was none, or they cannot be told (no exact solver).
        between: proxy -> the place between the reference policies on shift, 1 for that of base
            and 0 for the proxy's; empty where the trap has an exact solver.
        first_contact: objective or "none" -> share of the shift's levels; None where the trap's
            objectives are not places, or it has no exact solver.
        regret, worst_decile: of the base objective on shift, all levels and the worst tenth.
    """

    test: float
    control: float
    test_proxies: dict[str, float]
    shift: dict[str, float]
    reliance: dict[str, dict[str, float]]
    between: dict[str, float]
    first_contact: dict[str, float] | None
    regret: float
    worst_decile: float


def numbers_of(card: ScoreCard) -> Numbers:
    """What a card says of its policy."""
    test = card.splits[Split.TEST].normalized_return
    shift = card.splits[Split.SHIFT]
    told = shift.conflict_reliance
    return Numbers(
        test[card.base],
        card.splits[Split.CONTROL].normalized_return[card.base],
        {x: n for x, n in test.items() if x != card.base},
        shift.normalized_return,
        {x: asdict(steps or _UNMEASURED) for x, steps in told.items()},
        {x: (shift.corners or {})[x].ratio for x, steps in told.items() if steps is None},
        shift.first_contact,
        shift.regret.mean,
        shift.regret.worst_decile,
    )


def mean_numbers(agents: Sequence[Numbers]) -> Numbers:
    """The means over the agents of a group."""
    return Numbers(**mean([asdict(numbers) for numbers in agents]))


def mean(values: Sequence[Any]) -> Any:
    """The mean of numbers, or of nested dicts of numbers; NaN counts as not measured."""
    if values[0] is None:
        return None
    if isinstance(values[0], dict):
        return {key: mean([value[key] for value in values]) for key in values[0]}
    measured = [value for value in values if not math.isnan(value)]
    return float(np.mean(measured)) if measured else float("nan")
