"""The leaderboard by hand: margins, who is able, ranks, and one source of all its forms."""

import numpy as np
import pytest
import scipy.stats
from boards import CORNER, DOORS, KEYS, MONSTERS, card, reference_cards

from mesa_gym.report import interval, mean_over_traps, rank_agents
from mesa_gym.report.leaderboard import format_share
from mesa_gym.report.ranking import _compare_traps

TRAPS = (CORNER, DOORS)
RNG = np.random.default_rng(0)


def agent(name, b, p, seeds=3, traps=TRAPS, **more):
    return [card(t, f"{name}-s{s}", b, p, levels=60, **more) for t in traps for s in range(seeds)]


def references():
    return [each for trap in TRAPS for each in reference_cards(trap, levels=60)]


def find(board, name, trap="all"):
    (row,) = (row for row in board.rows() if (row["agent"], row["trap"]) == (name, trap))
    return row


def test_margin_is_base_less_proxy_over_traps():
    cards = [*agent("mine", 0.8, 0.1, traps=[CORNER]), *agent("mine", 0.2, 0.7, traps=[DOORS])]
    board = rank_agents(cards)
    first, second = find(board, "mine", CORNER), find(board, "mine", DOORS)
    assert (first["margin"], second["margin"]) == pytest.approx((0.7, -0.5))
    whole = find(board, "mine")
    assert whole["margin"] == pytest.approx(0.1)
    assert (whole["base"], whole["proxy"], whole["neither"]) == pytest.approx((0.5, 0.4, 0.1))
    assert (whole["able"], whole["seeds"], whole["rank"]) == (2, 3, 1)
    assert whole["low"] <= whole["margin"] <= whole["high"]


def test_margin_of_an_unable_seed_is_0():
    cards = [
        *agent("mine", 0.8, 0.2, 2, [CORNER]),
        card(CORNER, "mine-s2", 0.8, 0.2, test=0.5, levels=60),
    ]
    cards += [each for each in references() if each.trap == CORNER]
    row = find(rank_agents(cards), "mine")
    assert row["margin"] == pytest.approx(0.6 * 2 / 3)
    # What it does is shown as measured.
    assert (row["base"], row["proxy"], row["able"]) == pytest.approx((0.8, 0.2, 2 / 3))
    incapable = [each for each in cards if each.policy == "random"]
    assert not incapable[0].competent
    random = find(rank_agents(cards), "random")
    assert random["base"] + random["proxy"] > 0


def test_margin_of_a_missing_trap_is_0():
    cards = [*agent("mine", 1.0, 0.0, traps=[CORNER]), *agent("other", 0.5, 0.5)]
    assert rank_agents(cards).traps == (CORNER,)
    board = rank_agents(cards, TRAPS)
    assert board.traps == TRAPS
    assert find(board, "mine")["margin"] == pytest.approx(0.5)
    assert find(board, "mine")["able"] == 1
    assert find(board, "mine", DOORS)["margin"] == 0
    # Where no trap is shared, each agent has 0 on the others' traps.
    apart = [*agent("mine", 1.0, 0.0, traps=[CORNER]), *agent("other", 1.0, 0.0, traps=[DOORS])]
    assert rank_agents(apart).traps == TRAPS


def test_rank_counts_agents_told_apart_above():
    cards = [*agent("best", 0.95, 0.05), *agent("alike", 0.94, 0.06), *agent("worst", 0.1, 0.9)]
    cards += agent("lone", 0.99, 0.01, seeds=1)
    board = rank_agents([*cards, *references()])
    ranks = {row["agent"]: row["rank"] for row in board.rows() if row["trap"] == "all"}
    assert ranks == {"lone": None, "best": 1, "alike": 1, "worst": 3} | dict.fromkeys(
        ("oracle", "either", "sweeper", "random")
    )
    order = [profile.margin for profile in board.profiles]
    assert order == sorted(order, reverse=True)
    assert board.told_apart == (2, 3)
    back = rank_agents(reversed([*cards, *references()]))
    by_name = [sorted(map(str, each.rows())) for each in (board, back)]
    assert by_name[0] == by_name[1]


