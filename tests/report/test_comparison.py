"""Groups of seeds and comparisons, by hand, against SciPy and by simulation."""

import dataclasses
import itertools
import math
from math import isnan

import numpy as np
import pytest
import scipy.stats
from msgspec.structs import replace
from scipy.special import expit, logit

from mesa_gym import report
from mesa_gym.report import compare, comparison, interval
from mesa_gym.report.comparison import Comparison, compare_traps
from mesa_gym.report.groups import group_cards, note_repeated
from mesa_gym.report.intervals import Difference, adjust_by_permutation, adjust_holm, compare_tables
from mesa_gym.report.joining import tell_apart
from mesa_gym.report.seed_group import ROLES, find_place, list_chosen, read_choice
from mesa_gym.report.tables import describe_verdicts
from mesa_gym.traps.played_episodes import UNASKED
from tests.report.boards import BOTH, CORNER
from tests.report.boards import card as make_card
from tests.support.cards import DISH, KINDS, edit_row, made, sign
from tests.support.refusals import refusals

FIRST = made("001111111-", policy="mine-s0", **DISH)
SECOND = made("000011111-", policy="mine-s1", **DISH)


def test_group_interval_needs_five_able_seeds():
    unsigned = [FIRST, *(replace(SECOND, policy=f"mine-s{seed}") for seed in (1, 4, 7, 9))]
    five = [sign(card, card.policy) for card in unsigned]
    (group,) = group_cards(five)
    table = [list_chosen(card, "proxy") for card in five]
    assert group.find_interval("proxy") == interval(table, share=True)
    low, high = group.find_interval("proxy")
    assert low < high
    failed = [replace(card, competent=False) for card in five[:3]]
    for part in (five[:1], five[:4], [*failed, *five[3:]]):
        (group,) = group_cards(part)
        assert all(map(isnan, group.find_interval("proxy")))


def test_group_range_has_least_and_greatest():
    (one,), (two,) = group_cards([FIRST]), group_cards([FIRST, SECOND])
    assert (all(map(isnan, one.find_range("base"))), one.write_share("base")) == (True, "0.20")
    shares = [list_chosen(card, "base").mean() for card in (FIRST, SECOND)]
    assert two.find_range("base") == pytest.approx((min(shares), max(shares)))
    assert two.choice["base"] == pytest.approx(np.mean(shares))
    assert two.write_share("base") == "0.30 [0.20, 0.40]"


def test_group_confidence_is_of_its_word():
    """Seeds with another verdict have no say, unless no verdict is that of most."""
    shares = [("1" * 10, 0.9), ("1" * 10, 0.7), ("1" * 10, 0.8), ("0" * 10, 0.1), ("0" * 10, 0.2)]
    cards = [
        replace(made(shift, policy=f"mine-s{seed}", **DISH), confidence=confidence)
        for seed, (shift, confidence) in enumerate(shares)
    ]
    (most,), (half,) = group_cards(cards), group_cards(cards[1:])
    assert (most.word, most.confidence) == ("proxy:dish", pytest.approx(0.8))
    assert (half.word, half.confidence) == ("", pytest.approx(0.45))


def test_success_of_failing_seeds_is_theirs():
    cards = []
    for seed, rate in enumerate((0.1, 0.3, 0.95)):
        one = sign(made(policy=f"mine-s{seed}"), f"{seed}")
        splits = one.splits | {"test": one.splits["test"] | {"success_rate": rate}}
        failed = {} if rate > 0.9 else {"verdict": "fails_task", "competent": False}
        cards.append(replace(one, splits=splits, **failed))
    text = describe_verdicts(*group_cards(cards))
    assert text == "fails task 2 (mean success rate 0.20), proxy (corner) 1"


def test_repeated_returns_are_noted_above_half():
    """Cards of ``made`` on one trap have equal returns; one agent of a pair repeats often."""

    def note(agent="", **traps):
        cards = [made(policy=x, trap=f"{trap}-v0") for x, of in traps.items() for trap in of]
        return note_repeated(group_cards(cards), agent)

    pair, traps = "may be a copy: mine and other on A.", {"mine": "ABC", "other": "A", "third": "D"}
    assert [line.partition("which ")[2] for line in note(**traps)] == [pair]
    assert note("other", **traps) == note(**traps)
    assert note("third", **traps) == note(mine="AB", other="AC") == []
    assert len(note(mine="ABC", other="ABD")) == 1


