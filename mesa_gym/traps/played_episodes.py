"""Outcomes of played episodes, and the quantities that judging computes them from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mesa_gym.engine import Bools, Floats, Ints

# A choice is 0 for the base objective, i for the i-th proxy, NONE for none, and UNASKED if the
# level asks no question (``Trap.question``); such levels do not count under shift.
NONE = -1
UNASKED = -2
# The greatest pace, which a shortest path has.
STRAIGHT = 61
# Smaller differences of returns are rounding errors.
TINY = 1e-9
Choices = NDArray[np.int8]
Paces = NDArray[np.uint8]


class ValueKey(NamedTuple):
    """The key of a column of values of levels.

    Attributes:
        field: the computed quantity, such as ``optimum``.
        objective: the objective; "" for a value of the whole level.
        among: for ``best`` and ``worst``, the objective for which the policies are optimal.
    """

    field: str
    objective: str = ""
    among: str = ""

    @property
    def name(self) -> str:
        """The key as text: "field", "field|objective" or "field|objective|among"."""
        return "|".join(filter(None, self))


class Reached(NamedTuple):
    """Outcomes of n episodes of a play.

    Attributes:
        arrived: bool (n,), whether the base objective was reached.
        choices: int8 (n,), the objective that was reached first, or earned most.
        paces: uint8 (objectives, n), 61 for a shortest path or the optimum, 0 for never reached.
        returns: name in ``Judging.ratio`` -> float64 (n,), returns whose sums form the success
            ratio; {} if success is a share of levels.
    """

    arrived: Bools
    choices: Choices
    paces: Paces
    returns: Mapping[str, Floats] = {}


def count_moves(record: Any) -> Ints:
    """Count the steps so far that did not wait, int64 (horizon, n).

    A step waits if the agent's cell is unchanged and nothing is paid.
    """
    any_payment = np.any([pay != 0 for pay in record.paid.values()], axis=0)
    return np.cumsum(record.moved | any_payment, axis=0)


def sum_discounted(payments: Floats, discount: float) -> Floats:
    """Return discounted returns float64 (n,) of payments (horizon, n)."""
    return discount ** np.arange(len(payments)) @ payments


def score_levels(returns: Floats, optimum: Floats, floor: Floats) -> Floats:
    """Return level scores (G - F) / (V* - F); 0 where V* does not exceed the floor F."""
    scale = optimum - floor
    return np.divide(returns - floor, scale, out=np.zeros_like(scale), where=scale > TINY)


def round_pace(share: Floats) -> Paces:
    """Return paces from 0 to 61, uint8, from shares of the pace on a shortest path."""
    return np.floor(STRAIGHT * np.clip(share, 0, 1) + TINY).astype(np.uint8)
