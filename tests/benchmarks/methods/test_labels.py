"""Labels against exact oracles: what they say, and that they are counted."""

import numpy as np
import pytest

from benchmarks.methods.evaluator import STARTS
from benchmarks.methods.labels import POOL, LabelSource
from benchmarks.methods.seeking import CodeSeeker, code_cells
from mesa_gym.policies import constant, uniform
from mesa_gym.traps import Split

CHEESE, DISH = 0, 1


def give(evaluator, role, kind, k, draw=0):
    labels = LabelSource(evaluator, role, kind, draw)
    labels.left = k
    return labels


@pytest.mark.parametrize("role", [CHEESE, DISH])
def test_demonstrations_earn_the_most(evaluator, role):
    labels = give(evaluator, role, "demonstrations", 8)
    assert [episode.earned for episode in labels.demonstrate(range(8))] == [1.0] * 8
    assert (labels.left, labels.used) == (0, 8)


def test_labelled_episodes_equal_steps_of_trap(evaluator):
    labels = give(evaluator, DISH, "returns", 1, draw=2)
    (episode,) = labels.play(uniform(), [7])
    state = evaluator.states(Split.SHIFT, STARTS + 2 * POOL + 7, 1)
    paid = 0.0
    for seen, action in zip(episode.planes[:-1], episode.actions, strict=True):
        np.testing.assert_array_equal(seen, evaluator.show(state)[0])
        step = evaluator.trap.step(state, np.array([action]))
        state, paid = step.state, paid + float(step.paid["dish"][0])
    np.testing.assert_array_equal(episode.planes[-1], evaluator.show(state)[0])
    assert episode.earned == paid
    np.testing.assert_array_equal(episode.planes[0], labels.starts()[7])


def make_seeker(evaluator, kind):
    """Return a policy that goes to the nearest thing of a kind, by what it sees."""
    channels = evaluator.trap.channels
    cell = np.zeros((1, 1, 1, len(channels)), dtype=np.uint8)
    cell[..., channels.index(kind)] = 1
    worth = np.zeros(1 << len(channels), dtype=np.uint8)
    worth[code_cells(evaluator.encode(cell))] = 1
    return CodeSeeker(worth)


def test_preferences_hide_the_returns(evaluator):
    for role, expected in ((CHEESE, 1), (DISH, -1)):
        labels = give(evaluator, role, "preferences", 6)
        one, other = (make_seeker(evaluator, x) for x in evaluator.task.wanted)
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
        (lambda labels: labels.play(constant(4), [100]), "start 100: expected 0 to 99"),
        (lambda labels: labels.demonstrate([0]), "this task labels by returns; call play"),
        (lambda labels: labels.compare(constant(4), constant(4), [0]), "call play"),
    ],
)
def test_labels_beyond_budget_or_kind_are_refused(evaluator, call, message):
    labels = give(evaluator, CHEESE, "returns", 2)
    with pytest.raises(ValueError, match=message):
        call(labels)
    assert labels.left == 2


def test_repeated_starts_draw_other_actions(evaluator):
    labels = give(evaluator, CHEESE, "returns", 2)
    one, other = (labels.play(uniform(), [7])[0].actions for _ in range(2))
    assert not np.array_equal(one, other)