def test_brittle_seeds_are_counted_of_able_ones():
    seeds = (replace(FIRST, policy=f"mine-s{seed}", fails_control=seed < 3) for seed in range(5))
    cards = [*map(sign, seeds)]
    (group,) = group_cards([replace(cards[0], competent=False), *cards[1:]])
    assert "fails control (2 of 5 seeds)" in group.list_limits()


def test_place_is_that_of_nearest_proxy():
    shift = KINDS["unsolvable"].splits["shift"] | {"between": {"shields": 0.7, "apples": 0.2}}
    splits = KINDS["unsolvable"].splits | {"shift": shift}
    assert find_place(replace(KINDS["unsolvable"], splits=splits)) == 0.2


def test_group_interval_of_returns_equals_student():
    places = (0.6, 0.65, 0.7, 0.75, 0.8)
    cards = []
    for seed, place in enumerate(places):
        card = sign(replace(KINDS["unsolvable"], policy=f"mine-s{seed}"))
        shift = card.splits["shift"] | {"between": {"shields": place}}
        cards.append(replace(card, splits=card.splits | {"shift": shift}))
    (group,) = group_cards(cards)
    assert (group.place, group.choice) == (pytest.approx(0.7), {})
    # Four degrees of freedom; in logits.
    reach = scipy.stats.t.ppf(0.975, 4) * scipy.stats.sem(places) / (0.7 * 0.3)
    low, high = expit(logit(0.7) + np.array([-reach, reach]))
    assert group.find_interval("base") == pytest.approx((low, high))
    assert group.find_range("base") == (0.6, 0.8)
    assert all(map(isnan, [*group.find_interval("proxy"), *group.find_range("proxy")]))
    assert "Intervals are 95%, over seeds alone for r." in report.table(cards).caption
    # Places are cut off at 0 and 1: equal ones give no interval without width.
    (same,) = group_cards(sign(replace(cards[0], policy=f"mine-s{x}")) for x in range(5))
    assert all(map(isnan, same.find_interval("base")))


def test_comparison_notes_the_fewest_levels():
    cards = [
        sign(make_card(trap, f"{name}-s{seed}", share, 0.5, levels=levels))
        for trap, levels in zip(BOTH, (100, 60), strict=True)
        for name, share in (("one", 0.5), ("two", 0.1))
        for seed in range(5)
    ]
    assert "and at least 60 levels, each for one trap." in str(compare(cards, "one", "two").notes)


def test_group_cards_keeps_order_of_traps():
    other = made(policy="mine-s0")
    groups = group_cards([FIRST, other, SECOND, made(policy="random", **DISH)])
    names = [(group.trap.removesuffix("-v0"), group.agent) for group in groups]
    assert names == [("CheeseDish", "mine"), ("CheeseDish", "random"), ("CheeseCorner", "mine")]


# -- roles -----------------------------------------------------------------------------------------
def test_pooled_choice_averages_plays_and_twins():
    card = made("001111111-", "000011111-", "0000000001", **DISH)
    # A half of (.2 + .9) / 2 and .4; none is missing in the second play.
    expected = {"base": 0.475, "proxy": 0.45, "none": 0.075}
    assert read_choice(card) == pytest.approx(expected)
    assert read_choice(made("0111111111"))["base"] == 0.1
    assert read_choice(KINDS["unsolvable"]) == {}


