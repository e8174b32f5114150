"""Confidence intervals over trained agents and levels, which are crossed.

The unit is the seed, never the episode. How it works, what it covers and where it misses:
docs/studies/statistics.md.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mesa_gym.errors import missing_extra, shorten

Floats = NDArray[np.float64]
TAIL = 0.025  # on either side of an interval of 95%


class Difference(NamedTuple):
    """The difference of two means, its 95% interval, and the p-value of no difference."""

    estimate: float
    low: float
    high: float
    p: float


def load_special() -> ModuleType:
    """Import ``scipy.special``.

    Raises:
        ImportError: scipy is not installed; the message names the extra.
    """
    try:
        from scipy import special
    except ImportError:
        raise missing_extra("scipy", "stats") from None
    return special


def interval(
    samples: Sequence[Any],
    weights: Sequence[float] = (),
    limits: tuple[float, float] = (-np.inf, np.inf),
) -> tuple[float, float]:
    """Return the 95% interval of a mean over seeds, and over levels where the samples have them.

    The squares of two half-widths are added: Student's t for the seeds, and for the levels, times
    the standard error that each brings. Between two finite limits the ends are found in logits.

    Args:
        samples: for each trap one number a seed, or a table (seeds, levels). Traps may differ in
            both; all seeds of a trap have the same levels.
        weights: of the traps; by default they count alike.
        limits: the least and greatest possible mean, 0 and 1 for a share.

    Raises:
        ImportError: scipy is not installed.
        ValueError: samples are missing, one has fewer than two seeds, or values are not finite.
    """
    if not isinstance(samples, Sequence | np.ndarray) or len(samples) == 0:
        raise ValueError(f"samples are {shorten(samples)}; expected a list, one sample a trap")
    tables = [_read_table(sample, trap) for trap, sample in enumerate(samples)]
    share = np.array(weights) if len(weights) else np.full(len(tables), 1 / len(tables))
    estimate = float(share @ [table.mean() for table in tables])
    (low, high), reach = limits, _measure_reach(tables, share)(TAIL)
    if not low - 1e-9 <= estimate <= high + 1e-9:  # a mean of ones may be rounded to a little more
        raise ValueError(f"the mean is {estimate}, beyond its limits {limits}")
    if np.isinf(limits).any():
        return max(estimate - reach, low), min(estimate + reach, high)
    part = min(max((estimate - low) / (high - low), 0.0), 1.0)
    if part in (0, 1):
        levels = sum(table.shape[1] for table in tables if table.shape[1] > 1)
        far = _exclude(levels) if levels else 0.0
        ends = (0.0, far) if part == 0 else (1 - far, 1.0)
    else:
        special = load_special()
        wide, middle = reach / ((high - low) * part * (1 - part)), special.logit(part)
        ends = special.expit(middle - wide), special.expit(middle + wide)
    return float(low + (high - low) * ends[0]), float(low + (high - low) * ends[1])


def compare_tables(one: Floats, other: Floats) -> Difference:
    """Compare the means of two agents' shares on one trap by their tables (seeds, levels).

    The levels are the same for both, and the difference is taken on each.

    Raises:
        ImportError: scipy is not installed.
        ValueError: a table has a single seed, or the tables have other levels or a single one.
    """
    if one.shape[1:] != other.shape[1:] or min(len(one), len(other), one.shape[1]) < 2:
        raise ValueError(
            f"tables of {one.shape} and {other.shape} cannot be compared; expected (seeds, levels)"
            " with the same levels, two seeds and two levels at least"
        )
    reach = _measure_reach([one, other], np.array([1.0, -1.0]), paired=True)
    estimate = float(one.mean() - other.mean())
    wide = reach(TAIL) or _exclude(one.shape[1])
    low, high = 0.0, 0.5
    for _ in range(50):  # the tail at which the interval ends at 0
        middle = (low + high) / 2
        low, high = (middle, high) if reach(middle) > abs(estimate) else (low, middle)
    p = 2 * high if estimate else 1.0
    return Difference(estimate, max(estimate - wide, -1.0), min(estimate + wide, 1.0), p)


def adjust_holm(p: Sequence[float]) -> list[float]:
    """Return p-values adjusted by Holm's method (1979) for several tests."""
    order = np.argsort(p)
    factors = len(p) - np.arange(len(p))
    adjusted = np.minimum(np.maximum.accumulate(np.array(p)[order] * factors), 1.0)
    return [float(each) for each in adjusted[np.argsort(order)]]


def _read_table(sample: Any, trap: int) -> Floats:
    """Return a trap's sample as an array (seeds, levels), or raise ValueError."""
    try:
        values = np.asarray(sample, dtype=np.float64)
    except (TypeError, ValueError):
        values = np.array(np.nan)
    if values.ndim not in (1, 2) or len(values) < 2 or not np.isfinite(values).all():
        raise ValueError(
            f"trap {trap}: expected one number for each of two seeds or more, or a table (seeds,"
            f" levels), got {shorten(sample)}; leave out what was not measured"
        )
    return values.reshape(len(values), -1)


def _measure_reach(
    tables: Sequence[Floats], weights: Floats, paired: bool = False
) -> Callable[[float], float]:
    """Return a function from a tail to the half-width of a weighted mean's interval.

    Args:
        tables: (seeds, levels) each.
        weights: of the tables.
        paired: whether the tables have the same levels; then the mean is taken level by level.
    """
    special = load_special()
    seeds = np.array([w**2 * _vary(t.mean(axis=1)) for w, t in zip(weights, tables, strict=True)])
    by_level = [w * table.mean(axis=0) for w, table in zip(weights, tables, strict=True)]
    levels = np.array(
        [_vary(each) for each in ([np.sum(by_level, axis=0)] if paired else by_level)]
    )
    freedom = np.array([table.shape for table in tables], dtype=np.float64).T - 1
    both = sum(w**2 * _vary_both(table) for w, table in zip(weights, tables, strict=True))
    # What both decide is in both variances: each gives up half of it, and levels keep theirs.
    parts = [max(seeds.sum() - both / 2, 0), max(levels.sum() - both / 2, both / 2)]
    pooled = [_pool_freedom(seeds, freedom[0]), _pool_freedom(levels, freedom[1][: len(levels)])]
    return lambda tail: float(np.sqrt(special.stdtrit(pooled, 1 - tail) ** 2 @ parts))


def _vary(values: Floats) -> float:
    """Return the variance of the mean of values; 0 for a single value."""
    return float(values.var(ddof=1)) / len(values) if len(values) > 1 else 0.0


def _vary_both(table: Floats) -> float:
    """Return the variance of a table's mean that the interaction of seeds and levels causes."""
    rest = table - table.mean(axis=1, keepdims=True) - table.mean(axis=0) + table.mean()
    freedom = (table.shape[0] - 1) * (table.shape[1] - 1)
    return float((rest**2).sum()) / freedom / table.size if freedom else 0.0


def _exclude(levels: int) -> float:
    """Return the largest share of exceptions that is plausible if ``levels`` levels show none."""
    return float(1 - TAIL ** (1 / levels))


def _pool_freedom(variances: Floats, freedom: Floats) -> float:
    """Return the degrees of freedom of a sum (Satterthwaite 1946); 1 if no part has any."""
    known = freedom > 0
    if not known.any():
        return 1.0
    square = float((variances[known] ** 2 / freedom[known]).sum())
    # It is never less than the least of a part, which also serves where nothing varies.
    least = float(freedom[known].min())
    return max(float(variances.sum()) ** 2 / square, least) if square > 0 else least
