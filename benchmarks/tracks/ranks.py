"""Places of methods that are ranked by a number: which of them stand apart."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mesa_gym.engine import Ints
from mesa_gym.report.intervals import Floats, Values, strata_of

# Of a value: no number of levels gives a smaller difference, but floating point does.
DIGITS = 8


def rank_places(values: Sequence[Values]) -> list[int]:
    """Return the places of methods that are sorted by value, the best first.

    A method shares the place of the best one from which it does not stand apart.

    Args:
        values: as of ``find_apart``.
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
    few seeds happen to be alike, and by that which most methods have, the median of those that vary
    at all. A mean would let a single method whose seeds differ on purpose blur all places.

    Args:
        values: for each method, and for each of the same tasks, one number a seed. What is
            compared is the sum over tasks of the means over seeds: tasks that weigh less than
            others are multiplied by their weights.
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
    """Return p of each pair of methods, 1 where one of them has a single seed on a task."""
    from scipy.special import stdtr

    seeds = np.array([[len(task) for task in method] for method in values])
    total = np.array([sum(task.mean() for task in method) for method in values])
    squares = np.array([[len(task) * task.var() for task in method] for method in values])
    free = np.maximum(seeds - 1, 1)
    all_free = np.maximum((seeds - 1).sum(axis=0), 1)
    own, pooled = squares / free / seeds, _find_usual(squares / free) / seeds
    apart = np.abs(total[one] - total[other])
    apart = np.where(apart > 0.5 * 10.0**-DIGITS, apart, 0.0)

    def test(parts: Floats, inverse: Floats) -> Floats:
        """Return p by the methods' parts of the variance, and by Satterthwaite's denominator."""
        variance = parts.sum(axis=1)[one] + parts.sum(axis=1)[other]
        known = np.where(variance > 0, variance, 1.0)
        t = np.where(variance > 0, apart / known**0.5, np.where(apart > 0, np.inf, 0.0))
        freedom = known**2 / np.where(variance > 0, inverse, 1.0)
        return np.asarray(2 * stdtr(freedom, -t))

    # Sums over pairs are made of sums over methods: a table of pairs and tasks would be large.
    of_own, of_all = (own**2 / free).sum(axis=1), (pooled**2 / all_free).sum(axis=1)
    shared = 2 * (pooled / all_free @ pooled.T)[one, other]
    larger = np.maximum(
        test(own, of_own[one] + of_own[other]),
        test(pooled, of_all[one] + of_all[other] + shared),
    )
    lone = seeds.min(axis=1) < 2
    return np.where(lone[one] | lone[other], 1.0, larger)


def _find_usual(variances: Floats) -> Floats:
    """Return the median over methods of each task's variances above 0, (tasks,); 0 for none."""
    known = np.ma.masked_less_equal(variances, 0.0)
    return np.asarray(np.ma.median(known, axis=0).filled(0.0), dtype=np.float64)
