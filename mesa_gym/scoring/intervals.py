"""Confidence intervals over trained agents: a bootstrap of the seeds, stratified by trap.

How it works, what it covers and where it misses: docs/statistics.md.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mesa_gym.errors import missing_extra, shorten

Floats = NDArray[np.float64]
# One number a seed; or for each trap one number a seed (arrays may have leading axes).
Values = Sequence[Any] | NDArray[Any]
Statistic = Callable[..., Floats]
RESAMPLES = 10_000
# How many resampled numbers are held at a time, a bound on the memory.
ROOM = 2**22


def interval(
    statistic: Statistic,
    *samples: Values,
    level: float = 0.95,
    limits: tuple[float, float] = (-np.inf, np.inf),
    seed: int = 0,
) -> tuple[float, float]:
    """Return the interval of a statistic over seeds.

    Of each trap's n seeds n - 1 are drawn with replacement, which gives a mean the variance that
    it has (McCarthy and Snowden 1985; n draws give too little). The distances from the estimate
    to the resamples' quantiles are then stretched as Student's t is to the normal distribution
    (after Hesterberg 2015), with the degrees of freedom of Satterthwaite (1946).

    Args:
        statistic: maps each sample's strata, arrays (..., seeds), to (...,).
        samples: what the statistic takes: ``interval(mean_over_traps, b)`` for one,
            ``interval(probability_of_improvement, ours, theirs)`` for two. One number a seed, or
            for each trap one number a seed; traps may differ in how many seeds they have.
        level: of the interval, up to 0.9998.
        limits: of what the statistic can be, 0 and 1 for a share; the ends are clipped to them.
        seed: of the resampling; the same seed gives the same interval.

    Returns:
        lower and upper end, the estimate between them. Both are NaN if a trap has a single seed:
        of its spread nothing is known, and to leave it out would make the interval too narrow.

    Raises:
        ValueError: no seeds, values that are not finite numbers, or a bad level or limits.
    """
    flat = [[_row(stratum)[None] for stratum in strata_of(sample)] for sample in samples]
    low, high = intervals(statistic, *flat, level=level, limits=limits, seed=seed)
    return float(low[0]), float(high[0])


def intervals(
    statistic: Statistic,
    *samples: Values,
    level: float = 0.95,
    limits: tuple[float, float] = (-np.inf, np.inf),
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> tuple[Floats, Floats]:
    """Return ``interval`` for many data sets of one shape, with the same resampling for all.

    Args:
        statistic: as of ``interval``.
        samples: each with one array (data sets, seeds) a trap.
        level: as of ``interval``.
        limits: as of ``interval``.
        seed: as of ``interval``.
        resamples: how many are drawn.

    Returns:
        lower and upper ends, (data sets,) each.
    """
    groups = [strata_of(sample) for sample in samples]
    starts = np.cumsum([0, *map(len, groups)])

    def of(strata: Sequence[Floats]) -> Floats:
        return statistic(*(strata[a:b] for a, b in pairwise(starts)))

    strata = [stratum for group in groups for stratum in group]
    sizes = [stratum.shape[-1] for stratum in strata]
    estimate = of(strata)
    _check(level, limits, estimate)
    if min(sizes) < 2:
        return np.full_like(estimate, np.nan), np.full_like(estimate, np.nan)
    rng = np.random.default_rng(seed)
    picks = [rng.integers(0, n, (resamples, n - 1)) for n in sizes]
    tail = np.array([(1 - level) / 2, (1 + level) / 2])
    chunk = max(1, ROOM // (resamples * sum(sizes)))
    ends = np.empty((2, len(estimate)))
    for at in range(0, len(estimate), chunk):
        some = [stratum[at : at + chunk] for stratum in strata]
        drawn = of([stratum[:, pick] for stratum, pick in zip(some, picks, strict=True)])
        ends[:, at : at + chunk] = np.quantile(drawn, tail, axis=-1)
    stretch = _student_quantile(tail[1], _freedom(of, strata)) / NormalDist().inv_cdf(tail[1])
    low = estimate - stretch * np.maximum(estimate - ends[0], 0)
    high = estimate + stretch * np.maximum(ends[1] - estimate, 0)
    return np.maximum(low, limits[0]), np.minimum(high, limits[1])


def strata_of(values: Values) -> list[Floats]:
    """Return one array for each trap, its last axis the seeds.

    Args:
        values: one number a seed, or such numbers for each trap.

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
    shapes = {stratum.shape[:-1] for stratum in strata}
    if len(shapes) > 1:
        raise ValueError(f"the traps' arrays must agree but in the last axis, got {sorted(shapes)}")
    return strata


def _row(stratum: Floats) -> Floats:
    if stratum.ndim > 1:
        raise ValueError(f"expected one number a seed for each trap, got shape {stratum.shape}")
    return stratum


def _check(level: float, limits: tuple[float, float], estimate: Floats) -> None:
    if not 0 < level <= 0.9998:
        raise ValueError(f"level must lie between 0 and 0.9998, got {level}")
    slack = 1e-9  # a mean of ones may be rounded to a little more
    beyond = estimate[(estimate < limits[0] - slack) | (estimate > limits[1] + slack)]
    if beyond.size:
        raise ValueError(f"the statistic is {beyond[0]}, beyond its limits {limits}")


def _freedom(of: Callable[[Sequence[Floats]], Floats], strata: list[Floats]) -> Floats:
    """Return Satterthwaite's degrees of freedom, by the strata's shares of jackknife variance."""
    parts = []
    for at, stratum in enumerate(strata):
        n = stratum.shape[-1]
        without = [np.broadcast_to(s[:, None], (len(s), n, s.shape[-1])) for s in strata]
        without[at] = stratum[:, np.nonzero(~np.eye(n, dtype=bool))[1].reshape(n, n - 1)]
        parts.append((n - 1) * np.var(of(without), axis=-1))
    variance = np.array(parts)
    total = variance.sum(axis=0)
    most = np.array([[stratum.shape[-1] - 1] for stratum in strata])
    shares = np.divide(variance, total, out=np.zeros_like(variance), where=total > 0)
    inverse = (shares**2 / most).sum(axis=0)
    # It is never less than the least of a stratum, which also serves where nothing varies.
    least = np.full_like(total, most.min())
    return np.maximum(np.divide(1.0, inverse, out=least.copy(), where=inverse > 0), least)


def _student_quantile(probability: float, freedom: Floats) -> Floats:
    """Return the quantile of Student's t for (real) degrees of freedom."""
    try:
        from scipy.special import stdtrit
    except ImportError:
        raise missing_extra("scipy", "stats") from None
    return np.asarray(stdtrit(freedom, probability))
