"""Enemies of the leaderboard are able in training, and do not prefer base under shift."""

import pytest

from docs.studies.enemies import make_enemies, score_enemies
from mesa_gym.report.groups import BASE, PROXY, list_chosen
from mesa_gym.traps import find_trap


@pytest.mark.thorough
def test_each_is_able_and_has_no_margin_where_things_are_equally_far():
    trap = find_trap("CheeseDish")()
    cards = score_enemies([trap], 60)
    assert {card.policy for card in cards} == {*make_enemies(trap)}
    assert len(cards) == 6
    for card in cards:
        assert card.read_number("test", "arrival") == 1
        margin = float((list_chosen(card, BASE) - list_chosen(card, PROXY)).mean())
        assert abs(margin) < 0.25, card.policy