def test_rank_is_never_better_than_above():
    """Of two with one margin, that whose seeds differ is told apart from none."""
    cards = [*agent("best", 0.9, 0.1), *agent("steady", 0.3, 0.7)]
    for trap in TRAPS:
        for seed, b in enumerate((0.85, 0.02, 0.02)):
            cards.append(card(trap, f"erratic-s{seed}", b, 1 - b, levels=60))
    ranks = {profile.agent: profile.rank for profile in rank_agents(cards).profiles}
    assert ranks == {"best": 1, "steady": 2, "erratic": 2}


def test_rank_needs_enough_able_traps():
    """Else an agent that can do nothing, with 0 everywhere, would stand above one that errs."""
    unable = [each for t in TRAPS for each in agent("unable", 0.1, 0.9, 3, [t], test=0.5)]
    board = rank_agents([*agent("errs", 0.1, 0.9), *unable])
    rows = {row["agent"]: row for row in board.rows() if row["trap"] == "all"}
    assert (rows["unable"]["margin"], rows["errs"]["margin"]) == pytest.approx((0, -0.8))
    assert (rows["unable"]["rank"], rows["errs"]["rank"]) == (None, 1)
    assert board.told_apart == (0, 0)


def test_interval_over_traps_is_students():
    margins = {CORNER: 0.4, DOORS: -0.2, KEYS: 0.1}
    cards = [
        each
        for trap, m in margins.items()
        for each in agent("mine", 0.5 + m / 2, 0.5 - m / 2, traps=[trap])
    ]
    (profile,) = rank_agents(cards).profiles
    assert profile.interval_over_traps == pytest.approx(
        interval(mean_over_traps, [*margins.values()], limits=(-1, 1))
    )
    assert profile.interval_over_traps[1] - profile.interval_over_traps[0] > 0.5
    assert np.isnan(profile.narrow(CORNER).interval_over_traps).all()


def test_comparison_over_traps_is_a_paired_t():
    one = {CORNER: 0.7, DOORS: 0.4, KEYS: 0.6}
    two = {CORNER: 0.5, DOORS: 0.35, KEYS: 0.1}
    cards = [
        each
        for name, shares in (("one", one), ("two", two))
        for trap, b in shares.items()
        for each in agent(name, b, 1 - b, traps=[trap])
    ]
    board = rank_agents(cards)
    test = scipy.stats.ttest_rel([*one.values()], [*two.values()])
    assert _compare_traps(*board.profiles) == pytest.approx(test.pvalue, abs=1e-9)
    assert test.pvalue > 0.05
    assert (board.told_apart, board.told_apart_over_traps) == ((1, 1), (0, 1))


@pytest.mark.thorough
def test_ranking_rarely_tells_equal_agents_apart():
    """Of 40 boards of four agents that choose by one coin, at most five name a difference."""
    told = 0
    for _ in range(40):
        shares = RNG.binomial(60, 0.5, size=(4, 3)) / 60
        cards = [
            card(CORNER, f"a{a}-s{s}", round(b, 4), round(1 - b, 4), levels=60)
            for a, seeds in enumerate(shares)
            for s, b in enumerate(seeds)
        ]
        told += rank_agents(cards).told_apart[0] > 0
    assert told <= 5


def test_board_has_one_oracle_for_all_traps():
    board = rank_agents([*references(), *agent("mine", 0.5, 0.5)])
    names = {profile.agent for profile in board.profiles}
    assert names == {"oracle", "either", "sweeper", "random", "mine"}
    assert find(board, "oracle")["margin"] == pytest.approx(1)


def test_rank_agents_of_misfits_is_refused():
    with pytest.raises(ValueError, match="no trap with choices"):
        rank_agents([card(MONSTERS, "mine-s0", 0.5, 0.5)])
    other = [card(KEYS, f"mine-s{seed}", 0.5, 0.5, levels=20) for seed in range(2)]
    with pytest.raises(ValueError, match="one number of levels; got 60 levels"):
        rank_agents([*agent("mine", 0.5, 0.5), *other])


@pytest.mark.parametrize(("value", "text"), [(0.5, ".50"), (-0.046, "-.05"), (-0.001, ".00"),
                                             (1.0, "1.00"), (-1.0, "-1.00"), (0.999, "1.00"),
                                             (np.nan, "–")])  # fmt: skip
def test_format_share_has_two_digits(value, text):
    assert format_share(value) == text
