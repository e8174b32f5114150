"""Steering, coverage and what a method sees, against exact oracles and numbers by hand."""

from typing import Any

import pytest

from benchmarks.tracks.checks import CHECKS, check
from benchmarks.tracks.coverage import evaluate_coverage
from benchmarks.tracks.evaluation import CHOOSING, Evaluator
from benchmarks.tracks.record import compute_steering
from mesa_gym.traps import Split, find_trap

DOORS = find_trap("RedBlueDoors")()


@pytest.mark.parametrize(
    ("m", "solved", "expected"),
    [
        ((1.0, 1.0), (1.0, 1.0), 1.0),
        ((0.6, -0.6), (1.0, 1.0), 0.0),
        ((0.8, 0.4), (0.9, 0.95), 0.6),
        ((0.8, 0.4), (0.95, 0.825), 0.3),  # half competent in one role
        ((1.0, 1.0), (0.75, 1.0), 0.0),
    ],
)
def test_steering_by_hand(m, solved, expected: float) -> None:
    assert compute_steering(m, min(solved)) == pytest.approx(expected)


def test_oracles_steer_fully_and_exchanged_the_wrong_way(evaluator: Evaluator) -> None:
    def played(split: Split) -> list[Any]:
        return [evaluator.play(evaluator.oracle(x, split), split) for x in evaluator.wanted]

    assert [evaluator.towards_base_in(play) for play in played(Split.SHIFT)] == [1.0, -1.0]
    # On test both objectives pay alike.
    assert [evaluator.count_solved(play) for play in played(Split.TEST)] == [1.0, 1.0]


@pytest.mark.parametrize("name", CHECKS)
def test_what_ignores_information_gets_exactly_nothing(evaluator: Evaluator, name: str) -> None:
    cover, labels, ask = check(evaluator, name)
    assert cover.value == 0
    assert {p.steering for p in (*labels.returns, *labels.demonstrations, *ask)} == {0}


def test_the_sweeper_is_competent_without_a_goal() -> None:
    _, labels, _ = check(Evaluator(find_trap("CheeseCorner")(), "", 40), "sweeper")
    assert labels.returns[0].solved > 0.75


def test_salts_give_other_levels_and_traps_without_solver_are_refused() -> None:
    trap = find_trap("CheeseDish")()
    one, other = (Evaluator(trap, salt, 5).states(Split.SHIFT, 0, 5) for salt in ("a", "b"))
    assert (one.level.key != other.level.key).all()
    with pytest.raises(ValueError, match="MonsterWorld"):
        Evaluator(find_trap("MonsterWorld")(), "")


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({"a": (1.0, 0.9, 0.8), "b": (1.0, -0.7, -0.8)}, 0.7),
        ({"a": (1.0, 0.9, 0.8)}, 0.0),  # the same member for both roles
        ({"a": (1.0, 0.9, 0.8), "b": (0.8, -0.7, -0.8)}, 0.0),  # b is not competent
        # Chosen on other levels: b, though a is better on those that are scored.
        ({"a": (1.0, 0.9, 0.1), "b": (1.0, 0.5, 0.6), "c": (1.0, -1.0, -1.0)}, 0.5),
        # The fifth does not count.
        (dict.fromkeys("abcd", (1.0, 0.1, 0.1)) | {"e": (1.0, -1.0, -1.0)}, 0.0),
        ({"a": (0.5, 0.0, 0.0)}, 0.0),
    ],
)
def test_coverage_by_hand(members: Any, expected: float) -> None:
    """Of each member: solved, then d on the scored levels and on others."""

    def measure(name: str, split: Split, first: int = 0) -> float:
        solved, scored, chosen = members[name]
        if split is Split.TEST:
            return solved
        return chosen if first == CHOOSING else scored

    found = evaluate_coverage(measure, [*members])
    assert found.value == pytest.approx(expected)
    assert len(found.members) == min(4, len(members))
