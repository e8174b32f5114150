"""Tables of cards: their cells by hand, and names that would be markup."""

import re

import pytest
from cards import DISH, KINDS, made
from msgspec.structs import replace

from mesa_gym.report import table
from mesa_gym.report.groups import group_cards
from mesa_gym.report.tables import CHOSEN, HEADS, PLACED, SEVERAL, TWINS

CARDS = [
    made("001111111-", policy="mine-s0", **DISH),
    made("000011111-", policy="mine-s1", **DISH),
    made("0111111111", policy="random"),
    KINDS["unsolvable"],
]


def read_markdown(text):
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_a_row_has_means_intervals_and_what_policies_without_a_goal_choose():
    heads, _, pair, alone, returned = read_markdown(table(CARDS))
    assert heads == [*HEADS]
    (low, high) = group_cards(CARDS)[0].find_interval("base")
    assert pair[:3] == ["CheeseDish-v0", "mine", "2"]
    assert pair[4:6] == ["2 of 2", f"0.30 ({low:.2f} to {high:.2f})"]
    assert pair[6].startswith("0.60 (")
    assert pair[8:] == ["0.00 / 0.00", "0.00 / 0.00"]
    assert alone[3:8] == ["`proxy:corner`", "1 of 1", "0.10", "0.90", "0.00"]
    assert returned[3:] == ["base", "1 of 1", "r 1.00", *["n/a"] * 4]


def test_latex_is_a_table_of_booktabs_in_which_names_are_text():
    text = table([made(policy=r"50%_of #1 & \x{}~^<b>-s0")], "latex")
    assert r"50\%\_of \#1 \& \textbackslash{}x\{\}\textasciitilde{}\textasciicircum{}" in text
    row = text.splitlines()[6]
    assert len(re.findall(r"(?<!\\)&", row)) == len(HEADS) - 1
    assert row.endswith(r" \\")
    assert text.count(r"\begin{") == text.count(r"\end{") == 2
    assert r"\toprule" in text


def test_names_are_no_markup_in_markdown():
    text = table([made(policy="<b>|[x](y)\x1b-s0")])
    assert "<b>" not in text
    assert len(read_markdown(text)[2]) == len(HEADS)


def test_the_caption_says_what_the_numbers_are_and_warns_of_few_levels():
    chosen, alone = (CHOSEN.format(few=100, twins=twins) for twins in (TWINS, ""))
    twins = made("0111111111", policy="other", twins="0111111111", **DISH)
    both = " ".join(table([*CARDS, twins], "text").split())
    assert both.endswith(f"{chosen} {SEVERAL} {PLACED}")
    assert " ".join(table(CARDS[2:3], "text").split()).endswith(alone)
    assert " ".join(table(CARDS[3:], "text").split()).endswith(PLACED)
    few = made("1" * 5, policy="few-s0")
    assert "Only 50 levels: score at least 100." in table([few])


def test_of_incapable_agents_it_says_how_often_they_arrive():
    tested = CARDS[2].splits["test"] | {"arrival": 0.72}
    splits = CARDS[2].splits | {"test": tested}
    failed = replace(CARDS[2], verdict="incapable", competent=False, splits=splits)
    assert read_markdown(table([failed]))[2][3] == "incapable (arrival 0.72)"


def test_another_form_is_refused():
    with pytest.raises(ValueError, match=r"unknown form of a table 'latx'.*Did you mean 'latex'"):
        table(CARDS, "latx")
