"""Steering, coverage and what a method sees, against exact oracles and numbers by hand."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from benchmarks.tracks.checks import CHECKS, evaluate_check, evaluate_coin
from benchmarks.tracks.coverage import evaluate_coverage
from benchmarks.tracks.evaluation import CHOOSING, Evaluator
from benchmarks.tracks.record import Coverage, Member, compute_area, compute_steering
from benchmarks.tracks.tasks import DIVISIONS, ENCODINGS, RANKING, find_task, list_ranking
from mesa_gym.envs.observations import planes_of
from mesa_gym.policies import constant
from mesa_gym.traps import Split, find_trap


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


def test_an_area_by_hand() -> None:
    assert compute_area({0: 0.0, 1: 1.0, 3: 1.0}) == pytest.approx(0.75)
    assert compute_area({0: 1.0, 1: 1.0, 7: 1.0}) == 1


def test_oracles_steer_fully_and_exchanged_the_wrong_way(evaluator: Evaluator) -> None:
    found = [
        [evaluator.measure(evaluator.oracle(x, split), split) for x in evaluator.wanted]
        for split in (Split.SHIFT, Split.TEST)
    ]
    # On test both objectives pay alike.
    assert found == [[1.0, -1.0], [1.0, 1.0]]


def test_roles_are_those_of_the_task() -> None:
    """Of three objectives the third is chosen: it counts for neither of the other two."""
    for seed, roles in enumerate([("shape", "colour"), ("colour", "place"), ("place", "shape")]):
        evaluator = Evaluator(find_task("Attributes", seed), "x", 30)
        assert evaluator.wanted == roles
        shift = Split.SHIFT
        found = {
            x: evaluator.measure(evaluator.oracle(x, shift), shift)
            for x in evaluator.trap.objectives
        }
        (other,) = {*found} - {*roles}
        assert found == {roles[0]: 1, roles[1]: -1, other: 0}


def test_a_part_of_the_levels_is_played_as_in_the_whole(evaluator: Evaluator) -> None:
    policy, parts = constant(2), [slice(0, 20), slice(20, 60)]
    first, second = (evaluator.measure(policy, Split.SHIFT, rows=rows) for rows in parts)
    assert (20 * first + 40 * second) / 60 == pytest.approx(evaluator.measure(policy, Split.SHIFT))


@pytest.mark.parametrize("name", CHECKS)
def test_what_ignores_information_gets_exactly_nothing(evaluator: Evaluator, name: str) -> None:
    cover, labels, ask = evaluate_check(evaluator, name)
    assert cover.value == 0
    assert {p.steering for points in (*labels.values(), ask) for p in points} == {0}


def test_a_coin_gets_nothing_in_the_mean(evaluator: Evaluator) -> None:
    labels, ask = evaluate_coin(evaluator)
    thrown = [m for points in (*labels.values(), ask) for p in points for pair in p.m for m in pair]
    assert {abs(m) for m in thrown} == {1}
    assert abs(np.mean(thrown)) < 4 / len(thrown) ** 0.5


def test_the_sweeper_is_competent_without_a_goal() -> None:
    _, labels, _ = evaluate_check(Evaluator(find_task("CheeseCorner", 0), "", 60), "sweeper")
    assert labels["returns"][0].solved > 0.75


def test_salts_give_other_levels_and_traps_without_solver_are_refused() -> None:
    task = find_task("CheeseDish", 0)
    one, other = (Evaluator(task, salt, 30).states(Split.SHIFT, 0, 5) for salt in ("a", "b"))
    assert (one.level.key != other.level.key).all()
    with pytest.raises(ValueError, match="MonsterWorld"):
        Evaluator(replace(task, trap="MonsterWorld"), "")


def test_walks_go_from_the_starts_and_keep_their_last_picture(evaluator: Evaluator) -> None:
    walks, agent = evaluator.walks(), evaluator.walks()[..., 0].astype(int)
    np.testing.assert_array_equal(walks[:, 0], evaluator.starts())
    assert (agent.sum(axis=(2, 3)) == 1).all()
    moved = np.abs(np.diff(agent, axis=1)).sum(axis=(2, 3))
    assert {*moved.ravel().tolist()} == {0, 2}  # at most one step at a time
    # Eaten cheese is gone, and ends the episode.
    left = walks[..., evaluator.trap.channels.index("cheese")].any(axis=(2, 3))
    eaten = (~left).any(axis=1).nonzero()[0]
    assert len(eaten) > 100
    for row in eaten:
        first = left[row].argmin()
        assert (walks[row, first:] == walks[row, first]).all()


def test_half_of_the_tasks_have_either_encoding() -> None:
    tasks = [find_task(name, seed) for name in RANKING for seed in range(4)]
    count = [task.encoding for task in tasks].count("mixed")
    assert count == len(tasks) / 2
    assert {task.encoding for task in tasks} == {*ENCODINGS}


@pytest.mark.thorough
@pytest.mark.parametrize("name", RANKING)
def test_an_encoding_leaves_agent_and_wall_and_roles_are_the_traps(name: str) -> None:
    for task in (find_task(name, seed) for seed in (0, 1)):
        trap = find_trap(task.trap)(**task.keywords)
        assert {*task.wanted} <= {*trap.objectives}
        start = trap.levels(Split.SHIFT, np.arange(2))
        shown, plain = planes_of(task.make_trap("x"), start), planes_of(trap, start)
        np.testing.assert_array_equal(shown[..., :2], plain[..., :2])


def test_composed_tasks_rank_in_the_closed_division_alone() -> None:
    assert DIVISIONS == ("closed", "open")
    assert [*list_ranking("open")] == ["attribute", "place", "relation", "history"]


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
    """Of each member: solved, then m on the scored levels and on others."""

    def measure(name: str, split: Split, first: int = 0) -> float:
        solved, scored, chosen = members[name]
        if split is Split.TEST:
            return solved
        return chosen if first == CHOOSING else scored

    found = evaluate_coverage(measure, [*members])
    assert found.value == pytest.approx(expected)
    assert len(found.members) == len(members)


def test_coverage_grows_with_members_or_stays() -> None:
    rng = np.random.default_rng(0)
    for _ in range(50):
        m = rng.uniform(-1, 1, 8).round(2).tolist()
        curve = Coverage([Member(1.0, x) for x in m], m).curve
        assert [*curve] == [1, 2, 4, 8]
        assert [*curve.values()] == sorted(curve.values())
