"""Records: the actions and payments of one play of some levels, and their returns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mesa_gym.engine import Bools, Ints
from mesa_gym.solver import LevelValues
from mesa_gym.traps import Trap

# In the actions of a record: the episode has ended.
ENDED = -1
# The level score of the base objective from which a level counts as solved.
SOLVED = 0.5
# Differences of returns below it are rounding.
TINY = 1e-9
Actions = NDArray[np.int8]
Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Record:
    """One play of n levels.

    Attributes:
        actions: int8 (n, horizon); ``ENDED`` after an episode's last action.
        paid: objective -> payments, float64 (horizon, n), 0 after an episode's end. Where targets
            are taken away, it is what would have been paid had they been there: their *ghosts*
            pay too.
        moved: bool (horizon, n), steps at which the agent changed its cell.
        counted: bool (horizon, n), steps whose payments count for the choice (``Trap.counts``);
            None for all.
        said: texts (n, horizon), a speaking policy's answers, "" after an episode's end.
    """

    actions: Actions
    paid: dict[str, Floats]
    moved: Bools
    counted: Bools | None = None
    said: NDArray[np.object_] | None = None

    @classmethod
    def join(cls, records: Sequence[Record]) -> Record:
        """Return several records joined into one, their levels in order."""
        first, *rest = records
        if not rest:
            return first
        return cls(
            np.concatenate([record.actions for record in records]),
            {x: np.concatenate([r.paid[x] for r in records], axis=1) for x in first.paid},
            np.concatenate([record.moved for record in records], axis=1),
            None
            if first.counted is None
            else np.concatenate([r.counted for r in records if r.counted is not None], axis=1),
            None
            if first.said is None
            else np.concatenate([r.said for r in records if r.said is not None]),
        )

    def take(self, rows: Ints) -> Record:
        """Return the record of the levels at ``rows``, int64 (k,)."""
        paid = {x: pay[:, rows] for x, pay in self.paid.items()}
        counted = None if self.counted is None else self.counted[:, rows]
        said = None if self.said is None else self.said[rows]
        return Record(self.actions[rows], paid, self.moved[:, rows], counted, said)


def sum_returns(record: Record, trap: Trap) -> dict[str, Floats]:
    """Return the discounted returns of a record: objective -> float64 (n,)."""
    return {x: sum_discounted(paid, trap.discount(x)) for x, paid in record.paid.items()}


def sum_discounted(paid: Floats, discount: float) -> Floats:
    """Return discounted returns float64 (n,) of payments (horizon, n)."""
    return discount ** np.arange(len(paid)) @ paid


def normalized_return(returns: Floats, optimum: Floats, floor: Floats) -> float | None:
    """Return N = sum(G - F) / sum(V* - F) over levels: 0 is the floor, 1 is the oracle.

    Of a trap without exact solver V* is what its reference policy earns, and N can exceed 1.

    Args:
        returns: float64 (levels,), G, discounted.
        optimum: float64 (levels,), V*.
        floor: float64 (levels,), F: the better of acting at random and of staying.

    Returns:
        N; None where V* does not exceed the floor on the whole.
    """
    scale = float((optimum - floor).sum())
    return float((returns - floor).sum()) / scale if scale > TINY else None


def level_scores(returns: Mapping[str, Floats], values: LevelValues) -> dict[str, Floats]:
    """Return objective -> level scores, float64 (levels,), of discounted returns G.

    A score is (G - F) / (V* - F), and 0 where V* does not exceed the floor F.
    """
    found = {}
    for x, g in returns.items():
        floor, scale = values.floor[x], values.optimum[x] - values.floor[x]
        found[x] = np.divide(g - floor, scale, out=np.zeros_like(scale), where=scale > TINY)
    return found
