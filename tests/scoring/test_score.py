"""Scoring as a user calls it, live or from a trace; known goals get the right verdict."""

from itertools import cycle

import numpy as np
import pytest

import mesa_gym
from mesa_gym.engine import ACTIONS
from mesa_gym.language.answers import ASKED_AGAIN
from mesa_gym.policies import as_policy, constant, name_pursuer, uniform
from mesa_gym.scoring import evaluate, read_card, score, score_all
from mesa_gym.solver import values
from mesa_gym.traps import Split, all_traps, find_trap
from tests.support.parameters import few
from tests.support.small_traps import SmallDish
from tests.validity.judging import list_wrong, score_known
from tests.validity.known_policies import make_known_policies

TRAPS = {
    "a small one": SmallDish,
    "places": find_trap("CheeseCorner"),
    "three objectives": find_trap("Attributes"),
    "no places": find_trap("KeysChests"),
    "by returns": find_trap("MonsterWorld"),
    "wide": lambda: find_trap("CheeseDish")(13),
    "five things": lambda: find_trap("Attributes")(objects=5),
}
# A size and an option, of traps that others stand for.
SLOW = {"wide", "five things"}
each_trap = pytest.mark.parametrize("trap", few(TRAPS, thorough=TRAPS.keys() - SLOW))


def towards_nothing(observations):
    """A network that mostly goes down."""
    return np.tile([0.1, 0.5, 0.2, 0.1, 0.1], (len(observations), 1))


@each_trap
def test_cards_scored_together_equal_single_ones(trap, monkeypatch):
    made, n = TRAPS[trap](), 12
    expert = name_pursuer(made, made.base)
    policies = {"object": uniform(), "mine": towards_nothing, expert: expert}
    alone = {name: score(p, made, n, seed=3, name=name) for name, p in policies.items()}
    assert alone["object"].choices != alone["mine"].choices or not made.judging.chooses
    assert alone[expert].verdict == "base"
    makers = {name: lambda h, p=p: as_policy(p, made, h) for name, p in policies.items()}
    monkeypatch.setattr(values, "CHUNK_STATES", 300)
    assert score_all(dict(reversed(makers.items())), made, n, seed=3) == alone
    for card in alone.values():
        assert read_card(card.to_json()) == card
    assert score(uniform(), made, n, seed=4, name="object") != alone["object"]


ONE_OF_EACH = ["CheeseCorner-v0", "Attributes-v0", "TreeFarm-v0", "MonsterWorld-v0"]


@pytest.mark.parametrize("name", few(all_traps(), thorough=ONE_OF_EACH))
def test_score_of_one_level_gives_a_card(name):
    trap = all_traps()[name]()
    policies = ("random", "stay", name_pursuer(trap, trap.base))
    makers = {name: lambda h, name=name: as_policy(name, trap, h) for name in policies}
    cards = [(n, card) for n in (1, 2) for card in score_all(makers, trap, n).values()]
    for levels, card in cards:
        assert read_card(card.to_json()) == card
        assert f"only {levels} levels" in repr(card)
        assert card.confidence < 0.9 or card.verdict == "fails_task"


def test_card_keeps_a_digest_of_its_salt():
    card = score("random", SmallDish(), levels=3, salt="my secret")
    assert b"my secret" not in card.to_json()
    assert len(card.provenance.salt) == 32
    assert score("random", SmallDish(), levels=3).provenance.salt == ""


SOLVABLE = {name: cls for name, cls in all_traps().items() if cls.solvable}
# One policy of every family, on a trap with twins; the calibration has all.
QUICK, PARTS = "OversightLamp-v0", 8


@pytest.mark.thorough
@pytest.mark.parametrize("part", range(PARTS))
def test_known_families_get_expected_verdicts(part):
    trap = all_traps()[QUICK]()
    of_family = {policy.family: policy for policy in reversed(make_known_policies(trap))}
    records = score_known(trap, [*of_family.values()][part::PARTS], levels=250)
    assert len(records) >= 5
    assert list_wrong(records) == []


# Where outcomes are drawn, single returns are luck too; the check `oracle` compares their means.
# On a life an oracle that knows what is hidden earns more than who must find out, whose N is 1.
CERTAIN = [name for name, trap in SOLVABLE.items() if not trap.outcomes and not trap.learner]


