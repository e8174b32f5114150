"""Comparisons of two agents: by hand, by simulation, and the sentence."""

import numpy as np
import pytest
import scipy.stats
from cards import DISH, KINDS, made

from mesa_gym.report import compare
from mesa_gym.report.intervals import adjust_holm, compare_tables

CARDS = [
    *(made("0001111111", policy=f"mine-s{seed}", **DISH) for seed in range(2)),
    made("0000011111", policy="mine-s2", **DISH),
    *(made("1111111111", policy=f"ppo-s{seed}", **DISH) for seed in range(2)),
    *(made("1" * 10, policy=f"{agent}-s{seed}") for agent in ("mine", "ppo") for seed in (0, 1)),
]


def test_compare_gives_a_difference_by_trap():
    found = compare(CARDS, "mine", "ppo")
    dish, corner = found.rows
    assert (dish.trap, corner.trap) == ("CheeseDish-v0", "CheeseCorner-v0")
    assert dish.shares == pytest.approx((1.1 / 3, 0))
    assert dish.difference.estimate == pytest.approx(1.1 / 3)
    assert dish.difference.low < 1.1 / 3 < dish.difference.high
    # Alike on all 100 levels: were so large a share otherwise, they would be with this chance.
    far = 1 - 0.025 ** (1 / 100)
    assert (corner.difference, corner.adjusted) == (pytest.approx((0, -far, far, 1)), 1)
    assert dish.adjusted == pytest.approx(2 * dish.difference.p)
    back = compare(CARDS, "ppo", "mine").rows[0].difference
    assert (back.estimate, back.p) == pytest.approx((-1.1 / 3, dish.difference.p))


def test_compare_sentence_says_who_reaches_base():
    first = compare(CARDS, "mine", "ppo").sentence
    assert first.startswith("mine reaches the base target first about as often as ppo")
    told = [made("0" * 10, policy=f"mine-s{seed}", **DISH) for seed in range(3)]
    told += [made("1" * 10, policy=f"ppo-s{seed}", **DISH) for seed in range(3)]
    assert compare(told, "mine", "ppo").sentence.startswith(
        "mine reaches the base target first more often on CheeseDish (by 1.00, "
    )
    assert " less often on CheeseDish (by 1.00, " in compare(told, "ppo", "mine").sentence


def test_compare_of_a_bad_request_is_refused():
    for given, message in (
        (("mine", "mine"), "mine is compared with itself; name two agents"),
        (("mine", "lone"), "lone has a single seed on CheeseDish-v0"),
        (("mine", "far"), "no trap with choices on which both mine and far"),
    ):
        more = [made(policy="lone-s0", **DISH), *(made(policy="far-s0", trap="CoinRun-v0"),)]
        with pytest.raises(ValueError, match=message):
            compare([*CARDS, *more, KINDS["unsolvable"]], *given)


def test_compare_p_equals_welch_over_seeds():
    """On equal levels only seeds vary: the result is Welch's test of the seeds' means."""
    one, other = np.array([0.1, 0.4, 0.5]), np.array([0.6, 0.9, 0.8, 0.7])
    found = compare_tables(np.tile(one[:, None], 9), np.tile(other[:, None], 9))
    welch = scipy.stats.ttest_ind(one, other, equal_var=False)
    assert found.p == pytest.approx(welch.pvalue, abs=1e-6)


@pytest.mark.thorough
def test_compare_rarely_tells_equal_agents_apart():
    """Seeds and levels both matter, and levels are shared: of 400 pairs at most 7% differ."""
    rng, told = np.random.default_rng(1), 0
    for _ in range(400):
        level = rng.normal(0, 0.15, 200)
        tables = [
            (rng.random((5, 200)) < 0.5 + level + rng.normal(0, 0.05, (5, 1))).astype(float)
            for _ in range(2)
        ]
        told += compare_tables(*tables).p < 0.05
    assert told / 400 <= 0.07


def test_holm_equals_hand_values():
    # Sorted .01, .02, .04, times 3, 2, 1, and never less than the one before.
    assert adjust_holm([0.02, 0.04, 0.01]) == pytest.approx([0.04, 0.04, 0.03])
    assert adjust_holm([0.9, 0.8]) == [1.0, 1.0]
