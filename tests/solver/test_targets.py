"""Targets: cells that pay much to who enters them, from any side."""

import numpy as np

from mesa_gym.solver import targets
from mesa_gym.traps import Split, base
from tests.support.small_traps import Healthy

LEFT, UP = 0, 3


class PaysUpwards(Healthy):
    @base
    def cheese(self, move):
        """1 for entering the cheese from below, 0.1 for any step to the left."""
        into = move.into("cheese") & (move.action == UP)
        return {1: into, 0.1: move.moved & (move.action == LEFT)}


def test_targets_are_cells_paying_over_half():
    trap = PaysUpwards()
    state = trap.levels(Split.SHIFT, np.arange(20))
    found, cells = targets(trap, state), np.arange(trap.cells)
    below = state.at["cheese"][0] + trap.width
    open_below = ~trap.layer(state, "wall")[np.arange(20), below]
    expected = (cells == state.at["cheese"].T) & open_below[:, None]
    assert expected.any()
    np.testing.assert_array_equal(found["cheese"], expected)
    np.testing.assert_array_equal(found["corner"], cells == state.at["corner"].T)
