"""Evaluation in one call: the same cards as one by one, names, rows, files, bad arguments."""

import sys

import numpy as np
import pytest
from small_traps import SmallDish

import mesa_gym
from mesa_gym.scoring import Cards, evaluate, score


def up(observations):
    return np.full(len(observations), 3)


@pytest.fixture(scope="module")
def cards():
    """Two seeds of one agent, one of which is there on one trap alone."""
    agents = {"mine": ["oracle:base", up], "theirs": {"CheeseCorner": "random"}}
    return evaluate(agents, [SmallDish(), "CheeseCorner"], levels=3)


def test_cards_are_those_of_score(cards):
    small = SmallDish.name()
    assert [(card.policy, card.trap) for card in cards] == [
        ("mine-s0", small),
        ("mine-s1", small),
        ("mine-s0", "CheeseCorner-v0"),
        ("mine-s1", "CheeseCorner-v0"),
        ("theirs", "CheeseCorner-v0"),
    ]
    assert cards[1] == score(up, SmallDish(), levels=3, name="mine-s1")
    assert cards[4] == score("random", "CheeseCorner", levels=3, name="theirs")
    assert mesa_gym.evaluate is evaluate
    assert repr(cards).splitlines()[0] == repr(cards[0])


def test_cards_and_cards_are_cards(cards):
    assert isinstance(cards[:1] + cards[1:], tuple)
    both = Cards(cards[:1]) + cards[1:]
    assert isinstance(both, Cards)
    assert both == cards


def test_cards_survive_their_file(cards, tmp_path):
    file = tmp_path / "cards.json"
    cards.save(file)
    file.write_text(f"\n {file.read_text()}")  # as an editor may leave it
    assert Cards.load(file) == cards
    file.write_text(file.read_text().replace('"mine-s0"', "3", 1))
    with pytest.raises(
        ValueError, match=r"cards.json: not a score card: Expected `str`, got `int`"
    ):
        Cards.load(file)


def test_a_folder_holds_the_cards_of_its_files(cards, tmp_path):
    (tmp_path / "b").mkdir()
    Cards(cards[1:]).save(tmp_path / "b/rest.json")
    cards[0].save(tmp_path / "a.json")
    assert Cards.load(tmp_path) == cards
    assert Cards.load(tmp_path / "a.json") == cards[:1]
    (tmp_path / "empty").mkdir()
    for nothing in ("empty", "nowhere"):
        with pytest.raises(ValueError, match=f"there is no score card under .*{nothing}"):
            Cards.load(tmp_path / nothing)


def test_a_counter_is_shown_on_a_terminal_alone(monkeypatch, capsys):
    evaluate({"up": up}, SmallDish(), levels=2)
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    evaluate({"up": up}, SmallDish(), levels=2)
    assert "score up: 8 of 8 levels" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("agents", "traps", "told"),
    [
        ([up], ["CheeseCorner"], r"agents are \[<function .*; expected a mapping"),
        ({"a": []}, ["CheeseCorner"], "the agent 'a' has no policies; expected one for each seed"),
        ({"a": [up], "a-s0": up}, ["CheeseCorner"], "two policies are called 'a-s0'"),
        ({"a": [up], "a-s0": {"CoinRun": up}}, ["CheeseCorner"], "two policies are called 'a-s0'"),
        ({"a": {"CoinRun": up}}, ["CheeseCorner"], "'a' has policies for CoinRun-v0 alone"),
        ({"a": {"CoinRum": up}}, ["CheeseCorner"], "Did you mean 'CoinRun'"),
        ({"a\n": up}, ["CheeseCorner"], "an agent's name is 'a.n': Expected printable"),
        ({"a": up}, [], r"traps are \[\]; expected at least one"),
        ({"a": up}, ["CoinRun", "CoinRun-v0"], "and each once"),
        ({"a": "randm"}, "CheeseCorner", "Did you mean 'random'"),
    ],
)
def test_what_cannot_be_scored_is_refused_before_the_work(agents, traps, told):
    with pytest.raises(ValueError, match=told):
        evaluate(agents, traps, levels=10**6)
