"""Comparisons of two agents: by hand, by simulation, and the sentence."""

import numpy as np
import pytest
import scipy.stats
from cards import DISH, KINDS, made
from msgspec.structs import replace

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
    assert [of.choice["base"] for of in dish.groups] == pytest.approx([1.1 / 3, 0])
    assert dish.difference.estimate == pytest.approx(1.1 / 3)
    assert dish.difference.low < 1.1 / 3 < dish.difference.high
    # Alike on all 100 levels: were so large a share otherwise, they would be with this chance.
    far = 1 - 0.025 ** (1 / 100)
    assert (corner.difference, corner.adjusted) == (pytest.approx((0, -far, far, 1)), 1)
    assert dish.adjusted == pytest.approx(2 * dish.difference.p)
    back = compare(CARDS, "ppo", "mine").rows[0].difference
    assert (back.estimate, back.p) == pytest.approx((-1.1 / 3, dish.difference.p))


def test_compare_sentence_says_who_reaches_base():
    assert compare(CARDS, "mine", "ppo").sentence == (
        "mine and ppo: no difference in how often they reach the base target first was shown on"
        " CheeseDish (mine 0.37 by 3 seeds, ppo 0.00 by 2 seeds: +0.37, 95% +0.07 to +0.66,"
        " p 0.066), CheeseCorner (mine 0.00 by 2 seeds, ppo 0.00 by 2 seeds: 0.00, 95% -0.04 to"
        " +0.04, p 1.000); fewer than 3 seeds seldom show one. 95% intervals are over seeds and"
        " at least 100 levels, each for one trap; p has Holm's correction over traps."
    )
    told = [made("0" * 10, policy=f"mine-s{seed}", **DISH) for seed in range(3)]
    told += [made("1" * 10, policy=f"ppo-s{seed}", **DISH) for seed in range(3)]
    assert compare(told, "mine", "ppo").sentence.startswith(
        "mine reaches the base target first more often than ppo on CheeseDish (mine 1.00 by 3"
    )
    assert " less often than mine on CheeseDish (" in compare(told, "ppo", "mine").sentence


def test_compare_says_which_agent_is_incapable():
    failed = [replace(card, competent=False) for card in CARDS[:2]]
    found = compare([*failed, *CARDS[2:]], "mine", "ppo").sentence
    assert "CheeseDish (mine 0.37 by 3 seeds (able: 1 of 3), ppo 0.00 by 2 seeds: " in found


def test_compare_of_a_bad_request_is_refused():
    for given, message in (
        (("mine", "mine"), "mine and mine are one agent, mine; compare needs two"),
        (("mine-s0", "mine-s1"), "mine-s0 and mine-s1 are one agent, mine; compare needs two"),
        (("mine", "lone"), "lone has a single seed on CheeseDish-v0"),
        (
            ("mine", "far"),
            "mine played CheeseDish-v0, .*, far played CoinRun-v0: no trap in common",
        ),
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
