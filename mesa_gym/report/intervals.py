"""Confidence intervals over trained agents and levels: a jackknife of both, which are crossed.

The unit is the seed, never the episode.

How it works, what it covers and where it misses: docs/studies/statistics.md.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mesa_gym.engine import Ints
from mesa_gym.errors import missing_extra, shorten

Floats = NDArray[np.float64]
# One number a seed; or for each trap one number a seed, or a table (seeds, levels).
Values = Sequence[Any] | NDArray[Any]
Statistic = Callable[..., Floats]


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
    statistic: Statistic,
    *samples: Values,
    level: float = 0.95,
    limits: tuple[float, float] = (-np.inf, np.inf),
) -> tuple[float, float]:
    """Return the interval of a statistic over seeds, and over levels where the samples have them.

    The squares of two half-widths are added: Student's t for the seeds, and for the levels, times
    the standard error that each brings. Between two finite limits the ends are found in logits.

    Args:
        statistic: maps each sample's traps, arrays (..., seeds), to (...,).
        samples: what the statistic takes, such as ``interval(mean_over_traps, b)``. One number a
            seed; or for each trap one number a seed, or a table (seeds, levels), of which the
            statistic gets each seed's mean. Traps may differ in seeds and levels. All seeds of a
            trap have the same levels, and only one sample may have any.
        level: of the interval, between 0 and 1.
        limits: of what the statistic can be, 0 and 1 for a share.

    Returns:
        lower and upper end, the estimate between them.

    Raises:
        ValueError: a trap has no seed or a single one, of whose spread nothing is known, values
            are not finite numbers, or a bad level or limits.
    """
    special = load_special()
    if not 0 < level < 1:
        raise ValueError(f"level must lie between 0 and 1, got {level}")
    tables = [[_table(values) for values in strata_of(sample)] for sample in samples]
    if sum(any(table.shape[1] > 1 for table in sample) for sample in tables) > 1:
        raise ValueError("two samples have levels; give one number a seed in one of them")
    estimate = float(statistic(*([t.mean(axis=1) for t in sample] for sample in tables)))
    low, high = limits
    if not low - 1e-9 <= estimate <= high + 1e-9:  # a mean of ones may be rounded to a little more
        raise ValueError(f"the statistic is {estimate}, beyond its limits {limits}")
    seeds, levels = np.array([table.shape for sample in tables for table in sample]).T
    if seeds.min() < 2:
        raise ValueError(
            f"there is a single seed for trap {seeds.argmin()} of {len(seeds)}, whose spread is"
            " unknown; an interval needs two at least"
        )
    of_each = [
        _mean_squares(_leave_out(statistic, tables, at, trap))
        for at, sample in enumerate(tables)
        for trap in range(len(sample))
    ]
    of_seeds, of_levels, of_both = np.array(of_each).T
    # What both decide is in both mean squares: each gives up half of it, and levels keep theirs.
    half = of_both.sum() / 2
    parts = [max(of_seeds.sum() - half, 0), max(of_levels.sum() - half, half)]
    freedom = [_pool_freedom(of_seeds, seeds - 1), _pool_freedom(of_levels, levels - 1)]
    tail = (1 - level) / 2
    reach = np.sqrt(special.stdtrit(freedom, 1 - tail) ** 2 @ parts)
    if np.isinf(limits).any():
        return max(estimate - reach, low), min(estimate + reach, high)
    share = min(max((estimate - low) / (high - low), 0.0), 1.0)
    if share in (0, 1):
        # If so large a share of levels were otherwise, they would all be alike with this chance.
        far = 1 - tail ** (1 / levels.sum()) if levels.max() > 1 else 0.0
        ends = (0.0, far) if share == 0 else (1 - far, 1.0)
    else:
        reach /= (high - low) * share * (1 - share)
        logit, expit = special.logit(share), special.expit
        ends = expit(logit - reach), expit(logit + reach)
    return float(low + (high - low) * ends[0]), float(low + (high - low) * ends[1])


class Difference(NamedTuple):
    """The difference of two means, its 95% interval, and the p-value of no difference."""

    estimate: float
    low: float
    high: float
    p: float


def compare_tables(
    one: Sequence[Floats], other: Sequence[Floats], largest: float = 1.0
) -> Difference:
    """Compare two agents by tables (seeds, levels) of each trap, and their mean over traps.

    Seeds and levels are crossed. The levels of a trap are the same for both. As of
    ``interval``, the squares of two half-widths are added: of the seeds of all tables, and of the
    levels, on each of which the difference of means is taken.

    Args:
        one: a table for each trap.
        other: the same of the other agent, for the same traps.
        largest: size of a difference.

    Raises:
        ImportError: scipy is not installed.
        ValueError: a table has a single seed, or the tables have other levels or a single one.
    """
    special = load_special()
    of_seeds, seeds, of_levels, levels, both, gaps = [], [], [], [], 0.0, []
    for tables in zip(one, other, strict=True):
        _require_comparable(*tables)
        for table in tables:
            rest = table - table.mean(axis=1, keepdims=True) - table.mean(axis=0) + table.mean()
            freedom = (len(table) - 1) * (table.shape[1] - 1)
            both += float((rest**2).sum()) / freedom / table.size
            of_seeds.append(table.mean(axis=1).var(ddof=1) / len(table))
            seeds.append(len(table) - 1)
        gap = tables[0].mean(axis=0) - tables[1].mean(axis=0)
        of_levels.append(gap.var(ddof=1) / len(gap))
        levels.append(len(gap) - 1)
        gaps.append(float(gap.mean()))
    traps, estimate = len(gaps), float(np.mean(gaps))
    # What both decide is in both variances: each gives up half of it, and levels keep theirs.
    half = both / 2
    parts = np.array([max(sum(of_seeds) - half, 0.0), max(sum(of_levels) - half, half)]) / traps**2
    counted = [(of_seeds, seeds), (of_levels, levels)]
    freedoms = [_pool_freedom(np.array(v), np.array(n)) for v, n in counted]

    def reach(tail: float) -> float:
        return float(np.sqrt(special.stdtrit(freedoms, 1 - tail) ** 2 @ parts))

    wide, (low, high) = reach(0.025), (0.0, 0.5)
    for _ in range(50):  # the tail at which the interval ends at 0
        middle = (low + high) / 2
        low, high = (middle, high) if reach(middle) > abs(estimate) else (low, middle)
    if not wide:  # as of ``interval``, where all levels are alike
        wide = 1 - 0.025 ** (1 / (sum(levels) + traps))
    p = 2 * high if estimate else 1.0
    return Difference(estimate, max(estimate - wide, -largest), min(estimate + wide, largest), p)


def _require_comparable(one: Floats, other: Floats) -> None:
    if one.shape[1:] != other.shape[1:] or min(len(one), len(other), one.shape[1]) < 2:
        raise ValueError(
            f"tables of {one.shape} and {other.shape} cannot be compared; expected (seeds, levels)"
            " with the same levels, two seeds and two levels at least"
        )


def _leave_out(
    statistic: Statistic, samples: Sequence[Sequence[Floats]], at: int, trap: int
) -> Floats:
    """Return the statistic without a level and a seed of one trap, float64 (levels, seeds).

    With one number a seed there is no level to leave out, and only a seed is: (1, seeds).
    """
    table = samples[at][trap]
    seeds, levels = table.shape
    others = np.nonzero(~np.eye(seeds, dtype=np.bool_))[1].reshape(seeds, seeds - 1)
    given = [
        [np.broadcast_to(each.mean(axis=1), (levels, seeds, len(each))) for each in sample]
        for sample in samples
    ]
    rest = table.T if levels == 1 else (table.sum(axis=1) - table.T) / (levels - 1)
    given[at][trap] = rest[:, others]
    return statistic(*given)


def _mean_squares(left: Floats) -> tuple[float, float, float]:
    """Return the variances that seeds, levels and both bring, by what ``_leave_out`` found.

    Of a mean they are the mean squares of the analysis of variance over the number of cells.
    """
    levels, seeds = (n - 1 for n in left.shape)
    by_seed, by_level = left.mean(axis=0), left.mean(axis=1)
    rest = left - by_seed - by_level[:, None] + left.mean()
    return seeds * by_seed.var(), levels * by_level.var(), seeds * levels * np.mean(rest**2)


def mean_over_traps(values: Values) -> Floats:
    """Return the mean over traps of the mean over seeds.

    Args:
        values: one number a seed, or for each trap float64 (..., seeds).

    Returns:
        float64 (...,).

    Raises:
        ValueError: there are no values, or one is not finite.
    """
    return np.mean([seeds.mean(axis=-1) for seeds in strata_of(values)], axis=0)


def strata_of(values: Values) -> list[Floats]:
    """Return one array for each trap, its last axis the seeds.

    Args:
        values: one number a seed, or such numbers, or arrays of any shape, for each trap.

    Raises:
        ValueError: there are none, or one is not a finite number.
    """
    if not hasattr(values, "__len__"):
        raise ValueError(f"the values: expected one number a seed, got {shorten(values)}")
    if len(values) == 0:
        raise ValueError("there are no values; expected one number a seed")
    flat = np.ndim(values[0]) == 0
    strata = []
    for trap, part in enumerate([values] if flat else values):
        name = "the values" if flat else f"trap {trap}"
        try:
            stratum = np.asarray(part, dtype=np.float64)
        except (TypeError, ValueError):
            raise ValueError(f"{name}: expected one number a seed, got {shorten(part)}") from None
        if stratum.ndim == 0 or stratum.size == 0:
            raise ValueError(f"{name}: expected one number a seed, got {shorten(part)}")
        wrong = stratum[~np.isfinite(stratum)]
        if wrong.size:
            raise ValueError(f"{name}: holds {wrong[0]}; leave out what was not measured")
        strata.append(stratum)
    return strata


def _table(stratum: Floats) -> Floats:
    """Return a trap's values as (seeds, levels)."""
    if stratum.ndim > 2:
        raise ValueError(f"expected (seeds,) or (seeds, levels) for each trap, got {stratum.shape}")
    return stratum.reshape(len(stratum), -1)


def _pool_freedom(variances: Floats, freedom: Ints) -> float:
    """Return the degrees of freedom of a sum, by Satterthwaite (1946); 1 where there are none."""
    known = freedom > 0
    if not known.any():
        return 1.0
    square = float((variances[known] ** 2 / freedom[known]).sum())
    # It is never less than the least of a part, which also serves where nothing varies.
    least = float(freedom[known].min())
    return max(float(variances.sum()) ** 2 / square, least) if square > 0 else least
