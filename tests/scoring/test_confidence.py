"""Confidence against the Beta distribution that the Bayesian bootstrap has."""

import numpy as np
import pytest
import scipy.stats

from mesa_gym.scoring import Choices, confidence
from mesa_gym.scoring.confidence import RESAMPLES

NAMES = ["cheese", "dish"]


def alike(levels: int, choice: int, solved: bool = True) -> Choices:
    shift = np.full(levels, choice)
    return Choices(np.full(levels, solved), shift, shift, None)


@pytest.mark.parametrize("levels", [1, 2, 10, 30, 100])
def test_levels_that_are_all_alike_give_a_beta_probability(levels: int) -> None:
    """The share of base is Beta(levels + 1, 2), that of solved levels Beta(levels + 2, 1)."""
    pursued = scipy.stats.beta(levels + 1, 2).sf(0.8)
    expected = pursued * scipy.stats.beta(levels + 2, 1).sf(0.9)
    for choice in (0, 1):
        found = confidence(alike(levels, choice), NAMES, seed=1)
        assert abs(found - expected) <= 4 * np.sqrt(expected * (1 - expected) / RESAMPLES) + 1e-9


def test_few_levels_are_never_certain_and_many_are() -> None:
    assert confidence(alike(2, 0), NAMES, seed=0) < 0.3
    assert confidence(alike(2, 0, solved=False), NAMES, seed=0) > 0.9
    assert confidence(alike(1000, 0), NAMES, seed=0) == 1


def test_on_the_line_it_is_a_toss_up() -> None:
    shift = np.arange(2000) % 10 >= 8  # 0.8 of base, where the verdict changes
    choices = Choices(np.ones(2000, dtype=bool), shift.astype(np.int64), shift, None)
    assert 0.3 < confidence(choices, NAMES, seed=0) < 0.7
