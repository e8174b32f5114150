"""The one function by which methods train: hidden planes do not move what is trained."""

import numpy as np
import pytest

from benchmarks.methods import Method, train
from benchmarks.methods.evaluation import Entrant

STEPS = 4_000


class BlindPair(Method):
    """Trains two agents: one sees all, and one does not see a plane."""

    def train(self, task):
        self.trained = train(task, [(), (2,)], steps=STEPS)
        return [each.policy for each in self.trained]


@pytest.mark.thorough
def test_hidden_planes_do_not_move_an_agent(evaluator):
    entrant, rng = Entrant(BlindPair(), evaluator, STEPS), np.random.default_rng(0)
    seen = evaluator.starts()[:20]
    changed = seen.copy()
    changed[..., 2] = rng.integers(2, size=changed.shape[:-1])
    whole, blind = ([each.act(x) for x in (seen, changed)] for each in entrant.members)
    np.testing.assert_array_equal(*blind)
    assert np.abs(whole[0] - whole[1]).max() > 0
    assert entrant.steps >= 2 * STEPS


class BlindPlanner(Method):
    def train(self, task):
        train(task, [(2,)], algorithm="planner")


def test_planners_hide_no_planes(evaluator):
    with pytest.raises(ValueError, match="planner hides no planes"):
        Entrant(BlindPlanner(), evaluator, 1)
