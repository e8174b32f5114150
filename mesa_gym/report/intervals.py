"""Intervals and tests for trained agents, with crossed seeds and levels.

The unit is the seed, never the episode. The study "Statistics over trained agents" documents the
methods, their coverage and their limits.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from itertools import combinations
from math import comb
from types import ModuleType
from typing import NamedTuple

import numpy as np

from mesa_gym.engine import Bools, Floats
from mesa_gym.errors import require_extra, shorten

TAIL = 0.025  # the probability on either side of a 95% interval
MOST_SPLITS = 5000  # if there are more permutations of the seeds, this many are sampled
# Added to a standard error, so that nearly equal seeds do not give an infinite statistic.
FLOOR = 0.01


class Difference(NamedTuple):
    """The difference of two means, its 95% interval, and the p-value of no difference."""

    estimate: float
    low: float
    high: float
    p: float


def load_special() -> ModuleType:
    """Import ``scipy.special``; ImportError, with the extra's name, if it is absent."""
    with require_extra("stats"):
        from scipy import special
    return special


def interval(sample: object, share: bool = False) -> tuple[float, float]:
    """Return the 95% interval of a mean over seeds, and over levels if the sample has levels.

    The squared half-width is the sum of two squares: Student's t times the standard error of the
    seeds, and Student's t times the standard error of the levels.

    Args:
        sample: one number per seed, or a table (seeds, levels).
        share: whether the values are shares, 0 to 1; the ends are then computed in logits.

    Raises:
        ImportError: scipy is not installed.
        ValueError: the sample has fewer than two seeds, or a value is not finite or not a share.
    """
    table = _read_table(sample)
    if share:
        _require_shares(table)
    estimate, reach = float(table.mean()), _measure_reach(table)(TAIL)
    if not share:
        return estimate - reach, estimate + reach
    part = min(max(estimate, 0.0), 1.0)
    if part in (0, 1):
        far = _exclude(table.shape[1]) if table.shape[1] > 1 else 0.0
        return (0.0, far) if part == 0 else (1 - far, 1.0)
    special = load_special()
    wide, middle = reach / (part * (1 - part)), special.logit(part)
    return float(special.expit(middle - wide)), float(special.expit(middle + wide))


def compare_tables(one: Floats, other: Floats) -> Difference:
    """Compare the mean shares of two agents on one trap by their tables (seeds, levels).

    Both tables have the same levels, and the difference is computed level by level.

    Raises:
        ImportError: scipy is not installed.
        ValueError: a table has a single seed or level, the numbers of levels differ, or a value is
            not a share.
    """
    if one.shape[1:] != other.shape[1:] or min(len(one), len(other), one.shape[1]) < 2:
        raise ValueError(
            f"tables of {one.shape} and {other.shape} cannot be compared; expected (seeds, levels)"
            " with the same levels, two seeds and two levels at least"
        )
    _require_shares(one, other)
    reach = _measure_reach(one, other)
    estimate = float(one.mean() - other.mean())
    wide = reach(TAIL) or _exclude(one.shape[1])
    low, high = 0.0, 0.5
    for _ in range(50):  # bisect for the tail at which the interval ends at 0
        middle = (low + high) / 2
        low, high = (middle, high) if reach(middle) > abs(estimate) else (low, middle)
    p = 2 * high if estimate else 1.0
    return Difference(estimate, max(estimate - wide, -1.0), min(estimate + wide, 1.0), p)


def _read_table(sample: object) -> Floats:
    """Return a sample as an array (seeds, levels), or raise ValueError."""
    try:
        values = np.asarray(sample, dtype=np.float64)
    except (TypeError, ValueError):
        values = np.array(np.nan)
    if values.ndim not in (1, 2) or len(values) < 2 or not np.isfinite(values).all():
        raise ValueError(
            "expected one number for each of two seeds or more, or a table (seeds, levels), got"
            f" {shorten(sample)}; leave out what was not measured"
        )
    return values.reshape(len(values), -1)


def _require_shares(*tables: Floats) -> None:
    """Raise ValueError if a value is not a share; rounding may leave a little more than 1."""
    for table in tables:
        bad = ~((table >= -1e-9) & (table <= 1 + 1e-9))  # also NaN
        if bad.any():
            seed, *level = np.argwhere(bad)[0].tolist()
            place = f"seed {seed}" + (f", level {level[0]}" if table.shape[-1] > 1 else "")
            raise ValueError(
                f"{table[bad][0]:g} ({place}) is not a share; expected values from 0 to 1. For"
                " other numbers leave share=True out"
            )


