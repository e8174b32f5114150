"""Tests of two agents by exchanging their seeds, on all traps together.

Where agents are equal, who owns which seed is chance, however seeds vary: also where they fall in
camps. So p holds for few seeds, of which a t test must assume more (docs/studies/statistics.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from math import comb

import numpy as np

from mesa_gym.engine import Bools
from mesa_gym.solver.graph import Floats

MOST_SPLITS = 5000  # of more, so many are drawn
# Added to a standard error, so that seeds which hardly differ are not infinitely far apart.
FLOOR = 0.01


def adjust_by_permutation(pairs: Sequence[tuple[Floats, Floats]]) -> list[float]:
    """Return p of each pair's difference, such that some p is below x in at most x of cases.

    Step by step from the largest difference (Westfall and Young 1993), tails of all traps are
    added, which holds however traps depend on each other.

    Args:
        pairs: of each trap the seeds' means of the one and of the other agent, float64 (seeds,).
    """
    found = [_permute(*pair) for pair in pairs]
    order = sorted(range(len(found)), key=lambda at: -found[at][0])
    adjusted, least = [1.0] * len(found), 0.0
    for step, at in enumerate(order):
        tails = [np.mean(found[other][1] >= found[at][0]) for other in order[step:]]
        least = max(least, min(float(np.sum(tails)), 1.0))
        adjusted[at] = least
    return adjusted


def _permute(one: Floats, other: Floats) -> tuple[float, Floats]:
    """Return the studentized difference, and those of all ways to share out the seeds."""
    values = np.concatenate([one, other])
    sizes = _share(values, _split(len(one), len(values)))
    return float(sizes[0]) - 1e-9, sizes


def _split(first: int, seeds: int) -> Bools:
    """Return ways to give ``first`` of the seeds to one agent, (ways, seeds), theirs at the top."""
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
    """Return the absolute difference of means over its standard error for each way, (ways,)."""
    means, errors = [], []
    for mine in (ways, ~ways):
        n = mine[0].sum()
        mean = mine @ values / n
        rest = mine @ values**2 / n - mean**2
        means.append(mean)
        errors.append(np.maximum(rest, 0) / max(n - 1, 1))
    apart: Floats = np.abs(means[0] - means[1]) / (np.sqrt(errors[0] + errors[1]) + FLOOR)
    return apart
