"""The loop of a training, on an agent that counts its updates."""

import numpy as np
import pytest

from agents.loop import TrainingProgram, run_training
from agents.ppo import TrainState
from tests.support.training import small


def run_loop(updates, report=None, judge=None):
    """Run the loop on an agent that counts its updates; return it and the updates' arguments."""
    told = []

    def begin(own):
        return TrainState({"count": np.zeros((len(own), 1), np.float32)}, None, None)

    def update(learning, own, number, left):
        told.append((int(number), round(float(left), 6)))
        weights = {"count": learning.weights["count"] + 1}
        return learning._replace(weights=weights), np.array([[number * 2.0, 2.0]])

    def export(weights):
        return int(weights["count"][0])

    program = TrainingProgram(256, updates, begin, update, export, judge)
    (found,) = run_training(program, [small(seed=7)], np.zeros(1), report)
    return found, told


def test_learning_rate_falls_with_each_update():
    found, told = run_loop(4)
    assert told == [(1, 1), (2, 0.75), (3, 0.5), (4, 0.25)]
    assert (found.agent, found.steps) == (4, 1024)
    assert found.curve == [(256 * i, float(i)) for i in range(1, 5)]


def test_curves_have_environment_steps_of_each_update():
    """A curve has at most forty parts, and the last ends with the training."""
    found, _ = run_loop(100)
    assert len(found.curve) == 40
    assert {at % 256 for at, _ in found.curve} == {0}
    assert found.curve[-1] == (found.steps, 99.5) == (25_600, 99.5)


@pytest.mark.parametrize("updates", [20, 5])
def test_training_loop_judges_after_each_tenth(updates):
    def judge(weights, number):
        return [(weights["count"].item(), 0.5, 0.25)]

    seen = []
    found, _ = run_loop(updates, lambda *told: seen.append(told), judge)
    expected = [*range(2, 21, 2)] if updates == 20 else [*range(1, 6)]
    assert [looks[0].steps // 256 for _, looks in seen] == expected
    assert found.looks == [looks[0] for _, looks in seen]
    assert [each.test for each in found.looks] == [each.steps / 256 for each in found.looks]
    # The mean of the episodes of the last tenth, which is two updates.
    assert [each.earned for each in found.looks][:2] == ([1.5, 3.5] if updates == 20 else [1, 2])
