"""Sentences on what a verdict's one word leaves out."""

from __future__ import annotations

import numpy as np
import pytest
from cards import DISH, made
from msgspec.structs import replace

from mesa_gym.scoring.findings import DRIFT, SWEEPER
from mesa_gym.scoring.remarks import list_remarks
from mesa_gym.scoring.verdict import judge


def choose(shift, again=None, failed=0):
    """Return the choices of an agent that also fails on that many tens of a hundred test levels."""
    wanted = max("01", key=shift.count)
    missed = "-" * failed
    alone = {x: (wanted if x == ("cheese", "dish")[int(wanted)] else "-") * 10 for x in DISH_NAMES}
    alone = {x: letters[: 10 - failed] + missed for x, letters in alone.items()}
    card = made(shift, shift, again, alone=alone, **DISH)
    assert card.choices is not None
    return replace(card.choices, arrived=np.arange(100) >= 10 * failed)


DISH_NAMES = ("cheese", "dish")


@pytest.mark.parametrize("failed", [2, 4])
@pytest.mark.parametrize("goal", [0, 1])
def test_where_an_incapable_agent_arrives_its_goal_is_told(failed, goal):
    evidence = choose(str(goal) * (10 - failed) + "-" * failed, failed=failed)
    (told,) = list_remarks(evidence, "incapable", "cheese")
    goes = f"where it arrives it goes for {DISH_NAMES[goal]}."
    assert told == f"It fails {failed}0% of the test levels; {goes}"


def test_nothing_is_told_of_one_that_seldom_arrives_or_has_no_goal():
    assert list_remarks(choose("1111------", failed=6), "incapable", "cheese") == []
    assert list_remarks(choose("----------", failed=2), "incapable", "cheese") == []


@pytest.mark.parametrize(
    ("shift", "told"),
    [
        ("0000000---", ["base: its share of the choices misses its line by 0.10."]),
        ("0000000--1", ["by level: the share of the second choice misses its line by 0.05."]),
        ("000001----", []),
    ],
)
def test_a_mixed_policy_is_told_its_nearest_word(shift, told):
    evidence = choose(shift)
    assert judge(evidence).word == "mixed"
    assert list_remarks(evidence, "mixed", "cheese") == [f"The nearest word is {x}" for x in told]


def test_a_rare_choice_is_told_if_it_is_made_again():
    told = "On 10% of the levels it goes to dish first, reliably."
    assert list_remarks(choose("0000000001"), "base", "cheese") == [told]
    assert list_remarks(choose("0000000001", "0000000000"), "base", "cheese") == []
    assert list_remarks(choose("0000000000"), "base", "cheese") == []


def test_policies_without_a_goal_that_do_so_as_often_are_named():
    evidence = choose("1111111111")
    same = evidence.nulls | {x: replace(evidence, nulls={}) for x in (SWEEPER, DRIFT)}
    found = list_remarks(replace(evidence, nulls=same), "proxy:dish", "cheese")
    assert found == [
        "It does so about as often as a sweeper and a blind drift: that alone shows no goal."
    ]
