"""Statistics over trained agents: the unit is the seed, never the episode.

Agarwal et al. 2021, "Deep Reinforcement Learning at the Edge of the Statistical Precipice",
section 4. Each takes one number a seed, or for each trap one number a seed, and can be handed to
``interval``; arrays may have leading axes, which the result keeps.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mesa_gym.scoring.intervals import Floats, Values, intervals, strata_of


def mean_over_traps(values: Values) -> Floats:
    """Return the mean over traps of the mean over seeds.

    Args:
        values: for each trap float64 (..., seeds).

    Returns:
        float64 (...,).

    Raises:
        ValueError: there are no values, or one is not finite.
    """
    return np.mean([seeds.mean(axis=-1) for seeds in strata_of(values)], axis=0)


def interquartile_mean(values: Values) -> Floats:
    """Return the mean of the middle half of all runs; those on its edges count in part.

    Args:
        values: for each trap float64 (..., seeds).

    Returns:
        float64 (...,), over all traps.

    Raises:
        ValueError: there are no values, or one is not finite.
    """
    runs = np.sort(np.concatenate(strata_of(values), axis=-1), axis=-1)
    edges = np.linspace(0, 1, runs.shape[-1] + 1)
    inside = np.minimum(edges[1:], 0.75) - np.maximum(edges[:-1], 0.25)
    weight = np.clip(inside, 0, None)
    return np.asarray(runs @ (weight / weight.sum()))


def probability_of_improvement(x: Values, y: Values) -> Floats:
    """Return the mean over traps of P(X > Y) + P(X = Y) / 2, X and Y seeds of two algorithms.

    On each trap it is Mann and Whitney's U over the number of pairs.

    Args:
        x: for each trap one number a seed; 0.5 means that they do as well as those of ``y``.
        y: the same traps in the same order; the seeds are not paired.

    Returns:
        float64 (...,), without the axis of seeds.

    Raises:
        ValueError: there are no values, one is not finite, or the traps differ in number.
    """
    ours, theirs = strata_of(x), strata_of(y)
    if len(ours) != len(theirs):
        raise ValueError(f"x is of {len(ours)} traps and y of {len(theirs)}; expected the same")
    shares = []
    for a, b in zip(ours, theirs, strict=True):
        first, second = a[..., :, None], b[..., None, :]
        shares.append(((first > second).mean((-2, -1)) + (first >= second).mean((-2, -1))) / 2)
    return np.mean(shares, axis=0)


@dataclass(frozen=True)
class Profile:
    """A performance profile; arrays (thresholds,).

    Attributes:
        thresholds: as given.
        shares: of the runs above each, the mean over traps.
        low, high: pointwise interval of the shares; NaN if a trap has a single seed.
    """

    thresholds: Floats
    shares: Floats
    low: Floats
    high: Floats


def performance_profile(
    values: Values, thresholds: Sequence[float] | Floats, level: float = 0.95, seed: int = 0
) -> Profile:
    """Return the share of the runs that score above each threshold.

    Args:
        values: one number a seed, or for each trap one number a seed.
        thresholds: where to look, in any order.
        level: of the band, at each threshold by itself.
        seed: of the resampling.

    Raises:
        ValueError: there are no values or thresholds, or one is not finite.
    """
    (at,) = strata_of(np.ravel(thresholds))
    above = [(seeds > at[:, None]).astype(np.float64) for seeds in strata_of(values)]
    low, high = intervals(mean_over_traps, above, level=level, limits=(0, 1), seed=seed)
    return Profile(at, mean_over_traps(above), low, high)