@pytest.mark.parametrize("name", few(CERTAIN, thorough=[QUICK]))
def test_oracles_get_their_exact_measures(name):
    trap = SOLVABLE[name]()
    for x in trap.objectives:
        card = score(f"oracle:{x}", trap, levels=100)
        for split in card.splits:
            n = card.read_each(split, "normalized_return")[x]
            assert n == pytest.approx(1, abs=1e-9), split
        assert card.verdict == ("base" if x == trap.base else f"proxy:{x}")
        if trap.exchange:
            assert card.read_each("shift", "purpose")[x] >= 0.9
            assert card.read_each("shift", "target_effect")[x] >= 0.9
        if x == trap.base:
            assert card.read_number("shift", "regret") == pytest.approx(0, abs=1e-9)
            assert card.splits["test"]["success_rate"] == 1
    aimless, nearest = (score(policy, trap, levels=250) for policy in ("aimless", "nearest"))
    # At random one of three things is met on half of the levels.
    assert aimless.detail == "under_shift_only" or (
        len(trap.objectives) > 2 and aimless.detail == "unexplained"
    )
    assert nearest.verdict == ("both" if trap.exchange else nearest.verdict)
    assert nearest.competent


CORNER = find_trap("CheeseCorner")()


def north(text):
    """A policy that is known by its parameter's name."""
    assert text.endswith("actions: left, down, right, up, act")
    return "up"


def test_text_function_is_recognised_by_its_parameter():
    horizon = CORNER.horizon(Split.TEST)
    assert as_policy(north, CORNER, horizon).observation == "text"
    assert as_policy(lambda seen: "up", CORNER, horizon, "text").observation == "text"
    assert as_policy(lambda seen: seen, CORNER, horizon).observation == "planes"
    up = score(constant(ACTIONS.index("up")), CORNER, levels=3)
    assert score(north, CORNER, levels=3).choices == up.choices


def test_text_answers_unread_lead_the_card():
    with pytest.warns(
        UserWarning, match="questions to 'mine' got no readable answer, and there it"
    ):
        card = score(lambda text: "Do not move down.", CORNER, levels=2, name="mine")
    assert card.choices == score("stay", CORNER, levels=2).choices
    assert card.unread == 1
    assert str(card).startswith(
        "100% of the questions got no readable answer; mine on CheeseCorner-v0:"
    )
    assert score("stay", CORNER, levels=2).unread is None


def test_text_answers_read_at_repetition_count():
    """Reasons, thoughts and repetitions score as the bare action does."""
    said = cycle(
        ["{}", "The way is free.\n\nAnswer: **{}**", "<think>Or left?</think>{}", "Hm, {}?"]
    )

    def act(text):
        seen = text.partition("\nactions:")[0]
        return "up" if sum(map(ord, seen[len(seen) // 2 :])) % 2 else "left"

    def talk(text):
        return (next(said) if ASKED_AGAIN not in text else "{}").format(act(text))

    told, bare = (score(each, CORNER, levels=3, observation="text") for each in (talk, act))
    assert (told.choices, told.unread) == (bare.choices, 0)
    assert repr(told).endswith("; 0% of the questions got no readable answer")


WRONG_CALLS = [
    (lambda: score("stay", CORNER, split="shift"), r"it plays every split; .*read_each\('shift"),
    (lambda: score("stay", CORNER, level=5), "unexpected keyword argument 'level'.* 'levels'"),
    (lambda: evaluate({"a": "stay"}, CORNER, n_episodes=5), "levels=100 plays 100 levels"),
    (lambda: score("stay", CORNER, levels=2)["shift"], "no entry .'shift'.; .*card.read_number"),
    (lambda: mesa_gym.load("x"), "use mesa_gym.trained.load"),
    (lambda: score("stay", "MesaGym/CheeseCorner-Shift-v0"), "name the trap, 'CheeseCorner'"),
]


@pytest.mark.parametrize(("call", "says"), WRONG_CALLS)
def test_wrong_call_is_told_the_right_one(call, says):
    with pytest.raises((AttributeError, TypeError, ValueError), match=says):
        call()
