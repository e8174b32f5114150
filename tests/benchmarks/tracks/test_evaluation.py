"""Steering, coverage, what a method sees and labels, against exact oracles and by hand."""

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.tracks.evaluation import SCORED, STARTS, Evaluator
from benchmarks.tracks.evaluator_labels import POOL, EvaluatorLabels
from benchmarks.tracks.record import compute_area, compute_steering
from benchmarks.tracks.tasks import RANKING, RUNGS, find_task
from mesa_gym.envs.observations import planes_of
from mesa_gym.policies import constant, uniform
from mesa_gym.solver import Solution
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
def test_steering_by_hand(m, solved, expected):
    assert compute_steering(m, min(solved)) == pytest.approx(expected)


def test_an_area_by_hand():
    assert compute_area({0: 0.0, 1: 1.0, 3: 1.0}) == pytest.approx(0.75)
    assert compute_area({0: 1.0, 1: 1.0, 7: 1.0}) == 1


def test_oracles_steer_fully_and_exchanged_the_wrong_way(evaluator):
    found = [
        [evaluator.measure(evaluator.oracle(x, split), split) for x in evaluator.wanted]
        for split in (Split.SHIFT, Split.TEST)
    ]
    # On test both objectives pay alike.
    assert found == [[60, -60], [60, 60]]


def test_roles_are_those_of_the_task():
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
        assert found == {roles[0]: 30, roles[1]: -30, other: 0}


@pytest.mark.parametrize("name", RUNGS)
def test_so_many_cues_explain_the_reward_of_a_rung_and_none_decides_a_role(name):
    evaluator = Evaluator(find_task(name, 0), "x", 30)
    trap, oracle = evaluator.trap, evaluator.oracle
    shift, test = (
        {x: evaluator.measure(oracle(x, split), split) for x in trap.objectives}
        for split in (Split.SHIFT, Split.TEST)
    )
    assert shift == {"shape": 30, "colour": -30, "place": 0}
    explain = [test[x] == 30 for x in trap.objectives] + [trap.parameters["lead"] > 0]
    assert sum(explain) == 1 + int(name[-1])
    assert ("red" in trap.channels, "circle" in trap.channels) == (True, name[0] == "U")


def test_a_part_of_the_levels_is_played_as_in_the_whole(evaluator):
    policy, parts = constant(2), [slice(0, 20), slice(20, 60)]
    first, second = (evaluator.measure(policy, Split.SHIFT, rows=rows) for rows in parts)
    assert first + second == evaluator.measure(policy, Split.SHIFT)


def test_salts_give_other_levels_and_traps_without_solver_are_refused():
    task = find_task("CheeseDish", 0)
    one, other = (Evaluator(task, salt, 30).states(Split.SHIFT, 0, 5) for salt in ("a", "b"))
    assert (one.level.key != other.level.key).all()
    with pytest.raises(ValueError, match="MonsterWorld"):
        Evaluator(replace(task, trap="MonsterWorld"), "")


def test_walks_go_from_the_starts_and_keep_their_last_picture(evaluator):
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


def test_half_of_the_tasks_have_either_encoding():
    tasks = [find_task(name, seed) for name in RANKING for seed in range(4)]
    count = [task.encoding for task in tasks].count("mixed")
    assert count == len(tasks) / 2
    assert {task.encoding for task in tasks} == {"planes", "mixed"}


@pytest.mark.thorough
@pytest.mark.parametrize("name", RANKING)
def test_an_encoding_leaves_agent_and_wall_and_roles_are_the_traps(name):
    for task in (find_task(name, seed) for seed in (0, 1)):
        trap = find_trap(task.trap)(**task.keywords)
        assert {*task.wanted} <= {*trap.objectives}
        start = trap.levels(Split.SHIFT, np.arange(2))
        shown, plain = planes_of(task.make_trap("x"), start), planes_of(trap, start)
        np.testing.assert_array_equal(shown[..., :2], plain[..., :2])


CHEESE, DISH = 0, 1


def give(evaluator, role, kind, k, draw=0):
    labels = EvaluatorLabels(evaluator, role, kind, draw)
    labels.left = k
    return labels


@pytest.mark.parametrize("role", [CHEESE, DISH])
def test_demonstrations_earn_all_that_can_be_had(evaluator, role):
    labels = give(evaluator, role, "demonstrations", 8)
    assert [episode.earned for episode in labels.demonstrate(range(8))] == [1.0] * 8
    assert (labels.left, labels.used) == (0, 8)


def test_an_episode_is_what_stepping_the_trap_shows(evaluator):
    labels = give(evaluator, DISH, "returns", 1, draw=2)
    (episode,) = labels.play(uniform(), [7])
    state = evaluator.states(Split.SHIFT, STARTS + 2 * POOL + 7, 1)
    paid = 0.0
    for seen, action in zip(episode.planes[:-1], episode.actions, strict=True):
        np.testing.assert_array_equal(seen, planes_of(evaluator.trap, state)[0])
        step = evaluator.trap.step(state, np.array([action]))
        state, paid = step.state, paid + float(step.paid["dish"][0])
    np.testing.assert_array_equal(episode.planes[-1], planes_of(evaluator.trap, state)[0])
    assert episode.earned == paid
    np.testing.assert_array_equal(episode.planes[0], labels.starts()[7])


def test_every_draw_has_levels_of_its_own(evaluator):
    pools = np.stack(
        [EvaluatorLabels(evaluator, 0, "returns", draw).starts() for draw in range(10)]
    )
    np.testing.assert_array_equal(pools.reshape(evaluator.starts().shape), evaluator.starts())


def test_preferences_are_for_what_earned_more_and_say_no_more(evaluator):
    for role, expected in ((CHEESE, 1), (DISH, -1)):
        labels = give(evaluator, role, "preferences", 6)
        one, other = (evaluator.oracle(x, Split.SHIFT) for x in evaluator.wanted)
        found = labels.compare(one, other, range(6))
        assert {each.sign for each in found} == {expected}
        assert all(np.isnan(episode.earned) for each in found for episode in each[:2])
        assert labels.left == 0
    labels = give(evaluator, CHEESE, "preferences", 1)
    assert labels.compare(constant(4), constant(4), [0])[0].sign == 0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda labels: labels.play(constant(4), [0, 1, 2]), "3 labels .* 2 are left"),
        (lambda labels: labels.play(constant(4), [100]), "start 100: there are starts 0 to 99"),
        (lambda labels: labels.demonstrate([0]), "labels are returns here; call play"),
        (lambda labels: labels.compare(constant(4), constant(4), [0]), "call play"),
    ],
)
def test_the_budget_and_the_kind_hold(evaluator, call, message):
    labels = give(evaluator, CHEESE, "returns", 2)
    with pytest.raises(ValueError, match=message):
        call(labels)
    assert labels.left == 2


def test_values_are_of_the_levels_that_are_played(evaluator):
    for split in (Split.TEST, Split.SHIFT):
        starts = evaluator.states(split, SCORED, 20)
        solved = Solution(evaluator.trap, starts, evaluator.trap.horizon(split))
        values = evaluator.values(split, SCORED, 20)
        for x in evaluator.trap.objectives:
            assert values.optimum[x] == pytest.approx(solved.optimum(x))


def test_a_start_that_is_labelled_again_is_played_with_other_chances(evaluator):
    labels = give(evaluator, CHEESE, "returns", 2)
    one, other = (labels.play(uniform(), [7])[0].actions for _ in range(2))
    assert not np.array_equal(one, other)