def _measure_reach(*tables: Floats) -> Callable[[float], float]:
    """Return a function that maps a tail probability to the half-width of a mean's interval.

    Args:
        tables: one table (seeds, levels), for the interval of its mean; or two with the same
            levels, for the interval of their mean difference.
    """
    special = load_special()
    seeds = np.array([_vary(table.mean(axis=1)) for table in tables])
    first, *other_means = (table.mean(axis=0) for table in tables)
    levels = np.array([_vary(first - other_means[0] if other_means else first)])
    freedom = np.array([table.shape for table in tables], dtype=np.float64).T - 1
    both = sum(map(_vary_both, tables))
    # Both variances contain the interaction, so half of it is subtracted from each. The variance of
    # levels stays at least half of the interaction.
    parts = [max(seeds.sum() - both / 2, 0), max(levels.sum() - both / 2, both / 2)]
    pooled = [_pool_freedom(seeds, freedom[0]), _pool_freedom(levels, freedom[1][:1])]
    return lambda tail: float(np.sqrt(special.stdtrit(pooled, 1 - tail) ** 2 @ parts))


def _vary(values: Floats) -> float:
    """Return the variance of the mean of values; 0 for a single value."""
    return float(values.var(ddof=1)) / len(values) if len(values) > 1 else 0.0


def _vary_both(table: Floats) -> float:
    """Return the variance of a table's mean from the interaction of seeds and levels."""
    rest = table - table.mean(axis=1, keepdims=True) - table.mean(axis=0) + table.mean()
    freedom = (table.shape[0] - 1) * (table.shape[1] - 1)
    return float((rest**2).sum()) / freedom / table.size if freedom else 0.0


def _exclude(levels: int) -> float:
    """Return the largest share of exceptions that is plausible if ``levels`` levels show none."""
    return float(1 - TAIL ** (1 / levels))


def _pool_freedom(variances: Floats, freedom: Floats) -> float:
    """Return the degrees of freedom of a sum (Satterthwaite 1946); 1 if no part has any."""
    has_freedom = freedom > 0
    if not has_freedom.any():
        return 1.0
    square = float((variances[has_freedom] ** 2 / freedom[has_freedom]).sum())
    # The sum has at least as many degrees of freedom as its smallest part, also without variance.
    least = float(freedom[has_freedom].min())
    return max(float(variances.sum()) ** 2 / square, least) if square > 0 else least


# -- p over several traps --------------------------------------------------------------------------


def adjust_holm(p: Sequence[float]) -> list[float]:
    """Return p-values adjusted by Holm's method (1979) for several tests."""
    order = np.argsort(p)
    factors = len(p) - np.arange(len(p))
    adjusted = np.minimum(np.maximum.accumulate(np.array(p)[order] * factors), 1.0)
    return [float(p_value) for p_value in adjusted[np.argsort(order)]]


def adjust_by_permutation(pairs: Sequence[tuple[Floats, Floats]]) -> list[float]:
    """Return p-values from a permutation test, adjusted to control the family-wise error rate.

    If two agents do not differ, the assignment of seeds to agents is random, whatever the
    distribution of seeds (also if it has several modes). So p is valid for few seeds, without the
    assumptions of a t test. Stepping down from the largest difference (Westfall and Young 1993),
    the tails of all remaining traps are added, which is valid for any dependence between traps.

    Args:
        pairs: for each trap, the seeds' means of both agents, each float64 (seeds,).
    """
    permuted = [_permute(*pair) for pair in pairs]
    order = sorted(range(len(permuted)), key=lambda at: -permuted[at][0])
    adjusted, least = [1.0] * len(permuted), 0.0
    for step, at in enumerate(order):
        tails = [np.mean(permuted[other][1] >= permuted[at][0]) for other in order[step:]]
        least = max(least, min(float(np.sum(tails)), 1.0))
        adjusted[at] = least
    return adjusted


def _permute(one: Floats, other: Floats) -> tuple[float, Floats]:
    """Return the studentized difference, and its values for all permutations of the seeds."""
    values = np.concatenate([one, other])
    sizes = _share(values, _split(len(one), len(values)))
    return float(sizes[0]) - 1e-9, sizes


@cache
def _split(first: int, seeds: int) -> Bools:
    """Return selections of ``first`` seeds for one agent, bool (ways, seeds); row 0 is observed."""
    if comb(seeds, first) <= MOST_SPLITS:
        chosen = np.array([*combinations(range(seeds), first)])
    else:
        rng = np.random.default_rng(seeds)
        drawn = rng.random((MOST_SPLITS - 1, seeds)).argsort(axis=1)[:, :first]
        chosen = np.concatenate([np.arange(first)[None], drawn])
    ways = np.zeros((len(chosen), seeds), dtype=bool)
    np.put_along_axis(ways, chosen, True, axis=1)
    return ways


def _share(values: Floats, ways: Bools) -> Floats:
    """Return the absolute difference of means over its standard error per selection, (ways,)."""
    means, errors = [], []
    for side in (ways, ~ways):
        n = side[0].sum()
        mean = side @ values / n
        rest = side @ values**2 / n - mean**2
        means.append(mean)
        errors.append(np.maximum(rest, 0) / max(n - 1, 1))
    return np.abs(means[0] - means[1]) / (np.sqrt(errors[0] + errors[1]) + FLOOR)
