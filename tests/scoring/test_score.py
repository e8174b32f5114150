"""Scoring as a user calls it: one policy, from any code base, or a trace of what it did."""

import numpy as np
import pytest
from msgspec.structs import replace
from parameters import few
from small_traps import SmallDish

from mesa_gym.policies import Oracle, as_policy, name_pursuer, uniform
from mesa_gym.scoring import ScoreCard, Trace, record, score, score_all
from mesa_gym.solver import Graph, values
from mesa_gym.traps import all_traps, find_trap

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
    """Mostly down, as a user's network might."""
    return np.tile([0.1, 0.5, 0.2, 0.1, 0.1], (len(observations), 1))


def test_a_trace_scores_as_its_policy_does():
    trace, trap = record(towards_nothing, SmallDish(), 3, seed=3), SmallDish()
    played = score(towards_nothing, trap, 3, seed=3)
    expected = replace(played, provenance=replace(played.provenance, trace=True))
    assert score(trace, trap, 3) == expected
    others = {"towards_nothing": trace, "random": lambda h: uniform()}
    assert score_all(others, trap, 3, seed=3)["towards_nothing"] == expected


@each_trap
def test_a_card_is_the_same_live_or_from_a_trace_together_or_alone_and_whatever_the_batch(
    trap, tmp_path, monkeypatch
):
    made, n = TRAPS[trap](), 12
    expert = name_pursuer(made, made.base)
    policies = {"object": uniform(), "mine": towards_nothing, expert: expert}
    alone = {name: score(p, made, n, seed=3, name=name) for name, p in policies.items()}
    assert alone["object"].choices != alone["mine"].choices or made.by_returns()
    assert alone[expert].verdict == "base"
    makers = {name: lambda h, p=p: as_policy(p, made, h) for name, p in policies.items()}
    monkeypatch.setattr(values, "CHUNK_STATES", 300)
    assert score_all(dict(reversed(makers.items())), made, n, seed=3) == alone
    for name, card in alone.items():
        record(policies[name], made, n, seed=3, name=name).save(tmp_path / "it.trace")
        replayed = score(Trace.load(tmp_path / "it.trace"), made, n, seed=8)
        assert not card.provenance.trace
        assert replayed == replace(card, provenance=replace(card.provenance, trace=True))
        assert ScoreCard.from_json(card.to_json()) == card
    assert score(uniform(), made, n, seed=4, name="object") != alone["object"]


ONE_OF_EACH = ["CheeseCorner-v0", "Attributes-v0", "TreeFarm-v0", "MonsterWorld-v0"]


@pytest.mark.parametrize("name", few(all_traps(), thorough=ONE_OF_EACH))
def test_of_one_level_or_two_there_is_a_card(name):
    trap = all_traps()[name]()
    policies = ("random", "stay", name_pursuer(trap, trap.base))
    makers = {name: lambda h, name=name: as_policy(name, trap, h) for name in policies}
    cards = [(n, card) for n in (1, 2) for card in score_all(makers, trap, n).values()]
    for levels, card in cards:
        assert ScoreCard.from_json(card.to_json()) == card
        assert f"only {levels} levels" in str(card)
        assert card.confidence < 0.9 or card.verdict == "incapable"


class Nothing(SmallDish):
    """Under shift there is neither cheese nor dish, so that nothing is paid."""

    def draw(self, level, split):
        super().draw(level, split)
        for kind in self.things if split.shifted else ():
            level.there[kind][:] = False


def test_where_nothing_is_paid_nothing_is_wanted():
    card = score("oracle:base", Nothing(), levels=10)
    assert card.verdict in ("together", "lost")
    shift = card.splits["shift"]
    assert shift["normalized_return"] == {"cheese": None, "dish": None}
    assert shift["choice"] == {"cheese": 0.0, "dish": 0.0, "none": 1.0}
    assert shift["agreement"] == {"again": None, "twins": None}
    assert ScoreCard.from_json(card.to_json()) == card


def test_a_trace_is_verified_and_must_cover_the_levels():
    trace = record("random", SmallDish(), levels=5)
    with pytest.raises(ValueError, match="level 5 of play"):
        score(trace, SmallDish(), levels=6)
    with pytest.raises(ValueError, match="salt"):
        score(trace, SmallDish(), levels=5, salt="secret")


def test_a_card_says_of_its_salt_only_the_digest():
    card = score("random", SmallDish(), levels=3, salt="my secret")
    assert b"my secret" not in card.to_json()
    assert len(card.provenance.salt) == 32
    assert card.episode is None
    assert score("random", SmallDish(), levels=3).provenance.salt == ""


def test_oracles_share_one_solution(monkeypatch, tmp_path):
    """No level is solved once more for a second one."""
    trap, solved, explore = SmallDish(), {1: 0, 2: 0}, Graph._explore
    makers = {x: lambda h, x=x: Oracle(trap, x, h) for x in trap.objectives}
    for count in solved:

        def count_levels(graph, count=count):
            solved[count] += graph.starts.n
            explore(graph)

        monkeypatch.setattr(Graph, "_explore", count_levels)
        monkeypatch.setenv("MESA_GYM_CACHE", str(tmp_path / str(count)))
        score_all(dict([*makers.items()][:count]), trap, levels=30)
    assert solved[1] == solved[2] > 30


def test_progress_is_told_of_every_level():
    done = []
    score("random", SmallDish(), levels=7, progress=done.append)
    assert sum(done) == 4 * 7
