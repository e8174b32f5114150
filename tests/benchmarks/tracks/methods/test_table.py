"""Methods' parts on data made by hand: heads of rewards, ways to cells, the table, the control."""

import pickle

import numpy as np
import pytest
import torch
from scipy.sparse.csgraph import dijkstra

from benchmarks.tracks.evaluator_labels import EvaluatorLabels
from benchmarks.tracks.methods import seeking
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
from benchmarks.tracks.methods.seeking import CodeSeeker, Walked
from benchmarks.tracks.methods.table import find_masks, rate_codes
from benchmarks.tracks.methods.untrained import Untrained
from benchmarks.tracks.record import LABEL_KINDS
from mesa_gym.traps import Split

LEFT, DOWN, RIGHT, UP, ACT = range(5)


def draw_map(*rows):
    """Return a picture with planes x and y: ``#`` wall, ``A`` agent, ``b`` both x and y."""
    cells = np.array([list(row) for row in rows])
    shows = {"A": "A", "#": "#", "x": "xb", "y": "yb"}
    return np.stack([np.isin(cells, list(of)) for of in shows.values()], axis=2).astype(np.uint8)


X, Y = np.array([0, 1, 0, 1], np.uint8), np.array([0, 0, 1, 1], np.uint8)
ROOM = draw_map("#####", "#xyA#", "#   #", "#y#x#", "#####")


@pytest.mark.parametrize(
    ("worth", "moves"),
    # Straight down to x, not through y to the other; y next door; nothing; itself alone.
    [(X, [DOWN]), (Y, [LEFT]), (X * 0, range(5)), (np.array([0, 0, 0, 1], np.uint8), range(5))],
)
def test_a_seeker_goes_the_shortest_way_round_other_things(worth, moves):
    shares = CodeSeeker(worth).act(ROOM[None])[0]
    assert shares.nonzero()[0].tolist() == [*moves]
    assert shares == pytest.approx(np.isin(range(5), [*moves]) / len([*moves]))


def test_ways_cost_what_dijkstra_says():
    rng = np.random.default_rng(0)
    cost = np.full((20, 7, 9), seeking.FAR)
    cost[:, 1:-1, 1:-1] = rng.choice([1, 20, seeking.FAR], p=[0.6, 0.15, 0.25], size=(20, 5, 7))
    wanted = (rng.random(cost.shape) < 0.05) & (cost < seeking.FAR)
    for found, pays, ends in zip(seeking.measure_ways(wanted, cost), cost, wanted, strict=True):
        ways = np.zeros((64, 64))  # from cell to cell, and from one more to what is wanted
        ways[63, :63] = np.where(ends, pays, 0).ravel()
        for row, column in np.argwhere(pays[1:-1, 1:-1] < seeking.FAR) + 1:
            near = [(row, column - 1), (row + 1, column), (row, column + 1), (row - 1, column)]
            ways[[y * 9 + x for y, x in near], row * 9 + column] = pays[row, column]
        best = dijkstra(ways, indices=63)[:63].reshape(7, 9)
        free = pays < seeking.FAR
        np.testing.assert_array_equal(np.minimum(found, seeking.FAR)[free],
                                      np.minimum(best, seeking.FAR)[free])  # fmt: skip


def test_a_seeker_stays_where_alone_is_wanted():
    there = draw_map("####", "#A #", "####")
    there[1, 1, 2] = 1
    assert CodeSeeker(X).act(there[None])[0].tolist() == [0, 0, 0, 0, 1]
    assert pickle.dumps(CodeSeeker(X)) == pickle.dumps(CodeSeeker(X.copy()))
    assert len(pickle.dumps(CodeSeeker(X))) < 1000


def test_the_table_keeps_what_explains_reward_and_differs_under_shift():
    codes = np.repeat([0, 3, 4], 20)  # floor; x and y together, which pay; another thing
    walked = Walked(codes, (codes == 3).astype(float))
    starts = draw_map("#####", "#xyA#", "#####")[None].repeat(4, axis=0)
    starts = np.concatenate([starts, np.zeros_like(starts[..., :1])], axis=3)
    assert find_masks(walked, np.arange(1, 8), starts) == [1, 2]
    assert rate_codes(walked, 8).tolist() == [0, 0, 0, 255, 0, 0, 0, 0]
    # With the planes mixed (x shows both, y the second), parities find the same two.
    mixed = np.array([0, 3, 2, 1, 4, 7, 6, 5])
    shown = starts.copy()
    shown[..., 3] ^= starts[..., 2]
    masks = np.array(find_masks(Walked(mixed[codes], walked.rewards), np.arange(1, 8), shown))
    marks = seeking.compute_parities(masks, mixed[[1, 2]])
    assert sorted(marks.tolist()) == [[False, True], [True, False]]


@pytest.mark.parametrize("kind", LABEL_KINDS)
def test_the_untrained_control_walks_to_what_labels_want_and_takes_no_step(kind, evaluator):
    """The labels are the evaluator's own; of environments there are none."""
    found, method, trap = [], Untrained(), evaluator.trap
    for role in (0, 1):
        labels = EvaluatorLabels(evaluator, role, kind, 0)
        shape = trap.size, len(trap.channels), trap.horizon(Split.SHIFT)
        task = Task(*shape, 0.99, 0, 10, 10, None, starts=labels.starts())
        members = method.train(task)
        policies = method.adapt(task, members, labels)
        assert next(policies) is members[0]
        labels.left = 8
        found.append(evaluator.measure(next(policies), Split.SHIFT))
        assert labels.left == 0
    assert found == [60, -60]


HOST = None
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
