"""Statistics over seeds, against SciPy, closed forms and resamples counted out by hand."""

import itertools
import math

import numpy as np
import pytest
import scipy.stats

from mesa_gym.scoring import (
    interquartile_mean,
    interval,
    mean_over_traps,
    performance_profile,
    probability_of_improvement,
)
from mesa_gym.scoring import intervals as module

NAN = float("nan")
UNEVEN = [[0.1, 0.9, 0.4], [0.2, 0.25, 0.6, 0.05], [0.7, 0.75]]


def stretch(freedom: float, level: float = 0.95) -> float:
    """Return how much further Student's t reaches than the normal distribution."""
    end = (1 + level) / 2
    return scipy.stats.t.ppf(end, freedom) / scipy.stats.norm.ppf(end)


# -- the statistics --------------------------------------------------------------------------------


def test_the_mean_counts_traps_alike_and_not_seeds() -> None:
    assert mean_over_traps([[1, 2, 3], [10]]) == 6
    assert mean_over_traps([1, 2, 6]) == 3


@pytest.mark.parametrize("runs", [1, 2, 4, 5, 6, 20, 80])
def test_the_interquartile_mean_integrates_the_quantiles(runs: int) -> None:
    """The mean of the sample's quantile function between 1/4 and 3/4."""
    data = np.random.default_rng(runs).normal(size=runs)
    levels = 0.25 + (np.arange(12_000) + 0.5) / 24_000
    expected = np.quantile(data, levels, method="inverted_cdf").mean()
    assert interquartile_mean(data) == pytest.approx(expected, abs=1e-3)
    if runs % 4 == 0:
        assert interquartile_mean(data) == pytest.approx(scipy.stats.trim_mean(data, 0.25))


def test_probability_of_improvement_is_mann_and_whitneys() -> None:
    rng = np.random.default_rng(0)
    # Rounded, so that there are ties; numbers of seeds differ.
    x = [rng.normal(0.3, 1, n).round(1) for n in (5, 10, 7)]
    y = [rng.normal(0.0, 1, n).round(1) for n in (6, 10, 3)]
    pairs = list(zip(x, y, strict=True))
    assert any(np.isin(a, b).any() for a, b in pairs)
    expected = [scipy.stats.mannwhitneyu(a, b).statistic / (len(a) * len(b)) for a, b in pairs]
    assert probability_of_improvement(x, y) == pytest.approx(np.mean(expected))
    assert probability_of_improvement(y, x) == pytest.approx(1 - np.mean(expected))
    assert probability_of_improvement([1, 2], [1, 2]) == 0.5


def test_a_profile_is_one_minus_the_distribution_function() -> None:
    scores = np.random.default_rng(0).normal(size=(4, 6)).round(1)
    thresholds = np.concatenate([np.linspace(-3, 3, 31), scores.ravel()])
    profile = performance_profile(scores, thresholds)
    above = scipy.stats.ecdf(scores.ravel()).sf
    assert profile.shares == pytest.approx(above.evaluate(thresholds))
    assert profile.thresholds.tolist() == thresholds.tolist()


def test_a_profiles_band_is_the_interval_of_each_share() -> None:
    thresholds = [0.7, 0.22, 2.0]
    profile = performance_profile(UNEVEN, thresholds, level=0.9, seed=3)
    for at, low, high in zip(thresholds, profile.low, profile.high, strict=True):
        above = [[float(value > at) for value in seeds] for seeds in UNEVEN]
        expected = interval(mean_over_traps, above, level=0.9, limits=(0, 1), seed=3)
        assert (low, high) == pytest.approx(expected)
    assert (profile.low[-1], profile.high[-1]) == (0, 0)


# -- intervals -------------------------------------------------------------------------------------


def test_three_seeds_by_all_nine_resamples() -> None:
    values = [0.0, 1.0, 5.0]
    means = [np.mean(pair) for pair in itertools.product(values, repeat=2)]
    low, high = np.quantile(means, [0.025, 0.975], method="inverted_cdf")
    assert (low, high) == (0, 5)
    expected = (2 - stretch(2) * (2 - low), 2 + stretch(2) * (high - 2))
    assert interval(mean_over_traps, values) == pytest.approx(expected)


def test_two_traps_by_all_resamples() -> None:
    """The interquartile mean of 3 and 4 seeds: 9 x 64 resamples, a jackknife in plain loops."""
    first, second = [0.3, 1.1, 4.0], [0.1, 0.7, 2.3, 2.9]

    def middle(runs):
        return float(
            np.quantile(runs, np.arange(0.2505, 0.75, 0.001), method="inverted_cdf").mean()
        )

    drawn = [
        middle(a + b)
        for a in itertools.product(first, repeat=2)
        for b in itertools.product(second, repeat=3)
    ]
    variances = []
    for mine, other in ((first, second), (second, first)):
        left = [middle([*mine[:i], *mine[i + 1 :], *other]) for i in range(len(mine))]
        variances.append((len(mine) - 1) / len(mine) * np.square(left - np.mean(left)).sum())
    freedom = sum(variances) ** 2 / (variances[0] ** 2 / 2 + variances[1] ** 2 / 3)
    estimate = middle(first + second)
    ends = np.quantile(drawn, [0.025, 0.975])
    expected = estimate + stretch(freedom) * (ends - estimate)
    found = interval(interquartile_mean, [first, second])
    assert found == pytest.approx(tuple(expected), abs=0.05 * (expected[1] - expected[0]))


