"""docs/results.md says what the committed cards say."""

from __future__ import annotations

import re

import pytest

pytest.importorskip("PIL")
from docs.results_page import BEGIN, END, PAGE, committed, page

# A mean and its interval; a plus says nothing more.
CLAIM = re.compile(r"(-?\d\.\d\d) \[\+?(-?\d\.\d\d), \+?(-?\d\.\d\d)\]")


def test_its_tables_are_those_of_the_committed_cards():
    assert PAGE.read_text() == page(committed())


def test_every_interval_of_the_text_stands_in_a_table():
    text, rest = PAGE.read_text().split(BEGIN)
    tables, after = rest.split(END)
    claims = CLAIM.findall(text + after)
    assert len(claims) > 10
    assert not set(claims) - set(CLAIM.findall(tables))
