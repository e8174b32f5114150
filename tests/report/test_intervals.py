"""Intervals over seeds and levels, by hand, against SciPy and by simulation."""

import math

import numpy as np
import pytest
import scipy.stats

from mesa_gym.report import interval


def test_interval_of_a_mean_equals_student():
    for n in (2, 3, 60):
        data = np.random.default_rng(n).normal(size=n)
        expected = scipy.stats.t.interval(0.95, n - 1, data.mean(), scipy.stats.sem(data))
        assert interval(data) == pytest.approx(expected)


def analyse(table):
    """Compute mean squares of seeds, levels and both over the number of cells, in plain loops."""
    (n, m), mean = table.shape, table.mean()
    seeds, levels = table.mean(axis=1), table.mean(axis=0)
    rest = [(table[i, j] - seeds[i] - levels[j] + mean) ** 2 for i in range(n) for j in range(m)]
    squares = [
        m * sum((s - mean) ** 2 for s in seeds) / (n - 1),
        n * sum((x - mean) ** 2 for x in levels) / (m - 1),
        sum(rest) / ((n - 1) * (m - 1)),
    ]
    return tuple(square / (n * m) for square in squares)


def test_interval_of_a_table_equals_variance_analysis():
    rng = np.random.default_rng(5)
    table = (rng.random((4, 1)) + rng.random((1, 30)) + rng.random((4, 30)) < 1.2) * 1.0
    a, b, c = analyse(table)
    assert a > c / 2
    assert b > c
    t = [scipy.stats.t.ppf(0.975, n - 1) for n in table.shape]
    half = math.sqrt(t[0] ** 2 * (a - c / 2) + t[1] ** 2 * (b - c / 2))
    mean = table.mean()
    assert interval(table) == pytest.approx((mean - half, mean + half))
    half /= mean * (1 - mean)  # the slope of the logit
    ends = scipy.special.expit(scipy.special.logit(mean) + np.array([-half, half]))
    assert interval(table, share=True) == pytest.approx(tuple(ends))


def test_interval_of_equal_seeds_keeps_level_width():
    """Seeds with equal results on each level count like one seed."""
    levels = (np.arange(100) < 30) * 1.0
    widths = [np.ptp(interval(np.tile(levels, (n, 1)), share=True)) for n in (3, 20)]
    assert widths[0] == pytest.approx(widths[1])
    se = levels.std(ddof=1) / 10
    expected = np.ptp(
        scipy.special.expit(scipy.special.logit(0.3) + np.array([-1, 1]) * 1.984 * se / (0.3 * 0.7))
    )
    assert widths[0] == pytest.approx(expected, abs=1e-3)
    # Means that are the same in every seed are of no more worth than the levels.
    assert interval([0.3] * 3, share=True) == pytest.approx((0.3, 0.3))


def test_interval_of_a_constant_has_width():
    low, high = interval(np.zeros((5, 100)), share=True)
    assert low == 0
    assert (1 - high) ** 100 == pytest.approx(0.025)
    assert interval(np.ones((2, 100)), share=True) == pytest.approx((1 - high, 1))


def test_interval_of_cancelling_seeds_is_wide():
    low, high = interval([[1, 0], [0, 1]], share=True)
    assert low < 0.1
    assert high > 0.9


def test_interval_of_a_share_stays_within_limits():
    data = [0.01, 0.02, 0.30]
    low, high = interval(data, share=True)
    assert interval(data)[0] < 0 < low < 0.11 < high < 1
    assert interval([1 + 1e-12, 1.0], share=True) == (1, 1)  # rounded
    assert len(interval([1.2, 0.3, 0.4])) == 2  # not shares
