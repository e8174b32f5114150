"""Samples: all states that can be reached are found; differences of results are told."""

import numpy as np
import pytest
from small_traps import Healthy, Monster, SmallDish

from mesa_gym.testing.sample import Sample, difference
from mesa_gym.traps import Split


@pytest.mark.parametrize("trap", [Healthy, SmallDish])
def test_all_states_that_can_be_reached_are_found(trap):
    """Found again one by one, each told apart by its planes and what no plane shows."""
    made = trap()
    for split in Split:
        found: set[tuple[bytes, ...]] = set()
        todo = [made.levels(split, [number]) for number in (0, 1)]
        while todo:
            state = todo.pop()
            parts = (state.level.number, made.observe(state), *state.vars.values())
            content = tuple(part.tobytes() for part in (*parts, *state.there.values()))
            if content not in found:
                found.add(content)
                steps = [made.step(state, np.array([action])) for action in range(5)]
                todo += [step.state for step in steps if not step.ended[0]]
        assert Sample(made, split, 2).state.n == len(found)


def test_of_an_unsolvable_trap_one_walk_a_level_is_found():
    trap = Monster()
    state = Sample(trap, Split.SHIFT, 4).state
    walks = [np.sort(state.clock[state.level.number == level]) for level in range(4)]
    assert [walk.tolist() for walk in walks] == [list(range(len(walk))) for walk in walks]
    assert max(map(len, walks)) == trap.horizon(Split.SHIFT)


@pytest.mark.parametrize(
    ("other", "at"),
    [
        ({"x": 1, "y": (np.array([[1, 2], [3, 4]]),)}, None),
        ({"x": 1.0, "y": (np.array([[1, 2], [3, 4]]),)}, ("x", 0)),
        ({"x": 1, "y": (np.array([[1, 2], [3, 5]]),)}, ("y.0", 1)),
        ({"x": 1, "y": (np.array([[1.0, 2], [3, 4]]),)}, ("y.0", 0)),
        ({"x": 1}, ("y.0", 0)),
    ],
)
def test_the_first_difference_of_two_results(other, at):
    assert difference({"x": 1, "y": (np.array([[1, 2], [3, 4]]),)}, other) == at
