"""The programs of docs/studies/habit."""

import numpy as np
import pytest

from docs.studies.habit.moved import ask_first, change_far_wall
from docs.studies.habit.sighted import RADIUS, SIGHTED, view_window
from mesa_gym.traps import Split, as_trap


def test_far_wall_changes_first_moves_alone():
    """The oracle follows the change; a policy that sees two cells cannot."""
    trap = as_trap("CheeseCorner")
    *starts, moves = change_far_wall(trap, trap.levels(Split.SHIFT, np.arange(60)))
    walls = [trap.layer(state, "wall").reshape(-1, *trap.size) for state in starts]
    assert (walls[0] != walls[1]).sum() == len(moves) > 5
    near = [view_window(x, np.arange(len(x)), starts[0].agent, RADIUS) for x in walls]
    assert np.array_equal(*near)
    for name, expected in (("oracle:corner", 1), ([*SIGHTED][1], 0)):
        old, new = ((ask_first(trap, x, name)[:, :4] * moves).sum(axis=1) for x in starts)
        assert new - old == pytest.approx(np.full(len(moves), expected)), name
