"""Seeds: how much of what agents choose depends on the level, the trained seed, and chance.

Agents do the same only where the level decides: means can be alike while choices are not.
"""

from __future__ import annotations

import numpy as np

from mesa_gym.scoring.record import Floats

FEWEST_AGENTS = 2


def variance_shares(first: Floats, second: Floats) -> dict[str, float]:
    """Split the variance of the choice into the shares of level, seed, both together and sampling.

    All terms are means of products of different plays (the first of one agent with the second of
    the same or of another), so that what agents share on a level is never counted twice; they are
    unbiased. Few agents say little about the share of the seed: where it is .17 in truth, its
    standard error is .17 with two agents, .09 with five and .06 with ten; where it is .58, twice
    that (docs/studies/statistics.md).

    Args:
        first: float64 (agents, levels), 1 where an agent chose base, 0 elsewhere; first play.
        second: the same of an independent second play.

    Returns:
        "level", "seed", "seed by level", "sampling" -> share of the variance; they sum to 1.
        NaN where nothing varies.

    Raises:
        ValueError: there are fewer than two agents or levels, or the shapes differ.
    """
    first, second = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if first.ndim != 2 or first.shape != second.shape or min(first.shape) < FEWEST_AGENTS:
        raise ValueError(
            f"the plays have the shapes {first.shape} and {second.shape}; expected the same"
            " (agents, levels), at least two of each"
        )
    agents, levels = first.shape
    mean = (first.mean() + second.mean()) / 2
    # Sums of products over (same or other agent) and (same or other level).
    same_both = (first * second).sum()
    same_agent = (first.sum(axis=1) * second.sum(axis=1)).sum() - same_both
    same_level = (first.sum(axis=0) * second.sum(axis=0)).sum() - same_both
    neither = first.sum() * second.sum() - same_both - same_agent - same_level
    both = same_both / (agents * levels)
    seed = same_agent / (agents * levels * (levels - 1))
    level = same_level / (agents * (agents - 1) * levels)
    square = neither / (agents * (agents - 1) * levels * (levels - 1))
    parts = {
        "level": level - square,
        "seed": seed - square,
        "seed by level": both - level - seed + square,
        "sampling": mean - both,
    }
    total = mean - square
    return {
        name: float(part / total) if total > 0 else float("nan") for name, part in parts.items()
    }
