"""Training by methods: agents act by their observations, and steps are counted."""

import numpy as np
import pytest

from benchmarks.methods import Method, train
from benchmarks.methods.evaluation import Entrant

STEPS = 4_000


class TwoSeeds(Method):
    def train(self, task):
        return [train(task, seed, STEPS).policy for seed in range(2)]


@pytest.mark.thorough
def test_trained_agents_react_to_planes_and_differ(evaluator):
    entrant, rng = Entrant(TwoSeeds(), evaluator, STEPS), np.random.default_rng(0)
    seen = evaluator.starts()[:20]
    changed = seen.copy()
    changed[..., 2] = rng.integers(2, size=changed.shape[:-1])
    first, other = ([each.act(x) for x in (seen, changed)] for each in entrant.members)
    assert np.abs(first[0] - first[1]).max() > 0
    assert np.abs(first[0] - other[0]).max() > 0
    assert entrant.steps >= 2 * STEPS
