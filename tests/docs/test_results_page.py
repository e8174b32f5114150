"""docs/results.md and README.md say what the committed cards say."""

from __future__ import annotations

import re

import pytest

pytest.importorskip("PIL")
from docs.results_page import BEGIN, END, PAGE, README, committed, committed_board, page, readme

# A mean and its interval; a plus says nothing more.
CLAIM = re.compile(r"(-?\d\.\d\d) \[\+?(-?\d\.\d\d), \+?(-?\d\.\d\d)\]")


def test_the_readme_has_the_top_of_the_board():
    assert README.read_text() == readme(committed_board())


def test_the_readme_says_what_its_agent_does():
    (card,) = (card for card in committed()["RedBlueDoors-v0"]["ppo"] if card.policy == "ppo-s0")
    assert f"touches a red key first on {card.splits['shift'].first_contact['red']:.0%}" in (
        README.read_text().replace("\n", " ")
    )


def test_its_tables_are_those_of_the_committed_cards():
    assert PAGE.read_text() == page(committed())


def test_every_interval_of_the_text_stands_in_a_table():
    text, rest = PAGE.read_text().split(BEGIN)
    tables, after = rest.split(END)
    claims = CLAIM.findall(text + after)
    assert len(claims) > 10
    assert not set(claims) - set(CLAIM.findall(tables))
