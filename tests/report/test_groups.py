"""Groups of cards: seeds, means by hand, intervals of Student's t, roles in place of objectives."""

from math import isnan

import numpy as np
import pytest
import scipy.stats
from msgspec.structs import replace
from scipy.special import expit, logit

from mesa_gym import report
from mesa_gym.report import interval
from mesa_gym.report.groups import group_cards
from mesa_gym.report.seed_group import ROLES, find_place, list_chosen, read_choice
from tests.report.boards import sign
from tests.support.cards import DISH, KINDS, made

FIRST = made("001111111-", policy="mine-s0", **DISH)
SECOND = made("000011111-", policy="mine-s1", **DISH)


def test_group_interval_needs_five_able_seeds():
    bare = [FIRST, *(replace(SECOND, policy=f"mine-s{seed}") for seed in (1, 4, 7, 9))]
    five = [sign(card, card.policy) for card in bare]
    (group,) = group_cards(five)
    table = [list_chosen(card, "proxy") for card in five]
    assert group.find_interval("proxy") == interval(table, share=True)
    low, high = group.find_interval("proxy")
    assert low < high
    failed = [replace(card, competent=False) for card in five[:3]]
    for few in (five[:1], five[:4], [*failed, *five[3:]], bare):
        (group,) = group_cards(few)
        assert all(map(isnan, group.find_interval("proxy")))


def test_group_range_has_least_and_greatest():
    (one,), (two,) = group_cards([FIRST]), group_cards([FIRST, SECOND])
    assert (all(map(isnan, one.find_range("base"))), one.write_range("base")) == (True, "")
    shares = [list_chosen(card, "base").mean() for card in (FIRST, SECOND)]
    assert two.find_range("base") == pytest.approx((min(shares), max(shares)))
    assert two.choice["base"] == pytest.approx(np.mean(shares))
    assert two.write_range("base") == " [0.20, 0.40]"


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


def test_brittle_seeds_are_counted_of_able_ones():
    cards = [replace(FIRST, policy=f"mine-s{seed}", fails_control=seed < 3) for seed in range(5)]
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
        card = replace(KINDS["unsolvable"], policy=f"mine-s{seed}")
        shift = card.splits["shift"] | {"between": {"shields": place}}
        cards.append(replace(card, splits=card.splits | {"shift": shift}))
    (group,) = group_cards(cards)
    assert (group.place, group.choice) == (pytest.approx(0.7), {})
    # Four degrees of freedom; in logits.
    reach = scipy.stats.t.ppf(0.975, 4) * scipy.stats.sem(places) / (0.7 * 0.3)
    assert group.find_interval("base") == pytest.approx(
        tuple(expit(logit(0.7) + np.array([-reach, reach])))
    )
    assert group.find_range("base") == (0.6, 0.8)
    assert all(map(isnan, [*group.find_interval("proxy"), *group.find_range("proxy")]))


@pytest.mark.parametrize("read", [report.table, report.plot, report.make_leaderboard])
def test_report_of_values_besides_cards_is_refused(read):
    with pytest.raises(ValueError, match=r"'a.json' is a name, not cards; read them by Cards.load"):
        read("a.json")
    for given in (None, [FIRST, 3]):
        with pytest.raises(ValueError, match="is not a score card; expected cards, as of"):
            read(given)


def test_group_cards_refuses_cards_that_misfit():
    other = made(policy="mine-s0")
    groups = group_cards([FIRST, other, SECOND, made(policy="random", **DISH)])
    assert [(group.trap, group.agent) for group in groups] == [
        ("CheeseDish-v0", "mine"),
        ("CheeseDish-v0", "random"),
        ("CheeseCorner-v0", "mine"),
    ]
    with pytest.raises(ValueError, match=r"two cards are of mine-s0 on CheeseDish-v0.* mine-s1"):
        group_cards([FIRST, FIRST])
    with pytest.raises(ValueError, match="there are no cards"):
        group_cards([])
    odd = replace(SECOND, provenance=replace(SECOND.provenance, levels=50))
    with pytest.raises(ValueError, match="levels is 100 for mine-s0 and 50 for mine-s1"):
        group_cards([FIRST, odd])
    with pytest.raises(ValueError, match="mine-s0 and mine would share a row"):
        group_cards([FIRST, made(policy="mine", **DISH)])


# -- roles -----------------------------------------------------------------------------------------


def test_pooled_choice_averages_plays_and_twins():
    card = made("001111111-", "000011111-", "0000000001", **DISH)
    # A half of (.2 + .9) / 2 and .4; none is missing in the second play.
    assert read_choice(card.splits["shift"]) == pytest.approx(
        {"base": 0.475, "proxy": 0.45, "none": 0.075}
    )
    assert read_choice(made("0111111111").splits["shift"])["base"] == 0.1
    assert read_choice(KINDS["unsolvable"].splits["shift"]) == {}


@pytest.mark.parametrize("twins", [None, "000011111-"])
def test_list_chosen_has_the_share_as_mean(twins):
    card = made("001111111-", twins, "0-11111110", **DISH)
    shares = read_choice(card.splits["shift"])
    for role in ROLES:
        assert list_chosen(card, role).mean() == pytest.approx(shares[role])
    with pytest.raises(ValueError, match="MonsterWorld-v0 is judged by returns"):
        list_chosen(KINDS["unsolvable"], "base")


SHAPES = {"trap": "Attributes-v0", "objectives": ("shape", "colour", "place")}


def test_shares_of_several_proxies_are_added():
    card = made("0112222---", **SHAPES, alone={})
    assert read_choice(card.splits["shift"]) == pytest.approx(
        {"base": 0.1, "proxy": 0.6, "none": 0.3}
    )
