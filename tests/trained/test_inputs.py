"""The inputs of networks, the sums of their first layers, and the local view."""

import array_api_compat.numpy as xp
import numpy as np
import pytest

from mesa_gym.envs.observations import planes_of
from mesa_gym.envs.windows import CentredInputs
from mesa_gym.trained.inputs import sum_rows
from mesa_gym.trained.mlp import LocalMLP
from mesa_gym.traps import all_traps, find_trap
from tests.support.networks import drawn
from tests.support.reference import wandered

TRAPS = [cls(size) for cls in all_traps().values() for size in (11, (9, 13))]
TRAPS.append(find_trap("RedBlueDoors")(colour_planes=2))  # planes that are shown twice
DISH = find_trap("CheeseDish")()


def seen_by_loop(trap, planes):
    """All inputs of one grid, cell by cell."""
    height, width = trap.size
    others = [c for c, plane in enumerate(trap.channels) if plane != "agent"]
    wall = trap.channels.index("wall")
    ((y0, x0),) = np.argwhere(planes[:, :, trap.channels.index("agent")]).tolist()
    inside = [(y, x) for y in range(1, height - 1) for x in range(1, width - 1)]
    seen = []
    for y in range(y0 - height + 3, y0 + height - 2):
        for x in range(x0 - width + 3, x0 + width - 2):
            seen += [int((y, x) in inside and planes[y, x, channel]) for channel in others]
    for x in range(1, width - 1):
        seen += [int(channel != wall and planes[0, x, channel]) for channel in others]
    return seen + [int(cell == (y0, x0)) for cell in inside]


@pytest.mark.parametrize("trap", TRAPS, ids=repr)
def test_inputs_equal_a_loop_over_cells(trap):
    planes, view = planes_of(trap, wandered(trap)), CentredInputs(trap)
    kept, listed = planes.copy(), view.list_inputs(planes)
    # An input that is listed twice would be 2; the last fills lists up.
    seen = np.array([np.bincount(row, minlength=view.count + 1) for row in listed])
    seen[:, -1] = 0
    assert seen[:10, :-1].tolist() == [seen_by_loop(trap, each) for each in planes[:10]]
    assert len(np.unique(seen, axis=0)) == len(np.unique(planes, axis=0)) > 200
    np.testing.assert_array_equal(planes, kept)


def test_row_sums_equal_a_product():
    rng = np.random.default_rng(0)
    table, listed = rng.normal(size=(50, 4)), rng.integers(0, 51, (3, 10, 7))
    listed[:, ::3, 4:] = 50  # lists that are filled up
    counts = np.apply_along_axis(np.bincount, -1, listed, minlength=51)[..., :50]
    found = sum_rows(xp, table, listed)
    np.testing.assert_allclose(found, counts @ table, atol=1e-12)


def place_alone(channel, row, column, agent):
    """Planes of a level with the agent and one thing, (1, height, width, channels)."""
    planes = np.zeros((1, *DISH.size, len(DISH.channels)), dtype=np.uint8)
    planes[0, *agent, DISH.channel["agent"]] = 1
    planes[0, row, column, DISH.channel[channel]] = 1
    return planes


def test_local_view_reaches_three_cells_each_way():
    whole, local = CentredInputs(DISH), CentredInputs(DISH, reach=LocalMLP.reach)
    agent = drawn(DISH, kind="local")
    rows, columns = DISH.size
    thing = next(name for name in DISH.channels if name not in ("agent", "wall"))
    seen = 0
    for place in [(1, 1), (4, 2), (rows - 2, columns - 2)]:
        empty = place_alone("agent", *place, agent=place)
        for row in range(1, rows - 1):
            for column in range(1, columns - 1):
                planes = place_alone(thing, row, column, place)
                near = max(abs(row - place[0]), abs(column - place[1])) <= LocalMLP.reach
                expected = whole.list_inputs(planes) if near else whole.list_inputs(empty)
                given, wanted = (set(each[0]) - {local.count} for each in
                                 (local.list_inputs(planes), expected))  # fmt: skip
                assert given == wanted
                if (row, column) != place:
                    assert (agent.act(planes) != agent.act(empty)).any() == near
                seen += near
    assert seen == 16 + 7 * 5 + 16
