"""Evaluation in one call: the same cards as one by one, names, files; everyday mistakes."""

import gymnasium as gym
import numpy as np
import pytest

import mesa_gym
from mesa_gym.errors import PolicyError
from mesa_gym.policies import Sweeper
from mesa_gym.scoring import Cards, evaluate, score
from mesa_gym.traps.cheese_corner import CheeseCorner
from mesa_gym.traps.cheese_dish import CheeseDish
from tests.support.small_traps import SmallDish


def up(observations):
    return np.full(len(observations), 3)


@pytest.fixture(scope="module")
def cards():
    """Two seeds of one agent, one of which has a card on one trap alone."""
    agents = {"mine": ["oracle:base", up], "theirs": {"CheeseCorner": "random"}}
    return evaluate(agents, [SmallDish(), "CheeseCorner"], levels=3)


def test_evaluate_gives_cards_equal_to_score(cards):
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


def test_cards_read_back_equal(cards, tmp_path):
    file = tmp_path / "cards.json"
    cards.save(file)
    file.write_text(f"\n {file.read_text()}")  # as an editor may leave it
    assert Cards.load(file) == cards
    file.write_text(file.read_text().replace('"mine-s0"', "3", 1))
    with pytest.raises(ValueError, match=r"cards.json: .* Expected `str`, got `int`"):
        Cards.load(file)


def test_cards_of_a_folder_are_all_loaded(cards, tmp_path):
    (tmp_path / "b").mkdir()
    Cards(cards[1:]).save(tmp_path / "b/rest.json")
    cards[0].save(tmp_path / "a.json")
    assert Cards.load(tmp_path) == cards
    assert Cards.load(tmp_path / "a.json") == cards[:1]
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match=r"there is no score card under .*empty"):
        Cards.load(tmp_path / "empty")
    with pytest.raises(ValueError, match="nowhere: there is no such file or directory"):
        Cards.load(tmp_path / "nowhere")


def test_cards_load_prefers_names_to_patterns(cards, tmp_path):
    for name, card in zip(("a[1].json", "a1.json"), cards[:2], strict=True):
        card.save(tmp_path / name)
    assert Cards.load(tmp_path / "a[1].json") == cards[:1]
    assert Cards.load(tmp_path / "a*.json") == cards[1::-1]


@pytest.mark.parametrize(
    ("agents", "traps", "told"),
    [
        ([up], ["CheeseCorner"], r"agents are \[<function .*; expected a mapping"),
        ({"a": []}, ["CheeseCorner"], "the agent 'a' has no policies; expected one for each seed"),
        ({"a": [up], "a-s0": up}, ["CheeseCorner"], "two policies are called 'a-s0'"),
        ({"a": [up], "a-s0": {"CoinRun": up}}, ["CheeseCorner"], "two policies are called 'a-s0'"),
        ({"a": {"CoinRun": up}}, ["CheeseCorner"], "'a' has no policy for the traps CheeseCorner"),
        ({"a\n": up}, ["CheeseCorner"], "an agent's name is 'a.n': Expected printable"),
        ({"a": up}, [], r"traps are \[\]; expected at least one"),
        ({"a": up}, ["CoinRun", "CoinRun-v0"], "and each once"),
        ({"a": "randm"}, "CheeseCorner", "Did you mean 'random'"),
    ],
)
def test_evaluate_of_bad_requests_is_refused_first(agents, traps, told):
    with pytest.raises(ValueError, match=told):
        evaluate(agents, traps, levels=10**6)


ENV = gym.make("MesaGym/CheeseCorner-v0")


def logits(observations):
    return np.full((len(observations), 5), 3.0)


@pytest.mark.parametrize(
    ("policy", "trap", "given", "message"),
    [
        ("CheeseCorner", "random", {}, "'CheeseCorner' is a trap; the policy comes first: score"),
        (CheeseCorner, "random", {}, "is a trap; the policy comes first"),
        ("random", ENV, {}, "an environment: hand over its trap, env.unwrapped.trap"),
        (ENV, "CheeseCorner", {}, "is an environment; hand over what acts in it"),
        ("random", ["CheeseCorner", "CheeseDish"], {}, "for several traps call mesa_gym.evaluate"),
        ("random", str(CheeseDish()), {}, "hand over the trap itself, or its name 'CheeseDish-v0'"),
        ("random", "ChesseCorner", {}, "Did you mean 'CheeseCorner'"),
        (Sweeper, "CheeseCorner", {}, "Sweeper is a class; hand over an instance of it"),
        (["random", "stay"], "CheeseCorner", {}, r"is a list; call mesa_gym.evaluate\("),
        ("random", "CheeseCorner", {"name": ""}, "the policy's name is ''"),
        (logits, "CheeseCorner", {}, "Of logits return the softmax"),
        ("random", "CheeseCorner", {"levels": 0}, "levels .* at least 1 and at most 1000000, got"),
        ("random", "CheeseCorner", {"seed": -1}, "seed .* at least 0 and at most 184467440737095"),
    ],
)
def test_evaluate_reports_mistakes_before_work(policy, trap, given, message, capsys):
    with pytest.raises((ValueError, PolicyError), match=message):
        score(policy, trap, **given)
    assert capsys.readouterr() == ("", "")


def test_evaluate_takes_classes_and_names():
    named = score("stay", "CheeseCorner", levels=2)
    assert score("stay", CheeseCorner, levels=2) == score("stay", "cheesecorner", levels=2) == named
    by_trap = {"mine": {CheeseCorner: "stay"}}
    (card,) = evaluate(by_trap, [CheeseCorner, "CheeseDish"], levels=2)
    assert (card.policy, card.splits) == ("mine", named.splits)
    assert mesa_gym.score is score
    assert {"score", "evaluate", "labels"} <= {*dir(mesa_gym)}
