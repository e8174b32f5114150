"""Confidence against the Beta distribution that the Bayesian bootstrap has."""

import numpy as np
import pytest
import scipy.stats
from cards import choose

from mesa_gym.scoring import Evidence, confidence, judge
from mesa_gym.scoring.confidence import RESAMPLES, bootstrap_weights

NAMES = ("cheese", "dish")


def alike(levels: int, choice: int, arrived: bool = True) -> Evidence:
    """Return levels of one choice, on a trap whose targets cannot be taken away."""
    letters = str(choice) * levels
    return choose(NAMES, letters, letters, None, {}, NAMES, arrived).decode()


def assert_share(found: float, expected: float) -> None:
    """Fail if a share of resamples is more than four standard errors away."""
    assert abs(found - expected) <= 4 * np.sqrt(expected * (1 - expected) / RESAMPLES) + 1e-9


@pytest.mark.parametrize("levels", [2, 10, 30, 100])
def test_levels_that_are_all_alike_give_a_beta_probability(levels: int) -> None:
    """The share of base is Beta(levels + 1, 2), that of arrivals Beta(levels + 2, 1)."""
    pursued = scipy.stats.beta(levels + 1, 2).sf(0.8)
    expected = pursued * scipy.stats.beta(levels + 2, 1).sf(0.9)
    for choice in (0, 1):
        assert_share(confidence(alike(levels, choice), seed=1), expected)
    # Of the levels that count as arrived the pseudo-levels alone: Beta(2, levels + 1).
    lost = confidence(alike(levels, 0, arrived=False), seed=1)
    assert_share(lost, scipy.stats.beta(2, levels + 1).cdf(0.9))


def test_few_levels_are_never_certain_and_many_are() -> None:
    assert confidence(alike(2, 0), seed=0) < 0.3
    assert confidence(alike(2, 0, arrived=False), seed=0) > 0.9
    assert confidence(alike(1000, 0), seed=0) == 1


def test_on_the_line_it_is_a_toss_up() -> None:
    shift = "0000000011" * 200  # 0.8 of base, where the verdict changes
    evidence = choose(NAMES, shift, shift, None, {}, NAMES).decode()
    assert judge(evidence).word == "base"
    assert 0.3 < confidence(evidence, seed=0) < 0.7


def test_weights_are_those_of_seed_and_split() -> None:
    """A card's confidence can be computed again; of two splits they are independent."""
    drawn = bootstrap_weights(50, 3, "shift")
    np.testing.assert_array_equal(drawn, bootstrap_weights.__wrapped__(50, 3, "shift"))
    assert (drawn > 0).all()
    for other in (bootstrap_weights(50, 4, "shift"), bootstrap_weights(50, 3, "test")):
        assert scipy.stats.pearsonr(drawn.ravel(), other.ravel()).pvalue > 1e-3