def test_means_of_many_seeds_get_students_interval() -> None:
    data = np.random.default_rng(1).normal(size=60)
    expected = scipy.stats.t.interval(0.9, 59, data.mean(), scipy.stats.sem(data))
    assert interval(mean_over_traps, data, level=0.9) == pytest.approx(expected, abs=0.02)


def test_two_groups_get_welchs_interval() -> None:
    """With his degrees of freedom exactly, and his ends but for the luck of the resampling."""
    rng = np.random.default_rng(2)
    x, y = rng.normal(1, 0.5, 12), rng.normal(0, 2, 25)
    welch = scipy.stats.ttest_ind(x, y, equal_var=False)

    def difference(a, b):
        return a[0].mean(axis=-1) - b[0].mean(axis=-1)

    freedom = module._freedom(lambda s: difference(s[:1], s[1:]), [x[None], y[None]])
    assert freedom == pytest.approx(welch.df)
    assert interval(difference, x, y) == pytest.approx(tuple(welch.confidence_interval()), abs=0.06)


def test_one_seed_has_no_interval_even_in_one_of_many_traps() -> None:
    for lone in ([0.5], [[0.1, 0.2], [0.5]]):
        assert all(map(math.isnan, interval(mean_over_traps, lone)))
    assert np.isnan(performance_profile([[0.1, 0.2], [0.5]], [0.3]).low).all()


def test_seeds_that_agree_to_the_last_digit_give_a_point() -> None:
    assert interval(mean_over_traps, [0.3] * 5) == pytest.approx((0.3, 0.3))
    ours, theirs = [[1, 2, 3]] * 2, [[0, 0, 0]] * 2
    assert interval(probability_of_improvement, ours, theirs, limits=(0, 1)) == (1, 1)


@pytest.mark.parametrize("statistic", [mean_over_traps, interquartile_mean])
def test_intervals_follow_shift_and_scale_and_hold_the_estimate(statistic) -> None:
    rng = np.random.default_rng(4)
    for _ in range(20):
        values = [rng.exponential(size=n) for n in rng.integers(2, 6, 3)]
        low, high = interval(statistic, values)
        assert low <= statistic(values) <= high
        moved = interval(statistic, [3 - 2 * seeds for seeds in values])
        # Quantiles of the same resamples, so that even chance is mirrored.
        assert moved == pytest.approx((3 - 2 * high, 3 - 2 * low))


def test_the_same_seed_gives_the_same_interval_and_limits_clip() -> None:
    data = np.random.default_rng(0).random((3, 6))
    whole = interval(mean_over_traps, data, seed=1)
    assert whole == interval(mean_over_traps, data, seed=1)
    assert whole != interval(mean_over_traps, data, seed=2)
    limit = float(mean_over_traps(data)) - 0.01
    assert interval(mean_over_traps, data, seed=1, limits=(limit, np.inf)) == (limit, whole[1])


def test_intervals_do_not_depend_on_how_many_fit_into_memory(monkeypatch) -> None:
    data = [np.random.default_rng(trap).normal(size=(7, 4)) for trap in range(3)]
    together = module.intervals(interquartile_mean, data, resamples=50)
    monkeypatch.setattr(module, "ROOM", 1)
    apart = module.intervals(interquartile_mean, data, resamples=50)
    assert np.allclose(together, apart, rtol=1e-12)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([], "no values"),
        (0.5, "the values: expected one number a seed, got 0.5"),
        ([[0.1, 0.2], []], r"trap 1: expected one number a seed, got \[\]"),
        ([0.1, NAN], "the values: holds nan"),
        (["b", "a"], "expected one number a seed, got"),
        ([[0.1, 0.2], 0.3], "trap 1: expected one number a seed, got 0.3"),
    ],
)
@pytest.mark.parametrize(
    "use",
    [
        mean_over_traps,
        interquartile_mean,
        lambda values: probability_of_improvement([0.1], values),
        lambda values: performance_profile(values, [0.5]),
        lambda values: interval(mean_over_traps, values),
    ],
)
def test_bad_values_are_named(use, values, message) -> None:
    with pytest.raises(ValueError, match=message):
        use(values)


@pytest.mark.parametrize(
    ("use", "message"),
    [
        (lambda: probability_of_improvement([0.1, 0.2], [[0.1], [0.2]]), "x is of 1 .* y of 2"),
        (lambda: interval(mean_over_traps, np.zeros((1, 2, 3))), r"got shape \(2, 3\)"),
        (lambda: mean_over_traps([np.zeros((2, 3)), np.zeros((4, 3))]), "in the last axis"),
        (lambda: interval(mean_over_traps, [0.1, 0.2], level=95), r"0 and 0\.9998, got 95"),
        (lambda: interval(mean_over_traps, [1, 2], limits=(0, 1)), r"is 1.5, beyond .* \(0, 1\)"),
        (lambda: performance_profile([0.1, 0.2], []), "there are no values"),
    ],
)
def test_other_bad_input_is_named(use, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        use()
