"""The inputs of networks, of all of the grid and of a local view."""

import numpy as np
import pytest

from mesa_gym.envs.network_inputs import CentredInputs
from mesa_gym.envs.observations import planes_of
from mesa_gym.trained.mlp import LocalMLP
from mesa_gym.traps import all_traps, find_trap
from tests.support.reference import wandered

TRAPS = [cls(size) for cls in all_traps().values() for size in (11, (9, 13))]
TRAPS.append(find_trap("RedBlueDoors")(colour_planes=2))  # planes that are shown twice


def seen_by_loop(trap, planes, reach):
    """All inputs of one grid, cell by cell; things further away than ``reach`` are not seen."""
    height, width = trap.size
    others = [c for c, plane in enumerate(trap.channels) if plane != "agent"]
    wall = trap.channels.index("wall")
    ((y0, x0),) = np.argwhere(planes[:, :, trap.channels.index("agent")]).tolist()
    inside = [(y, x) for y in range(1, height - 1) for x in range(1, width - 1)]
    seen = []
    for y in range(y0 - height + 3, y0 + height - 2):
        for x in range(x0 - width + 3, x0 + width - 2):
            near = (y, x) in inside and max(abs(y - y0), abs(x - x0)) <= reach
            seen += [int(near and planes[y, x, channel]) for channel in others]
    for x in range(1, width - 1):
        seen += [int(channel != wall and planes[0, x, channel]) for channel in others]
    return seen + [int(cell == (y0, x0)) for cell in inside]


@pytest.mark.parametrize("reach", [None, LocalMLP.reach])
@pytest.mark.parametrize("trap", TRAPS, ids=repr)
def test_inputs_equal_a_loop_over_cells(trap, reach):
    planes, view = planes_of(trap, wandered(trap)), CentredInputs(trap, reach)
    kept, listed = planes.copy(), view.list_inputs(planes)
    # An input that is listed twice would be 2; the last fills lists up.
    seen = np.array([np.bincount(row, minlength=view.count + 1) for row in listed])
    seen[:, -1] = 0
    assert seen[:10, :-1].tolist() == [seen_by_loop(trap, x, reach or 99) for x in planes[:10]]
    assert reach or len(np.unique(seen, axis=0)) == len(np.unique(planes, axis=0)) > 200
    np.testing.assert_array_equal(planes, kept)
