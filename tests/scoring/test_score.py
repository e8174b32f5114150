"""Scoring as a user calls it: one policy, from any code base, or a trace of what it did."""

from collections import Counter
from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace
from parameters import few

from benchmarks.studies.scripted import Coin, noisy_oracle
from mesa_gym.errors import UnknownNameError
from mesa_gym.policies import Memoryless, Oracle, uniform
from mesa_gym.scoring import Record, ScoreCard, Trace, record, rollout, score, score_all
from mesa_gym.solver import Graph, values
from mesa_gym.traps import Split, find_trap

TRAPS = ["CheeseCorner", "CheeseDish", "KeysChests", "MonsterWorld"]


def towards_nothing(observations: np.ndarray) -> np.ndarray:
    """Mostly down, as a user's network might."""
    return np.tile([0.1, 0.5, 0.2, 0.1, 0.1], (len(observations), 1))


@pytest.mark.parametrize("trap", few(TRAPS, "CheeseDish", thorough=["MonsterWorld"]))
@pytest.mark.parametrize(
    "policy", ["random", towards_nothing, uniform()], ids=["name", "callable", "object"]
)
def test_a_trace_scores_as_its_policy_does(trap: str, policy, tmp_path) -> None:
    record(policy, trap, levels=12, seed=3).save(tmp_path / "it.trace")
    trace = Trace.load(tmp_path / "it.trace")
    replayed, played = score(trace, trap, levels=12, seed=3), score(policy, trap, levels=12, seed=3)
    assert not played.provenance.trace
    assert replayed == replace(played, provenance=replace(played.provenance, trace=True))


def test_a_trace_is_verified_and_must_cover_the_levels() -> None:
    trace = record("random", "CheeseCorner", levels=5)
    with pytest.raises(ValueError, match="level 5 of play"):
        score(trace, "CheeseCorner", levels=6)
    with pytest.raises(ValueError, match="salt"):
        score(trace, "CheeseCorner", levels=5, salt="secret")


@pytest.mark.parametrize("trap", few(TRAPS, "CheeseDish", thorough=["MonsterWorld"]))
def test_a_score_is_the_same_bits_again_and_whatever_the_batch(trap: str, monkeypatch) -> None:
    policies = {"random": lambda h: uniform(), "noisy": lambda h: noisy_oracle(find_trap(trap)())}
    if trap == "MonsterWorld":
        del policies["noisy"]
    first = score_all(policies, find_trap(trap)(), levels=20)
    assert score_all(policies, find_trap(trap)(), levels=20) == first
    monkeypatch.setattr(values, "CHUNK_STATES", 300)
    assert score_all(policies, find_trap(trap)(), levels=20) == first


def test_names_are_found_or_given() -> None:
    assert score("stay", "CheeseCorner", levels=3).policy == "stay"
    assert score(towards_nothing, "CheeseCorner", levels=3).policy == "towards_nothing"
    assert score(uniform(), "CheeseCorner", levels=3, name="mine").policy == "mine"
    with pytest.raises(UnknownNameError, match="Did you mean 'CheeseCorner'"):
        score("stay", "CheeseCormer", levels=3)
    with pytest.raises(ValueError, match="Memoryless is a class"):
        score(Memoryless, "CheeseCorner", levels=3)


def test_a_card_says_of_its_salt_only_the_digest() -> None:
    card = score("random", "CheeseCorner", levels=3, salt="my secret")
    assert b"my secret" not in card.to_json()
    assert len(card.provenance.salt) == 32
    assert card.episode is None
    assert score("random", "CheeseCorner", levels=3).provenance.salt == ""


def test_oracles_within_policies_share_one_solution(monkeypatch) -> None:
    """Levels are solved once, and their twins once, whatever number of oracles there are."""
    solved = []

    def explore(graph):
        solved.append(graph.starts.n)
        return explored(graph)

    explored = Graph._explore
    monkeypatch.setattr(Graph, "_explore", explore)
    trap = find_trap("CheeseDish")()
    oracles = [Oracle(trap, x, trap.horizon("test")) for x in trap.objectives]
    coin = {f"coin {i}": lambda h: Coin(*oracles) for i in range(3)}
    score_all(coin, trap, levels=30)
    # Four splits and the twins of the shift, each with a sample of levels first.
    assert solved == [4, 30] * 3 + [4, 30, 30]


def test_progress_is_told_of_every_level() -> None:
    done: list[int] = []
    score("random", "CheeseCorner", levels=7, progress=done.append)
    assert sum(done) == 4 * 7


@pytest.mark.parametrize(
    ("given", "message"),
    [
        *(({"levels": x}, f"levels .* at least 1 and at most 1000000, got {x}") for x in (0, True)),
        *(({"levels": x}, f"levels must be an integer .*, got {x}") for x in (1.5, 10**9)),
        ({"seed": -1}, "seed .* at least 0 and at most 18446744073709551615, got -1"),
        ({"seed": 1.5}, "seed must be an integer .*, got 1.5"),
    ],
)
def test_numbers_that_cannot_be_are_refused(given: dict[str, Any], message: str) -> None:
    for use in (score, record):
        with pytest.raises(ValueError, match=message):
            use("random", "CheeseCorner", **given)


# -- the preference matrix -------------------------------------------------------------------------


def first_paid(record: Record) -> list[str]:
    """Return what was paid first on each level, by a loop over its steps."""
    found = []
    for level in range(record.actions.shape[0]):
        paid = {x: record.paid[x][:, level].nonzero()[0] for x in record.paid}
        when = {x: steps[0] for x, steps in paid.items() if len(steps)}
        found.append(min(when, key=lambda x: when[x]) if when else "none")
    return found


def test_a_trap_with_several_proxies_has_the_preference_matrix() -> None:
    trap, n = find_trap("Attributes")(), 60
    card = score("oracle:colour", trap, levels=n)
    shift, starts = card.splits.shift, trap.levels("shift", np.arange(n))
    goes = {"shape": 0.0, "colour": 1.0, "place": 0.0, "none": 0.0}
    assert shift.matrix["shift"] == shift.matrix["twins"] == goes
    # A random walk takes more steps than the limit of a choice allows only where it waits long.
    counted = Counter(first_paid(rollout(uniform(), trap, starts, trap.horizon(Split.SHIFT))))
    for x, share in shift.matrix["uniform policy"].items():
        late = 0.2 if x == "none" else -0.2
        assert min(0, late) <= share - counted[x] / n <= max(0, late), x
    assert shift.pairs["shape, not colour"][:2] == [0.0, 0.0]
    assert shift.pairs["shape, not place"][:2] == [None, None]
    by_chance = shift.matrix["uniform policy"]
    either = by_chance["colour"] + by_chance["place"]
    assert shift.pairs["colour, not place"] == [1.0, 1.0, by_chance["colour"] / either]
    assert "uniform policy  0." in str(card)
    assert "colour, not place  1.000  1.000" in str(card)
    assert ScoreCard.from_json(card.to_json()) == card
    wrong = replace(shift, uniform=by_chance | {"none": 0.0})
    with pytest.raises(ValueError, match="sum of splits"):
        replace(card, splits=replace(card.splits, shift=wrong)).to_json()


def test_a_trap_with_one_proxy_has_neither_pairs_nor_a_third_row() -> None:
    card = score("random", "CheeseDish", levels=5)
    assert list(card.splits.shift.matrix) == ["shift", "twins"]
    assert card.splits.shift.pairs == card.splits.train.pairs == {}
    assert b"uniform" not in card.to_json()
