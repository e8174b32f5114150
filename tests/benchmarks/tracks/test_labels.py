"""Labels: what they show, and that there are no more of them than the budget."""

import numpy as np
import pytest

from benchmarks.tracks.evaluation import STARTS
from benchmarks.tracks.evaluator_labels import POOL, EvaluatorLabels
from mesa_gym.envs.observations import planes_of
from mesa_gym.policies import constant, uniform
from mesa_gym.traps import Split

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
