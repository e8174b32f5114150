"""Returns and floors, by hand."""

import numpy as np
import pytest

from mesa_gym.scoring.record import level_scores, normalized_return, sum_discounted
from mesa_gym.solver import LevelValues


def values(optimum, floor):
    return LevelValues({"optimum|x": np.array(optimum), "floor|x": np.array(floor)})


def test_returns_are_discounted_from_the_first_step():
    paid = np.array([[0.0, 1.0], [1.0, 0.0], [0.0, 1.0]])
    assert sum_discounted(paid, 0.5) == pytest.approx([0.5, 1.25])


def test_the_normalised_return_sums_over_levels_before_it_divides():
    # (1 + 0 - 0.5) / (2 + 1 - 0.5); weights count a level as often as they say.
    g, best, floor = np.array([1.0, 0.0]), np.array([2.0, 1.0]), np.array([0.5, 0.0])
    assert normalized_return(g, best, floor) == pytest.approx(0.5 / 2.5)
    weights = np.array([1.0, 2.0])
    assert normalized_return(g, best, floor, weights) == pytest.approx(0.5 / 3.5)
    assert normalized_return(g, floor, floor) is None


def test_scores_of_levels_and_of_one_that_offers_nothing():
    found = level_scores({"x": np.array([0.6, 0.1, 0.3])}, values([1, 0.2, 0.3], [0.2, 0.2, 0.3]))
    assert found["x"] == pytest.approx([0.5, 0, 0])
