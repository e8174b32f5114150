"""The programs of docs/studies/habit."""

import msgspec
import numpy as np
import pytest

from docs.studies.habit.__main__ import CERTIFICATES
from docs.studies.habit.far_walls import ask_first, change_far_wall
from docs.studies.habit.sighted import RADIUS, SIGHTED, view_window
from mesa_gym.files import read_json
from mesa_gym.scoring.least_sight import NONE_FOUND, LeastSight
from mesa_gym.traps import Split, as_trap


def test_four_cells_suffice_on_followme_alone():
    """On all other traps, neither search gave a goal's word."""
    sights = {
        certificate["trap"]: str(msgspec.convert(certificate["least_sight"], LeastSight))
        for certificate in read_json(CERTIFICATES)
        if certificate["least_sight"]
    }
    word = "four cells suffice for proxy (leader): whoever steps onto the leader beside it"
    assert {x: sight for x, sight in sights.items() if sight != NONE_FOUND} == {"FollowMe-v0": word}


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
