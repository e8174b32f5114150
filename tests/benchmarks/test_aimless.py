"""Policies without any of a trap's objectives go where they are said to go."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.studies.aimless import Oscillating, Scripted, ToCell, ToLastCell, WallFollower
from mesa_gym.engine import State
from mesa_gym.engine.maps import from_map
from mesa_gym.traps import Split, find_trap

LEFT, DOWN, RIGHT, UP, ACT = range(5)
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


def played(policy: Scripted, state: State, steps: int) -> list[list[int]]:
    """The cells of each row, step by step."""
    trap = find_trap("CheeseCorner")(7)
    policy.reset(np.ones(state.n, dtype=bool), np.random.default_rng(0))
    cells = []
    for _ in range(steps):
        state = trap.step(state, policy.act(trap.observe(state), state).argmax(axis=1)).state
        cells.append(state.agent.tolist())
    return cells


def test_oscillating_goes_left_and_right() -> None:
    trap = find_trap("CheeseCorner")()
    state = trap.levels(Split.TEST, np.arange(3))
    for action in (LEFT, RIGHT, LEFT):
        acts = Oscillating().act(trap.observe(state), state)
        assert (acts.argmax(axis=1) == action).all()
        state = trap.step(state, acts.argmax(axis=1)).state


def test_a_wall_follower_keeps_its_right_hand_on_the_wall() -> None:
    """It looks down at first, finds the way barred to the right (west), ahead and left, turns."""
    state = from_map(find_trap("CheeseCorner")(7), RING)
    way = [cell[0] for cell in played(WallFollower(), state, 12)]
    at = {(y, x): 7 * y + x for y in range(7) for x in range(7)}
    expected = [(2, 5), (1, 5), (2, 5), (2, 4), (2, 3), (1, 3), (1, 2), (1, 1), (2, 1), (3, 1)]
    expected += [(3, 2), (3, 3)]
    assert way == [at[place] for place in expected]


@pytest.mark.parametrize("policy", [ToCell(), ToCell(1), ToLastCell()])
def test_to_a_cell_and_then_stay(policy: ToCell) -> None:
    trap = find_trap("CheeseCorner")()
    state = trap.levels(Split.SHIFT, np.arange(200))
    open_cells = ~trap.layer(state, "wall")
    goal = policy.goal(open_cells, state)
    assert open_cells[np.arange(200), goal].all()
    for _ in range(64):
        state, _, ended = trap.step(state, policy.act(trap.observe(state), state).argmax(axis=1))
        assert not ended.any()  # it goes round the cheese
    ends = state.agent == goal
    assert ends.mean() > 0.9  # the others are walled in by objects
    assert len(set(goal.tolist())) > (1 if type(policy) is ToCell else 0)


def test_scripted_policies_need_the_state() -> None:
    with pytest.raises(ValueError, match="needs the state"):
        Oscillating().act(np.zeros((1, 9, 9, 3), "u1"))
