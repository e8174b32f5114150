"""Policies that look at no thing: they do the same where every thing is gone."""

from collections.abc import Callable
from functools import partial

import numpy as np
import pytest

from mesa_gym.engine import STAY, distances
from mesa_gym.engine.maps import from_map
from mesa_gym.policies import Policy, Sweeper, constant
from mesa_gym.policies.oracle import Oracle
from mesa_gym.scoring.record import ENDED
from mesa_gym.scoring.rollout import follow, rollout
from mesa_gym.traps import Split, Trap, find_trap
from tests.validity import wandering
from tests.validity.scenes import Scene
from tests.validity.wandering import AreaSweep, Habit, MomentumWalk, OrderedSweep, WallFollower

CHEESE, DISH = find_trap("CheeseCorner")(), find_trap("CheeseDish")()
BLIND: dict[str, Callable[[Trap], Policy]] = {
    "right hand": lambda trap: WallFollower(),
    "left hand": lambda trap: WallFollower(-1),
    "momentum": lambda trap: MomentumWalk(),
    "oscillating": lambda trap: wandering.make_oscillating(),
    "spiral": lambda trap: wandering.make_spiral(),
    "scan": lambda trap: OrderedSweep(trap, wandering.price_scan),
    "far first": lambda trap: OrderedSweep(trap, wandering.price_far_first),
    "home last": lambda trap: OrderedSweep(trap, wandering.price_home_last),
    "corners": lambda trap: OrderedSweep(trap, wandering.price_corners),
    "quarter": lambda trap: AreaSweep(trap, wandering.find_quarter, True),
    "region": lambda trap: AreaSweep(trap, partial(wandering.find_region, steps=5), False),
    "habit": lambda trap: Habit(trap, Oracle(trap, trap.base, 64)),
    "drift": lambda trap: wandering.make_drift(trap, Oracle(trap, trap.base, 64)),
}
# One way round a pillar, with a dead end at the top right.
RING = """
#######
#...#.#
#.#...#
#...#A#
#######
#######
#######
"""


def without_things(state):
    """Return the levels without any thing."""
    return state._replace(there={kind: there & False for kind, there in state.there.items()})


@pytest.mark.parametrize("name", BLIND)
def test_what_looks_at_no_thing_does_the_same_where_there_is_none(name):
    policy = BLIND[name](DISH)
    starts = DISH.levels(Split.SHIFT, np.arange(40))
    full, bare = (
        rollout(policy, DISH, state, 30).actions for state in (starts, without_things(starts))
    )
    played = full != ENDED
    np.testing.assert_array_equal(full[played], bare[played])
    assert played[:, 3:].mean() > 0.3


def cover(policy, starts, steps):
    """Return the cells that each episode visits, in their order, on levels without things."""
    starts = without_things(starts)
    seen: list[list[int]] = [[] for _ in range(starts.n)]
    for step in follow(DISH, starts, rollout(policy, DISH, starts, steps).actions):
        for row, cell in zip(step.rows, step.state.agent.tolist(), strict=True):
            seen[row] += [cell] * (cell not in seen[row])
    return seen


def test_sweeps_cover_what_they_say_in_their_order():
    starts = DISH.levels(Split.SHIFT, np.arange(12))
    open_cells = ~DISH.layer(starts, "wall").reshape(12, *DISH.size)
    steps, home = distances(open_cells, starts.agent), wandering.find_quarter(Scene(DISH, starts))
    whole = [set(np.flatnonzero(row >= 0)) for row in steps]
    for name in ("scan", "far first", "home last"):
        seen = cover(BLIND[name](DISH), starts, 900)
        assert [set(cells) for cells in seen] == whole
    done = []
    for policy in (BLIND["quarter"](DISH), Sweeper(DISH)):
        seen = cover(policy, starts, 300)
        assert [set(cells) for cells in seen] == whole
        of_home = [
            [cells.index(cell) for cell in cells if home[row, cell]]
            for row, cells in enumerate(seen)
        ]
        done.append(np.mean([max(order) for order in of_home]))
    assert done[0] < done[1] - 5
    for row, cells in enumerate(cover(BLIND["region"](DISH), starts, 300)):
        assert set(cells) == set(np.flatnonzero((steps[row] >= 0) & (steps[row] <= 5)))
    far = cover(BLIND["far first"](DISH), starts, 40)
    assert all(steps[row].argmax() in cells for row, cells in enumerate(far))


