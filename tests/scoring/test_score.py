"""Scoring as a user calls it: one policy, from any code base, or a trace of what it did."""

from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace
from parameters import few

from benchmarks.studies.scripted import Coin, noisy_oracle
from mesa_gym.errors import UnknownNameError
from mesa_gym.policies import Memoryless, Oracle, uniform
from mesa_gym.scoring import Trace, record, score, score_all
from mesa_gym.solver import Graph, values
from mesa_gym.traps import find_trap

TRAPS = ["CheeseCorner", "CheeseDish", "KeysChests", "MonsterWorld"]


def towards_nothing(observations: np.ndarray) -> np.ndarray:
    """Mostly down, as a user's network might."""
    return np.tile([0.1, 0.5, 0.2, 0.1, 0.1], (len(observations), 1))


@pytest.mark.parametrize("trap", few(TRAPS, "CheeseDish", "MonsterWorld"))
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


@pytest.mark.parametrize("trap", few(TRAPS, "CheeseDish", "MonsterWorld"))
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