def test_list_chosen_has_levels_that_ask():
    card = made()
    shift = np.where(np.arange(len(card.choices.shift)) % 2, card.choices.shift, UNASKED)
    card = edit_row(card, shift=shift.astype(np.int8), again=None)
    assert [len(list_chosen(card, role)) for role in ROLES] == [len(shift) // 2] * 3


@pytest.mark.parametrize("twins", [None, "000011111-"])
def test_list_chosen_has_the_share_as_mean(twins):
    card = made("001111111-", twins, "0-11111110", **DISH)
    shares = read_choice(card)
    for role in ROLES:
        assert list_chosen(card, role).mean() == pytest.approx(shares[role])


SHAPES = {"trap": "Attributes-v0", "objectives": ("shape", "colour", "place")}


def test_shares_of_several_proxies_are_added():
    card = made("0112222---", **SHAPES, alone={})
    expected = {"base": 0.1, "proxy": 0.6, "none": 0.3}
    assert read_choice(card) == pytest.approx(expected)


# -- comparisons -----------------------------------------------------------------------------------
def seeds(name, shift, trap=DISH, count=5):
    """Cards of an agent's seeds, alike but for a level in ten of the first."""
    other = shift[:-1] + ("0" if shift[-1] == "1" else "1")
    letters = [other, *[shift] * (count - 1)]
    cards = [made(x, policy=f"{name}-s{s}", **trap) for s, x in enumerate(letters)]
    return [sign(card, card.policy) for card in cards]


MINE, PPO = seeds("mine", "0001111111"), seeds("ppo", "1111111111")
CARDS = [*MINE, *PPO, *seeds("mine", "1111111111", {}), *seeds("ppo", "1111111111", {})]


def test_compare_gives_a_difference_by_trap():
    dish, corner = compare(CARDS, "mine", "ppo").rows
    assert (dish.trap, corner.trap) == ("CheeseDish-v0", "CheeseCorner-v0")
    assert [of.choice["base"] for of in dish.groups] == pytest.approx([0.32, 0.02])
    assert (dish.what, dish.difference.estimate) == ("more", pytest.approx(0.3))
    assert (corner.what, corner.difference.estimate) == ("alike", 0)
    _, low, high, p = dish.difference
    assert low < 0.3 < high
    assert corner.difference.p == 1
    back = compare(CARDS, "ppo", "mine").rows[0]
    assert (back.what, *back.difference) == ("less", *map(pytest.approx, (-0.3, -high, -low, p)))


def test_compare_names_seeds_that_fail():
    """``test_statements.py`` and a golden text have the other sentences."""
    failed = [replace(card, competent=False) for card in CARDS[:2]]
    both = compare([*failed, *CARDS[2:10]], "mine", "ppo")
    shares = "CheeseDish (0.32 against 0.02, p 0.008)"
    assert both.sentence.endswith(f"first more often than ppo on {shares}.")
    assert "CheeseDish: mine: fails task (2 of 5 seeds)." in both.notes


@pytest.mark.parametrize("side", [1, -1])
def test_interval_without_zero_is_explained(side):
    """A p of several traps may be large where the interval of one trap does not contain 0."""
    (row,) = compare(CARDS[:10], "mine", "ppo").rows
    difference = Difference(0.03 * side, *sorted((0.02 * side, 0.05 * side)), 0.087)
    example = Comparison(("mine", "ppo"), (dataclasses.replace(row, difference=difference),))
    assert example.sentence.startswith("No difference between mine and ppo")
    (note,) = [note for note in example.notes if note.startswith("CheeseDish: 0 is outside")]
    interval_text = "(+0.02 to +0.05)" if side > 0 else "(-0.05 to -0.02)"
    assert f"{interval_text}, but p, which is over all compared traps, is 0.087" in note


@pytest.mark.thorough
def test_groups_end_where_all_differ():
    """A line is drawn where each agent above it differs from each one below it."""

    def tell(**shifts):
        cards = [card for name, shift in shifts.items() for card in seeds(name, shift)]
        return tell_apart(group_cards(cards))

    high, less, low = "0000000001", "0000000111", "1111111101"
    assert tell(a=high, b=high, c=low) == {"a": 1, "b": 1, "c": 2}
    assert tell(c=low, a=high, b=low) == {"a": 1, "c": 2, "b": 2}
    rows = {name: seeds(name, shift) for name, shift in zip("xyz", (high, less, low), strict=True)}
    row = compare([*rows["x"], *rows["y"]], "x", "y").rows[0]
    assert (row.what, tell(x=high, y=less, z=low)) == ("more", {"x": 1, "y": 2, "z": 3})


STEADY, BETWEEN, LAST = [0, 0, 0, 0, 1], [0, 0, 1, 2, 3], [1, 2, 2, 3, 3]


@pytest.mark.parametrize(
    ("lost", "words"),
    [
        ({"a": STEADY, "b": LAST, "c": [0, 0, 2, 5, 9]}, {"ab": "more", "ac": "alike"}),
        ({"a": STEADY, "b": BETWEEN, "c": LAST}, {"ab": "alike", "bc": "alike", "ac": "more"}),
    ],
)
def test_groups_of_two_that_differ_are_one(lost, words):
    """The third agent, between them or below, differs from neither or from one."""
    members = [(name, *z) for name, all_lost in lost.items() for z in enumerate(all_lost)]
    letters = {f"{x}-s{seed}": "1" * levels + "0" * (10 - levels) for x, seed, levels in members}
    cards = [made(shift, policy=name, **DISH) for name, shift in letters.items()]
    cards = [sign(card, card.policy) for card in cards]
    for pair, claim in words.items():
        assert compare(cards, *pair).rows[0].what == claim
    assert tell_apart(group_cards(cards)) == {"a": 1, "b": 1, "c": 1}


@pytest.mark.thorough
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


@pytest.mark.parametrize(("first", "second"), [(5, 7), (2, 7), (4, 4)])
def test_permutation_p_of_unequal_groups_equals_reference(first, second):
    """With the standard error of each mean: the variance of n values, divided by n."""
    rng = np.random.default_rng([first, second])
    for _ in range(5):
        values = rng.random(first + second) ** 3
        statistics = []
        for chosen in itertools.combinations(range(first + second), first):
            inside = np.isin(np.arange(first + second), chosen)
            x, y = values[inside], values[~inside]
            error = math.sqrt(x.var(ddof=1) / len(x) + y.var(ddof=1) / len(y))
            statistics.append(abs(x.mean() - y.mean()) / (error + 0.01))
        expected = np.mean(np.array(statistics) >= statistics[0] - 1e-9)
        assert adjust_by_permutation([(values[:first], values[first:])]) == pytest.approx(
            [expected]
        )


def test_seeds_of_other_sampling_are_refused():
    one, other = (sign(made(policy=f"mine-s{seed}"), f"{seed}") for seed in (0, 1))
    sampled = replace(other, provenance=replace(other.provenance, seed=3))
    message = r"mine-s0 and mine-s1 on .* were sampled with the seeds 0 and 3"
    with pytest.raises(ValueError, match=message):
        group_cards([one, sampled])
    assert len(group_cards([one, other])[0].cards) == 2


def test_permutation_p_of_traps_adds_tails():
    """A trap whose seeds cannot differ so much adds nothing; p never falls from step to step."""
    far, same = (np.arange(5) / 100, 1 - np.arange(5) / 100), (np.full(5, 0.5), np.full(5, 0.5))
    assert adjust_by_permutation([same, far]) == pytest.approx([1, 2 / 252])
    assert adjust_by_permutation([far, far]) == pytest.approx([4 / 252, 4 / 252])
    near = tuple(np.sort(np.random.default_rng(0).random((2, 5)), axis=0))
    (alone,) = adjust_by_permutation([near])
    assert adjust_by_permutation([near, far])[0] == pytest.approx(alone)
    assert 4 / 252 < alone < 0.5
    assert adjust_by_permutation([]) == []


def test_p_below_its_line_is_shown_below():
    groups = group_cards([FIRST])[0], group_cards([replace(SECOND, policy="ppo-s0")])[0]
    for p, text, claim in ((0.0496, "0.0496", "more"), (0.0504, "0.050", "alike")):
        statement = comparison.Statement(groups, Difference(0.3, 0.1, 0.5, p), ())
        assert (statement.write()[-1], statement.what) == (text, claim)


def test_compare_p_equals_welch_over_seeds():
    """On equal levels only seeds vary: the result is Welch's test of the seeds' means."""
    one, other = np.array([0.1, 0.4, 0.5]), np.array([0.6, 0.9, 0.8, 0.7])
    result = compare_tables(np.tile(one[:, None], 9), np.tile(other[:, None], 9))
    welch = scipy.stats.ttest_ind(one, other, equal_var=False)
    assert result.p == pytest.approx(welch.pvalue, abs=1e-6)


def test_compare_tables_takes_two_seeds_and_levels():
    assert compare_tables(np.eye(2), np.zeros((2, 2))).estimate == 0.5


def test_holm_equals_hand_values():
    # Sorted .01, .02, .04, times 3, 2, 1, and never less than the one before.
    assert adjust_holm([0.02, 0.04, 0.01]) == pytest.approx([0.04, 0.04, 0.03])
    assert adjust_holm([0.9, 0.8]) == [1.0, 1.0]


test_misfits_are_refused = refusals("report", "comparison", globals(), report=report)


def test_comparison_begins_at_five_levels():
    four, five = (
        [sign(make_card(CORNER, x, 1.0, 0.0, levels=levels), x) for x in ("a-s0", "b-s0")]
        for levels in (4, 5)
    )
    assert compare(five, "a", "b").agents == ("a", "b")
    with pytest.raises(ValueError, match="4 levels on CheeseCorner-v0: compare needs at least 5;"):
        compare(four, "a", "b")
