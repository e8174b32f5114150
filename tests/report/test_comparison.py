"""Comparisons of two agents: by hand, by simulation, and the sentence."""

import numpy as np
import pytest
import scipy.stats
from msgspec.structs import replace

from mesa_gym.report import compare, comparison, group_cards
from mesa_gym.report.comparison import compare_traps, tell_apart
from mesa_gym.report.intervals import adjust_by_permutation, adjust_holm, compare_tables
from tests.report.boards import sign
from tests.support.cards import DISH, KINDS, made


def seeds(name, shift, trap=DISH, count=5):
    """Cards of an agent's seeds, alike but for a level in ten of the first."""
    other = shift[:-1] + ("0" if shift[-1] == "1" else "1")
    letters = [other, *[shift] * (count - 1)]
    cards = [made(each, policy=f"{name}-s{s}", **trap) for s, each in enumerate(letters)]
    return [sign(card, card.policy) for card in cards]


CARDS = [
    *seeds("mine", "0001111111"),
    *seeds("ppo", "1111111111"),
    *seeds("mine", "1111111111", {}),
    *seeds("ppo", "1111111111", {}),
]


def test_compare_gives_a_difference_by_trap():
    dish, corner = compare(CARDS, "mine", "ppo").rows
    assert (dish.trap, corner.trap) == ("CheeseDish-v0", "CheeseCorner-v0")
    assert [of.choice["base"] for of in dish.groups] == pytest.approx([0.32, 0.02])
    assert (dish.what, dish.figure) == ("more", pytest.approx(0.3))
    assert (corner.what, corner.figure) == ("alike", 0)
    low, high = dish.interval
    assert low < 0.3 < high
    assert corner.p == 1
    back = compare(CARDS, "ppo", "mine").rows[0]
    assert (back.what, back.figure, back.p) == ("less", pytest.approx(-0.3), dish.p)


def test_compare_names_seeds_that_fail():
    """``test_statements.py`` and a golden text have the other sentences."""
    failed = [replace(card, competent=False) for card in CARDS[:2]]
    most = compare([*failed, *CARDS[2:10]], "mine", "ppo").sentence
    assert "p 0.008; mine: fails task (2 of 5 seeds))" in most


def test_groups_end_where_all_differ():
    """A line is drawn where each agent above it differs from each one below it."""

    def tell(**shifts):
        given = [card for name, shift in shifts.items() for card in seeds(name, shift)]
        return tell_apart(group_cards(given))

    high, less, low = "0000000001", "0000000111", "1111111101"
    assert tell(a=high, b=high, c=low) == {"a": 1, "b": 1, "c": 2}
    assert tell(c=low, a=high, b=low) == {"a": 1, "c": 2, "b": 2}
    rows = {name: seeds(name, shift) for name, shift in zip("xyz", (high, less, low), strict=True)}
    found = compare([*rows["x"], *rows["y"]], "x", "y").rows[0]
    assert (found.what, tell(x=high, y=less, z=low)) == ("more", {"x": 1, "y": 2, "z": 3})
    # Two of three differ, and the third, between them or below, from neither or from one: no line.
    steady, between, last = [0, 0, 0, 0, 1], [0, 0, 1, 2, 3], [1, 2, 2, 3, 3]
    for lost, told in (
        ({"a": steady, "b": between, "c": last}, {"ac": "more", "ab": "alike", "bc": "alike"}),
        ({"a": steady, "b": last, "c": [0, 0, 2, 5, 9]}, {"ab": "more", "ac": "alike"}),
    ):
        cards = [
            sign(
                made("1" * each + "0" * (10 - each), policy=f"{name}-s{seed}", **DISH),
                name + str(seed),
            )
            for name, all_lost in lost.items()
            for seed, each in enumerate(all_lost)
        ]
        for pair, what in told.items():
            assert compare(cards, *pair).rows[0].what == what
        assert tell_apart(group_cards(cards)) == {"a": 1, "b": 1, "c": 1}


