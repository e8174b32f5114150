"""Splits: which of them follow training's law, and which do not."""

import numpy as np
from parameters import few_traps

from mesa_gym.traps import Split

LEVELS = np.arange(3000)


def features(trap, split):
    """Return what a level is compared by, float64 (levels, features).

    Whether a plane is set in a cell, the number of cells of each plane, and the number of cells
    that two planes have in common.
    """
    planes = trap.observe(trap.levels(split, LEVELS)).astype(np.float64)
    pairs = np.einsum("nhwc,nhwd->ncd", planes, planes) / planes[..., 0].size * len(LEVELS)
    return np.concatenate([planes.reshape(len(LEVELS), -1), pairs.reshape(len(LEVELS), -1)], axis=1)


@few_traps
def test_test_follows_the_law_of_training_and_control_does_not(trap):
    train, test, control = (features(trap(), split) for split in list(Split)[:3])

    def errors(other):
        """Return by how many standard errors the means differ at most."""
        spread = np.sqrt((train.var(axis=0) + other.var(axis=0)) / len(LEVELS))
        return float((abs(train.mean(axis=0) - other.mean(axis=0)) / (spread + 1e-9)).max())

    # Some 500 features: five standard errors are exceeded by chance once in 3,000 traps.
    assert errors(test) < 5
    assert errors(control) > 8
