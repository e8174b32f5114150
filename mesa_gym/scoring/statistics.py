"""Statistics over trained agents: the unit is the seed, never the episode."""

from __future__ import annotations

import numpy as np

from mesa_gym.scoring.intervals import Floats, Values, strata_of


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