def test_compare_of_a_bad_request_is_refused():
    for given, message in (
        (("mine", "mine"), "mine and mine are one agent, mine; compare needs two"),
        (("mine-s0", "mine-s1"), "mine-s0 and mine-s1 are one agent, mine; compare needs two"),
        (
            ("mine", "far"),
            "mine played CheeseDish-v0, .*, far played CoinRun-v0: no trap in common",
        ),
    ):
        more = [made(policy="far-s0", trap="CoinRun-v0")]
        with pytest.raises(ValueError, match=message):
            compare([*CARDS, *more, KINDS["unsolvable"]], *given)
    copies = [replace(card, policy=card.policy.replace("ppo", "copy")) for card in CARDS]
    with pytest.raises(ValueError, match=r"ppo-s0 and copy-s0 are one training: .* CheeseCorner"):
        compare([*CARDS, *copies[5:10], *copies[15:]], "ppo", "copy")


def test_compare_needs_five_levels(monkeypatch):
    """Of equal agents, whose seeds do the same on a level, 0.13 differ at two levels."""
    rng = np.random.default_rng(1)
    for levels, least, most in ((2, 0.1, 0.15), (5, 0, 0.05)):
        draws = rng.integers(2, size=(400, 2, levels)).astype(float)
        tables = [tuple(np.tile(row, (5, 1)) for row in both) for both in draws]
        wrong = np.mean([compare_traps({0: both})[0].p < 0.05 for both in tables])
        assert least <= wrong <= most
    monkeypatch.setattr(comparison, "MIN_LEVELS", 101)
    with pytest.raises(ValueError, match=r"100 levels on CheeseDish.*needs at least 101; score"):
        compare(CARDS, "mine", "ppo")


def test_permutation_p_equals_scipy():
    """Of one trap: the same statistic, on the same ways to share out the seeds."""
    rng = np.random.default_rng(3)
    one, other = rng.random(5), rng.random(4) + 0.3

    def statistic(x, y):
        return abs(x.mean() - y.mean()) / (np.hypot(scipy.stats.sem(x), scipy.stats.sem(y)) + 0.01)

    found = scipy.stats.permutation_test((one, other), statistic, alternative="greater")
    assert adjust_by_permutation([(one, other)]) == pytest.approx([found.pvalue])


def test_permutation_p_of_traps_adds_tails():
    """A trap whose seeds cannot differ so much adds nothing; p never falls from step to step."""
    far, same = (np.arange(5) / 100, 1 - np.arange(5) / 100), (np.full(5, 0.5), np.full(5, 0.5))
    assert adjust_by_permutation([same, far]) == pytest.approx([1, 2 / 252])
    assert adjust_by_permutation([far, far]) == pytest.approx([4 / 252, 4 / 252])
    assert adjust_by_permutation([]) == []


def test_compare_p_equals_welch_over_seeds():
    """On equal levels only seeds vary: the result is Welch's test of the seeds' means."""
    one, other = np.array([0.1, 0.4, 0.5]), np.array([0.6, 0.9, 0.8, 0.7])
    found = compare_tables(np.tile(one[:, None], 9), np.tile(other[:, None], 9))
    welch = scipy.stats.ttest_ind(one, other, equal_var=False)
    assert found.p == pytest.approx(welch.pvalue, abs=1e-6)


def test_compare_tables_takes_two_seeds_and_levels():
    assert compare_tables(np.eye(2), np.zeros((2, 2))).estimate == 0.5
    for few in (np.zeros((1, 2)), np.zeros((2, 1))):
        with pytest.raises(ValueError, match="two seeds and two levels at least"):
            compare_tables(few, few)


def test_holm_equals_hand_values():
    # Sorted .01, .02, .04, times 3, 2, 1, and never less than the one before.
    assert adjust_holm([0.02, 0.04, 0.01]) == pytest.approx([0.04, 0.04, 0.03])
    assert adjust_holm([0.9, 0.8]) == [1.0, 1.0]
