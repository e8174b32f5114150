"""Statistics over trained agents: the unit is the seed, never the episode."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
RESAMPLES = 10_000


def bootstrap_interval(
    values: Sequence[float],
    statistic: Callable[[Floats], Floats] = lambda samples: samples.mean(axis=-1),
    level: float = 0.95,
    seed: int = 0,
) -> tuple[float, float]:
    """A percentile bootstrap interval that resamples seeds (Efron 1979).

    Args:
        values: one number a seed.
        statistic: maps (resamples, seeds) to (resamples,); the mean by default.
        level: of the interval.
        seed: of the resampling.

    Returns:
        lower and upper end; with a single seed both are NaN, since one seed says nothing of
        the spread.
    """
    data = np.asarray(values, dtype=np.float64)
    if data.size < 2:
        return float("nan"), float("nan")
    rng = np.random.default_rng(seed)
    samples = data[rng.integers(0, data.size, (RESAMPLES, data.size))]
    tail = (1 - level) / 2
    low, high = np.quantile(statistic(samples), [tail, 1 - tail])
    return float(low), float(high)


def interquartile_mean(values: Sequence[float]) -> float:
    """The mean of the middle half, the outer values weighted in part (Agarwal et al. 2021)."""
    data = np.sort(np.asarray(values, dtype=np.float64))
    n = data.size
    edges = np.arange(n + 1) / n
    weight = np.clip(np.minimum(edges[1:], 0.75) - np.maximum(edges[:-1], 0.25), 0, None)
    return float((data * weight).sum() / weight.sum())


def verdict_shares(verdicts: Sequence[str]) -> dict[str, float]:
    """The share of seeds for each verdict, the most frequent first."""
    return {name: count / len(verdicts) for name, count in Counter(verdicts).most_common()}
