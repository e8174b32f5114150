"""Statistics over trained agents: the unit is the seed, never the episode.

Agarwal et al. 2021, "Deep Reinforcement Learning at the Edge of the Statistical Precipice",
section 4. Each takes one number a seed, or for each trap one number a seed, and can be handed to
``interval``; arrays may have leading axes, which the result keeps.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mesa_gym.scoring.intervals import Floats, Values, interval, strata_of


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
    """Return the mean of the middle half of all runs, in which traps weigh the same.

    Runs on the edges of the half count in part.

    Args:
        values: for each trap float64 (..., seeds).

    Returns:
        float64 (...,), over all traps.

    Raises:
        ValueError: there are no values, or one is not finite.
    """
    strata = strata_of(values)
    runs = np.concatenate(strata, axis=-1)
    weights = np.concatenate([np.full(s.shape[-1], 1 / len(strata) / s.shape[-1]) for s in strata])
    order = runs.argsort(axis=-1)
    edges = np.cumsum(weights[order], axis=-1)
    inside = np.clip(edges, 0.25, 0.75) - np.clip(edges - weights[order], 0.25, 0.75)
    return np.asarray(2 * (np.take_along_axis(runs, order, axis=-1) * inside).sum(axis=-1))


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
    values: Values, thresholds: Sequence[float] | Floats, level: float = 0.95
) -> Profile:
    """Return the share of the runs that score above each threshold.

    Args:
        values: one number a seed, or for each trap one number a seed.
        thresholds: where to look, in any order.
        level: of the band, at each threshold by itself.

    Raises:
        ValueError: there are no values or thresholds, or one is not finite.
    """
    (at,) = strata_of(np.ravel(thresholds))
    runs = strata_of(values)
    above = [[(seeds > x).astype(np.float64) for seeds in runs] for x in at]
    band = np.array([interval(mean_over_traps, x, level=level, limits=(0, 1)) for x in above])
    return Profile(at, np.array([mean_over_traps(x) for x in above]), *band.T)
