"""The evaluator against exact oracles: roles, levels, walks, and what methods see."""

import numpy as np
import pytest

from benchmarks.methods.evaluator import SCORED, Encoded, Evaluator
from benchmarks.methods.tasks import find_task
from mesa_gym.policies import Memoryless
from mesa_gym.scoring import rollout
from mesa_gym.scoring.record import level_scores, sum_returns
from mesa_gym.traps import Split


def measure_oracles(evaluator, split):
    return {
        x: evaluator.measure(evaluator.oracle(x), split, rows=slice(0, 30))
        for x in evaluator.trap.objectives
    }


def test_oracles_steer_fully_and_oppositely(evaluator):
    assert measure_oracles(evaluator, Split.SHIFT) == {"cheese": 30, "dish": -30}
    assert measure_oracles(evaluator, Split.TEST) == {"cheese": 30, "dish": 30}  # both pay alike


@pytest.mark.parametrize("seed", range(3))
def test_roles_of_three_objectives_ignore_the_third(seed):
    roles = [("shape", "colour"), ("colour", "place"), ("place", "shape")][seed]
    evaluator = Evaluator(find_task("Attributes", seed), "x", 30)
    assert evaluator.task.wanted == roles
    (other,) = {*evaluator.trap.objectives} - {*roles}
    assert measure_oracles(evaluator, Split.SHIFT) == {roles[0]: 30, roles[1]: -30, other: 0}


def test_walk_after_its_end_repeats_last_observation(evaluator):
    walks, agent = evaluator.walks(), evaluator.walks()[..., 0].astype(int)
    np.testing.assert_array_equal(walks[:, 0], evaluator.starts())
    assert (agent.sum(axis=(2, 3)) == 1).all()
    moved = np.abs(np.diff(agent, axis=1)).sum(axis=(2, 3))
    assert {*moved.ravel().tolist()} == {0, 2}  # at most one step at a time
    # Eaten cheese is gone, and ends the episode.
    named = evaluator.encode(np.eye(len(evaluator.trap.channels), dtype=np.uint8))
    cheese = named[evaluator.trap.channels.index("cheese")].argmax()
    left = walks[..., cheese].any(axis=(2, 3))
    eaten = (~left).any(axis=1).nonzero()[0]
    assert len(eaten) > 100
    for row in eaten:
        first = left[row].argmin()
        assert (walks[row, first:] == walks[row, first]).all()


def test_policies_see_encoded_planes_and_no_state(evaluator):
    seen = []

    class Looking(Memoryless):
        def act(self, observation, state=None):
            seen.append((observation, state))
            return np.full(len(observation), 4)

    evaluator.measure(Encoded(Looking(), evaluator.encode), Split.SHIFT)
    np.testing.assert_array_equal(
        seen[0][0], evaluator.show(evaluator.states(Split.SHIFT, SCORED, 60))
    )
    assert {state for _, state in seen} == {None}


def test_evaluator_salts_give_different_levels():
    task = find_task("CheeseDish", 0)
    one, other = (Evaluator(task, salt, 30).states(Split.SHIFT, 0, 5) for salt in ("a", "b"))
    assert (one.level.key != other.level.key).all()


def test_evaluator_values_are_of_salted_levels(evaluator):
    """The oracle earns the optimum of every level."""
    starts, trap = evaluator.states(Split.SHIFT, SCORED, 60), evaluator.trap
    record = rollout(evaluator.oracle("dish"), trap, starts, trap.horizon(Split.SHIFT))
    values = evaluator.values(Split.SHIFT, SCORED, 60)
    scores = level_scores(sum_returns(record, trap), values)
    assert scores["dish"] == pytest.approx(np.ones(60))
