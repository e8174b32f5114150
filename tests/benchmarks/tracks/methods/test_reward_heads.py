"""Models of a reward: what they explain, and what makes them differ, on data made by hand."""

from typing import Any

import numpy as np
import pytest
import torch

from benchmarks.tracks.methods.divdis import DBat, DivDis, RewardEnsemble
from benchmarks.tracks.methods.method import Task
from benchmarks.tracks.methods.reward_heads import (
    HeadPlanner,
    HeadSettings,
    PaidSteps,
    describe_cells,
    fit_heads,
    list_entries,
    measure_share,
)

HOST: Any = None
TASK = Task((5, 5), 4, 10, 0.99, 0, 1, 1, HOST)
SURE = 20.0


def show(*planes):
    """Return a picture 5 x 5 with the agent at the left and a thing of some planes at the right."""
    picture = np.zeros((5, 5, 4), np.uint8)
    picture[[0, -1], :, 1] = picture[:, [0, -1], 1] = 1
    picture[2, 1, 0] = 1
    picture[2, 3, [*planes]] = 1
    return picture


# In training a cell pays that shows both planes; under shift each comes alone.
TOGETHER = describe_cells(np.stack([show(2, 3), show()]))[:, 2, 3]
STEPS = PaidSteps(torch.tensor(TOGETHER).float().repeat(50, 1), torch.tensor([1.0, 0.0] * 50))
APART = torch.tensor(describe_cells(np.stack([show(2), show(3), show(), show()]))[:, 2, 3]).float()
SETTINGS = HeadSettings(updates=300, batch=32)


def test_two_heads_that_disagree_find_both_planes_that_training_shows_together():
    heads = fit_heads(STEPS, APART[:2], 2, lambda x: DBat().penalise(x, 0.5), TASK, SETTINGS)
    found = (heads(APART[:2]) > 0).tolist()
    assert sorted(found) == [[False, True], [True, False]]
    assert (heads(STEPS.features) > 0).all(dim=0).tolist() == [True, False] * 50
    # The plan of the head that goes by plane 2 goes right where that is shown, and nowhere else.
    planner = HeadPlanner(heads, found.index([True, False]), TASK)
    assert planner.act(show(2)[None])[0].tolist() == [0, 0, 1, 0, 0]
    assert planner.rate_cells(show(3)[None]).sum() == 0


def test_two_independent_heads_go_by_one_plane_each():
    share = measure_share(STEPS, TASK)
    assert share == 0.5  # all things of training paid, which says nothing of the shift

    def penalise(logits):
        return DivDis.weight * DivDis().penalise(logits, share / 2)

    logits = fit_heads(STEPS, APART, 2, penalise, TASK, SETTINGS._replace(updates=1000))(APART)
    assert sorted((logits[:, 0] > logits[:, 1]).tolist()) == [False, True]


def test_entries_are_the_cells_that_walks_step_on():
    walks = np.stack([np.stack([show(2), show(2), show(2)])])
    walks[0, 1:, 2, 1, 0], walks[0, 1:, 2, 2, 0] = 0, 1  # one step to the right, then none
    np.testing.assert_array_equal(list_entries(walks), describe_cells(walks[0, :1])[:, 2, 2])


@pytest.mark.parametrize(
    ("logits", "shared", "apart"),
    [
        ([[1, -1, 1, -1], [1, -1, 1, -1]], np.log(2), SURE),  # alike
        ([[1, -1, 1, -1], [-1, 1, -1, 1]], np.log(2), 0),  # opposite
        ([[1, 1, -1, -1], [1, -1, 1, -1]], 0, SURE / 2),  # independent
    ],
)
def test_penalties_by_hand(logits, shared, apart):
    given = SURE * torch.tensor(logits, dtype=torch.float64)
    divdis = DivDis().penalise(given, 0.5).item()  # half are told to be paid, as they should
    assert divdis == pytest.approx(shared, abs=1e-3)
    off = 0.5 * np.log(0.5 / 0.25) + 0.5 * np.log(0.5 / 0.75)
    assert DivDis().penalise(given, 0.25).item() - divdis == pytest.approx(off, abs=1e-3)
    assert DBat().penalise(given, 0.5).item() == pytest.approx(apart, abs=1e-1 * SURE)
    assert RewardEnsemble().penalise(given, 0.5).item() == 0
