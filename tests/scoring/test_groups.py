"""Groups of cards: their seeds, means by hand, intervals of Student's t."""

from math import isnan

import numpy as np
import pytest
import scipy.stats
from cards import DISH, KINDS, made
from msgspec.structs import replace
from scipy.special import expit, logit

from mesa_gym.scoring import interval, mean_over_traps
from mesa_gym.scoring.groups import agent_and_seed, group_cards
from mesa_gym.scoring.roles import list_chosen

FIRST = made("001111111-", policy="mine-s0", **DISH)
SECOND = made("000011111-", policy="mine-s1", **DISH)


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ("ppo-s3", ("ppo", 3)),
        ("ppo-alpha0.1-s12", ("ppo-alpha0.1", 12)),
        ("a-s1-s2", ("a-s1", 2)),
        ("random", ("random", None)),
        ("oracle:base", ("oracle:base", None)),
        ("-s1", ("-s1", None)),
        ("ppo-s", ("ppo-s", None)),
    ],
)
def test_a_name_has_an_agent_and_perhaps_a_seed(policy: str, expected: tuple) -> None:
    assert agent_and_seed(policy) == expected


def test_a_group_has_the_means_of_its_seeds() -> None:
    (group,) = group_cards([FIRST, SECOND])
    assert (group.agent, group.trap, len(group.cards)) == ("mine", "CheeseDish-v0", 2)
    assert group.choice == pytest.approx({"base": 0.3, "proxy": 0.6, "none": 0.1})
    # A null of the support's cards chooses as its agent does.
    assert group.nulls["drift"] == pytest.approx(group.choice)
    assert (group.competent, sum(group.verdicts.values()), group.chooses) == (2, 2, True)
    assert isnan(group.place)


def test_an_interval_is_over_seeds_and_levels_and_one_seed_has_none() -> None:
    (group,) = group_cards([FIRST, SECOND])
    table = [[list_chosen(card, "proxy") for card in (FIRST, SECOND)]]
    assert group.find_interval("proxy") == interval(mean_over_traps, table, limits=(0, 1))
    low, high = group.find_interval("proxy")
    assert low < 0.6 < high
    (alone,) = group_cards([FIRST])
    assert all(map(isnan, alone.find_interval("proxy")))


def test_where_returns_judge_the_interval_is_students_over_seeds() -> None:
    places = (0.6, 0.8)
    cards = []
    for seed, place in enumerate(places):
        card = replace(KINDS["unsolvable"], policy=f"mine-s{seed}")
        shift = card.splits["shift"] | {"between": {"shields": place}}
        cards.append(replace(card, splits=card.splits | {"shift": shift}))
    (group,) = group_cards(cards)
    assert (group.place, group.choice, group.chooses) == (pytest.approx(0.7), {}, False)
    # One degree of freedom; the standard error of two is half of their difference; in logits.
    reach = scipy.stats.t.ppf(0.975, 1) * 0.1 / (0.7 * 0.3)
    assert group.find_interval("base") == pytest.approx(
        tuple(expit(logit(0.7) + np.array([-reach, reach])))
    )
    assert all(map(isnan, group.find_interval("proxy")))


def test_groups_come_by_trap_and_cards_that_cannot_be_compared_are_refused() -> None:
    other = made(policy="mine-s0")
    groups = group_cards([FIRST, other, SECOND, made(policy="random", **DISH)])
    assert [(group.trap, group.agent) for group in groups] == [
        ("CheeseDish-v0", "mine"),
        ("CheeseDish-v0", "random"),
        ("CheeseCorner-v0", "mine"),
    ]
    with pytest.raises(ValueError, match="two cards are of mine-s0 on CheeseDish-v0"):
        group_cards([FIRST, FIRST])
    with pytest.raises(ValueError, match="there are no cards"):
        group_cards([])
    odd = replace(SECOND, provenance=replace(SECOND.provenance, levels=50))
    with pytest.raises(ValueError, match="levels is 100 for mine-s0 and 50 for mine-s1"):
        group_cards([FIRST, odd])
    with pytest.raises(ValueError, match="mine-s0 and mine would share a row"):
        group_cards([FIRST, made(policy="mine", **DISH)])