def test_a_wall_follower_keeps_its_hand_on_the_wall():
    """It looks down at first, finds the way barred to the right (west), ahead and left, turns."""
    trap, policy = find_trap("CheeseCorner")(7), WallFollower()
    state = from_map(trap, RING)
    policy.reset(np.ones(1, dtype=bool), np.random.default_rng(0))
    expected = [(2, 5), (1, 5), (2, 5), (2, 4), (2, 3), (1, 3), (1, 2), (1, 1), (2, 1), (3, 1)]
    for y, x in [*expected, (3, 2), (3, 3)]:
        state = trap.step(state, policy.act(trap.observe(state), state).argmax(axis=1)).state
        assert state.agent.tolist() == [7 * y + x]
    left = WallFollower(-1)
    left.reset(np.ones(1, dtype=bool), np.random.default_rng(0))
    state = from_map(trap, RING)
    for y, x in [(2, 5), (2, 4), (2, 3), (3, 3), (3, 2)]:
        state = trap.step(state, left.act(trap.observe(state), state).argmax(axis=1)).state
        assert state.agent.tolist() == [7 * y + x]


def test_momentum_goes_on_and_never_into_walls():
    starts = without_things(DISH.levels(Split.CONTROL, np.arange(50)))
    record = rollout(MomentumWalk(0.1), DISH, starts, 60)
    assert record.moved.all()
    same = (record.actions[:, 1:] == record.actions[:, :-1]).mean()
    assert 0.5 < same < 0.95


GOALS = [
    wandering.pick_some_cell,
    partial(wandering.pick_some_cell, salt=1),
    wandering.pick_last_cell,
]


@pytest.mark.parametrize("goal", GOALS)
def test_to_a_cell_and_then_stay(goal):
    policy, state = wandering.go_to_cell(goal), CHEESE.levels(Split.SHIFT, np.arange(200))
    open_cells = ~CHEESE.layer(state, "wall")
    cells = goal(open_cells, state)
    assert open_cells[np.arange(200), cells].all()
    free = (open_cells & ~CHEESE.layer(state, "cheese")).reshape(200, *CHEESE.size)
    reachable = distances(free, state.agent)[np.arange(200), cells] >= 0
    for _ in range(64):
        acts = policy.act(CHEESE.observe(state), state)
        state, _, ended = CHEESE.step(state, acts.argmax(axis=1))
        assert not ended.any()  # it goes round the cheese
    # A goal on the cheese, or walled in by it, is not reached.
    assert ((state.agent == cells) == reachable).all()
    assert reachable.mean() > 0.8
    assert len(set(cells.tolist())) > (0 if goal is wandering.pick_last_cell else 1)


def test_a_spiral_walks_one_more_cell_at_every_other_turn():
    state = CHEESE.levels(Split.SHIFT, np.arange(1))
    taken = [
        int(wandering.make_spiral().act(np.zeros((1, 0)), at).argmax())
        for at in (state._replace(clock=np.array([t])) for t in range(12))
    ]
    assert taken == [0, 1, 2, 2, 3, 3, 0, 0, 0, 1, 1, 1]


def test_a_drift_has_the_frequencies_of_training_and_a_habit_those_of_each_cell():
    drift = wandering.make_drift(CHEESE, Oracle(CHEESE, "cheese", 64))
    # In training the cheese lies at the top left.
    assert drift.probabilities[[0, 3]].sum() > 0.8
    assert drift.probabilities.sum() == pytest.approx(1)
    habit = Habit(CHEESE, constant(2))
    np.testing.assert_array_equal(habit.often.argmax(axis=1) % STAY == 2, habit.often[:, 2] == 1)
    assert set(habit.often[:, 2]) == {0.0, 1.0}
    assert habit.often[0, STAY] == 1  # a cell where nothing was done
