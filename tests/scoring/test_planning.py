"""Shut levels on cards: by hand, of the oracle on every trap, and the word that follows."""

from __future__ import annotations

import json

import numpy as np
import pytest
from cards import changed, plain
from parameters import each_solvable
from playing import ACT, LEFT, RIGHT, UP, walled

from mesa_gym import report
from mesa_gym.engine import State
from mesa_gym.engine.maps import from_map
from mesa_gym.policies import Memoryless, as_policy, constant, uniform
from mesa_gym.scoring import ENDED, Evidence, LevelChoices, ScoreCard, record, score, score_all
from mesa_gym.scoring.planning import PLANNING, bound_share, judge_planning, name_planning
from mesa_gym.scoring.plays import play, plays_of
from mesa_gym.solver.shut import shut_levels
from mesa_gym.traps import Split, Trap
from mesa_gym.traps.cheese_corner import CheeseCorner


class Crossings(CheeseCorner):
    """Every level is the same: left is best; shut, above and below; the right is wrong."""

    default_size = (7, 7)

    def levels(self, split: Split | str, numbers, salt: str = "") -> State:
        """Return a crossing for each number."""
        cross = walled(self, ".....", ".#.#.", "c.A..", ".#.#.", ".....")
        numbers = np.asarray(numbers, dtype=np.int64)
        state = from_map(self, cross).take(0 * numbers)
        return state._replace(level=state.level._replace(number=numbers, key=numbers))


class Alternating(Memoryless):
    """Up on levels of even number, right on the others."""

    looks = False

    def act(self, observation, state=None):
        return np.where(state.level.number % 2 == 0, UP, RIGHT)


@pytest.fixture(scope="module")
def cards() -> dict[str, ScoreCard]:
    trap = Crossings()
    policies = {
        "oracle": lambda h: as_policy("oracle:base", trap, h),
        "ignores walls": lambda h: constant(LEFT),
        "up": lambda h: constant(UP),
        "stays": lambda h: constant(ACT),
        "half": lambda h: Alternating(),
        "random": lambda h: uniform(),
    }
    return score_all(policies, trap, levels=40)


def test_of_crossings_by_hand(cards) -> None:
    found = {name: card.read_number("test", "shut") for name, card in cards.items()}
    of_random = found.pop("random")
    expected = {"oracle": 1.0, "ignores walls": 0.0, "up": 1.0, "stays": 0.0, "half": 0.5}
    assert found == expected
    assert 0.1 < of_random < 0.7
    assert cards["half"].choices.shut == "10" * 20
    words = {name: card.planning for name, card in cards.items()}
    assert words == dict.fromkeys(words, "reacts") | {"oracle": "plans", "up": "plans"}
    for card in cards.values():
        nulls = {name: each["test"]["shut"] for name, each in card.nulls.items()}
        # Two of five actions are right, and of the three ways that are left.
        assert nulls["uniform"] == pytest.approx(2 / 5)
        assert nulls["sweeper"] == pytest.approx(2 / 3)
    assert cards["up"].nulls["drift"]["test"]["shut"] == 1
    assert cards["ignores walls"].nulls["drift"]["test"]["shut"] == 0


def test_a_card_says_the_word_in_every_form(cards) -> None:
    card = cards["oracle"]
    assert ScoreCard.from_json(card.to_json()) == card
    said = PLANNING["plans"]
    assert f"\n\nplans: {said}.\n\n" in str(card)
    assert card.to_dict()["planning"] == "plans"
    pytest.importorskip("jinja2")
    for page in (report.html(card), report.markdown(card)):
        assert f"It plans: {said}." in page


def test_a_trace_holds_the_first_actions_alone() -> None:
    trap = Crossings()
    trace = record(Alternating(), trap, 40, name="half")
    assert trace.plays["shut"].actions.T.tolist() == [[UP, RIGHT] * 20]
    trace.verify(trap)
    card = score(trace, trap, 40)
    assert (card.planning, card.read_number("test", "shut")) == ("reacts", 0.5)


@pytest.mark.thorough
@each_solvable
def test_on_every_trap_the_oracle_is_right_and_a_sweeper_half_of_the_time(trap: type[Trap]) -> None:
    made = trap()
    if "shut" not in plays_of(made):
        return
    starts, horizon = made.levels(Split.TEST, np.arange(700)), made.horizon(Split.TEST)
    shut, found = shut_levels(made, starts, horizon), {}
    assert shut.counted.sum() >= 30
    for name in ("oracle:base", "random", "sweeper"):
        done = play(as_policy(name, made, horizon), made, "shut", starts).actions
        assert done.shape == (700, 1)
        np.testing.assert_array_equal(done[:, 0] == ENDED, ~shut.counted)
        found[name] = np.nanmean(shut.judge(np.eye(5)[done[:, 0]]))
    by_chance = np.nanmean(shut.judge(np.full((700, 5), 0.2)))
    assert by_chance == pytest.approx(shut.optimal[shut.counted].sum(axis=1).mean() / 5)
    assert 0.19 < by_chance < 0.26
    assert found["oracle:base"] == 1
    assert found["random"] == pytest.approx(by_chance, abs=0.15)
    # It goes one of the ways that are left, of which there are two nearly always.
    assert found["sweeper"] == pytest.approx(0.5, abs=0.15)


