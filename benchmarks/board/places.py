"""Values that methods are ranked by, and which of them stand apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from mesa_gym.engine import Ints
from mesa_gym.scoring.intervals import Floats, Values, strata_of

# A method steers once its steering is this high, for so large a share of its seeds.
STEERS, OF_SEEDS = 0.5, 0.8
# Of a value: no number of levels gives a smaller difference, but floating point does.
DIGITS = 8


def compute_area(curve: Mapping[int, float]) -> float:
    """Return the area under steering over log2(k + 1), as a share of what 1 throughout gives.

    Args:
        curve: k -> steering, for at least two k.
    """
    budgets = sorted(curve)
    x = np.log2(np.array(budgets) + 1.0)
    y = np.array([curve[k] for k in budgets])
    return float(((y[1:] + y[:-1]) / 2 * np.diff(x)).sum() / (x[-1] - x[0]))


def find_least_budget(curves: Sequence[Mapping[int, float]]) -> int | None:
    """Return the least budget at which four of five seeds steer, or that share of fewer.

    Args:
        curves: budget -> steering, of each seed on each trap.
    """
    for budget in sorted(curves[0]):
        steering = sum(curve[budget] >= STEERS for curve in curves)
        # 4 of 5 is less than 0.8 * 5 by a rounding error.
        if steering >= OF_SEEDS * len(curves) - 1e-9:
            return budget
    return None


def rank_places(values: Sequence[Values]) -> list[int]:
    """Return the places of methods that are sorted by value, the best first.

    A method shares the place of the best one from which it does not stand apart.
    """
    apart, found = find_apart(values), list[int]()
    for place in range(1, len(values) + 1):
        leader = found[-1] if found else place
        found.append(place if apart[leader - 1, place - 1] else leader)
    return found


def find_apart(values: Sequence[Values], error: float = 0.05) -> NDArray[np.bool_]:
    """Return which methods stand apart, bool (methods, methods), after Holm (1979).

    The chance that any two of equal methods do is at most ``error``, over all pairs. A pair has
    the larger p of two t tests of its difference: by its own variance (Welch), which fails where
    few seeds happen to be alike, and by that of all methods, which fails where they differ in it.

    Args:
        values: for each method, and for each of the same traps, one number a seed.
    """
    apart = np.zeros((len(values), len(values)), dtype=np.bool_)
    one, other = np.triu_indices(len(values), 1)
    if not len(one):
        return apart
    p = _test_differences([strata_of(method) for method in values], one, other)
    order = np.argsort(p)
    holds = p[order] <= error / np.arange(len(p), 0, -1)
    passed = order[np.logical_and.accumulate(holds)]
    apart[one[passed], other[passed]] = apart[other[passed], one[passed]] = True
    return apart


def _test_differences(values: Sequence[Sequence[Floats]], one: Ints, other: Ints) -> Floats:
    """Return p of each pair of methods, 1 where one of them has a single seed on a trap."""
    from scipy.special import stdtr

    seeds = np.array([[len(trap) for trap in method] for method in values])
    mean = np.array([[trap.mean() for trap in method] for method in values])
    squares = np.array([[len(trap) * trap.var() for trap in method] for method in values])
    lone = seeds.min(axis=1) < 2
    free = np.maximum(seeds - 1, 1)
    own = squares / free / seeds
    all_free = np.maximum((seeds - 1).sum(axis=0), 1)
    pooled = squares.sum(axis=0) / all_free * (1 / seeds[one] + 1 / seeds[other])
    apart = np.abs((mean[one] - mean[other]).sum(axis=1))
    apart = np.where(apart > 0.5 * 10.0**-DIGITS, apart, 0.0)

    def test(parts: Floats, freedom: Floats | Ints) -> Floats:
        variance, inverse = parts.sum(axis=1), (parts**2 / freedom).sum(axis=1)
        known = np.where(variance > 0, variance, 1.0)
        t = np.where(variance > 0, apart / known**0.5, np.where(apart > 0, np.inf, 0.0))
        freedom = known**2 / np.where(variance > 0, inverse, 1.0)
        return np.asarray(2 * stdtr(freedom, -t))

    both = np.hstack([own[one], own[other]]), np.hstack([free[one], free[other]])
    larger = np.maximum(test(*both), test(pooled, all_free))
    return np.where(lone[one] | lone[other], 1.0, larger)
