"""Roles in place of names: shares by hand, and the columns that traps share."""

import pytest
from cards import DISH, KINDS, made

from mesa_gym.scoring.roles import ROLES, list_chosen, pool_choices, read_roles

SHAPES = {"trap": "Attributes-v0", "objectives": ("shape", "colour", "place")}


def test_shares_are_the_mean_of_levels_and_twins_and_add_up_to_one() -> None:
    card = made("001111111-", twins="000011111-", **DISH)
    assert pool_choices(card.splits["shift"], "cheese") == pytest.approx(
        {"base": 0.3, "proxy": 0.6, "none": 0.1}
    )
    assert pool_choices(made("0111111111").splits["shift"], "cheese")["base"] == 0.1
    assert pool_choices(KINDS["unsolvable"].splits["shift"], "apples") == {}


def test_shares_of_several_proxies_are_added() -> None:
    card = made("0112222---", **SHAPES, alone={})
    assert pool_choices(card.splits["shift"], "shape") == pytest.approx(
        {"base": 0.1, "proxy": 0.6, "none": 0.3}
    )


@pytest.mark.parametrize("twins", [None, "000011111-", "00..11111-"])
def test_the_mean_over_levels_is_the_share(twins: str | None) -> None:
    card = made("001111111-", twins=twins, **DISH)
    shares = pool_choices(card.splits["shift"], "cheese")
    for role in ROLES:
        assert list_chosen(card, role).mean() == pytest.approx(shares[role])
    with pytest.raises(ValueError, match="MonsterWorld-v0 is judged by returns"):
        list_chosen(KINDS["unsolvable"], "base")


def test_columns_have_roles_in_place_of_objectives() -> None:
    card = made("001111111-", twins="001111111-", **DISH)
    columns, numbers = read_roles(card), card.to_dict()
    assert columns["shift.chose.proxy"] == 0.7
    assert columns["shift.want.base"] == numbers["shift.want.cheese"] == 1.0
    assert columns["sweeper.shift.chose.none"] == numbers["sweeper.shift.choice.none"]
    assert columns["test.aim.nulls"] == numbers["test.aim.nulls"]
    assert not [name for name in columns if "cheese" in name or "dish" in name]


def test_of_several_proxies_the_greatest_number_stands() -> None:
    card = made("0112222---", **SHAPES, alone={})
    found = card.read_each("shift", "normalized_return") | {"colour": 0.25, "place": 0.5}
    card.splits["shift"]["normalized_return"] = found
    assert read_roles(card)["shift.normalized_return.proxy"] == 0.5


def test_where_returns_judge_the_least_place_stands() -> None:
    columns = read_roles(KINDS["unsolvable"])
    assert columns["shift.between"] == 1.0
    assert not [name for name in columns if "chose" in name or "apples" in name]