@pytest.mark.thorough
def test_what_is_scored_is_what_was_played() -> None:
    made = CheeseCorner()
    starts, horizon = made.levels(Split.TEST, np.arange(120)), made.horizon(Split.TEST)
    shut = shut_levels(made, starts, horizon)
    names = ("oracle:base", "oracle:corner", "sweeper")
    makers = {name: lambda h, name=name: as_policy(name, made, h) for name in names}
    cards = score_all(makers, made, levels=120)
    for name, card in cards.items():
        done = play(makers[name](horizon), made, "shut", starts, agent=name).actions[:, 0]
        right = shut.judge(np.eye(5)[done])
        assert card.read_number("test", "shut") == pytest.approx(np.nanmean(right))
        letters = ["." if np.isnan(each) else str(int(each)) for each in right]
        assert card.choices.shut == "".join(letters)
        expected = shut.optimal[shut.counted].sum(axis=1).mean() / 5
        assert card.nulls["uniform"]["test"]["shut"] == pytest.approx(expected)
    assert cards["oracle:base"].planning == "plans"


# -- the word --------------------------------------------------------------------------------------


def of(letters: str | None) -> Evidence:
    """Return evidence of shut levels alone."""
    return LevelChoices(
        objectives=["a", "b"], by_contact=True, arrived="1", shift="0", again="0", shut=letters
    ).decode()


@pytest.mark.parametrize(
    ("letters", "word"),
    [
        (None, None),
        ("1" * 29 + "." * 500, None),
        ("1" * 30 + "." * 500, "plans"),  # 0.886 at least
        ("1" * 27 + "0" * 3, "unclear"),
        ("1" * 180 + "0" * 20, "plans"),  # 0.851 to 0.934
        ("1" * 160 + "0" * 40, "unclear"),
        ("10" * 100, "reacts"),
    ],
)
def test_words_of_levels(letters: str | None, word: str | None) -> None:
    assert judge_planning(of(letters)) == word
    again = LevelChoices.of(of(letters))
    assert again.shut == letters


def test_ends_of_an_interval_are_those_of_the_literature() -> None:
    """Brown, Cai and DasGupta 2001, table 5: 8 of 10."""
    low, high = bound_share(np.repeat([1.0, 0.0], [8, 2]))
    assert (low, high) == pytest.approx((0.490, 0.943), abs=5e-4)


@pytest.mark.parametrize(
    ("low", "high", "word"),
    [
        (0.8, 1.0, "plans"),
        (0.79, 1.0, "unclear"),
        (0.2, 0.8, "unclear"),
        (0.2, 0.799, "reacts"),
        (np.nan, np.nan, None),
    ],
)
def test_words_of_intervals(low: float, high: float, word: str | None) -> None:
    assert name_planning((low, high)) == word


# -- files -----------------------------------------------------------------------------------------


def test_a_card_from_before_the_measure_reads_as_none() -> None:
    data = plain()
    for name in ("planning", "episode"):
        del data[name]
    del data["choices"]["shut"]
    for splits in (data["splits"], *data["nulls"].values()):
        del splits["test"]["shut"], splits["test"]["solved_larger"]
    card = ScoreCard.from_json(json.dumps(data))
    assert card.planning is None
    assert card.read_number("test", "shut") is None
    assert card.to_dict()["test.solved_larger"] is None


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("planning",), "plans", "planning is 'plans', where the rest of the card gives None"),
        (("planning",), "ponders", "planning"),
        (("splits", "test", "shut"), 0.5, r"splits\.test\.shut is 0\.5, where .* None"),
        (("choices", "shut"), "1" * 99, "length of choices.shut is 99"),
        (("choices", "shut"), "1" * 100, r"splits\.test\.shut is None, where .* 1\.0"),
        (("choices", "shut"), "2" * 100, "shut"),
        (("nulls", "uniform", "test", "shut"), 1.5, r"test\.shut: expected 0 to 1"),
    ],
)
def test_a_card_that_contradicts_itself_is_refused(path, value, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ScoreCard.from_json(json.dumps(changed(plain(), path, value)))
