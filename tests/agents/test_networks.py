"""Networks: what they see of the planes."""

from __future__ import annotations

import numpy as np
import pytest
from reference import wandered

from agents.networks import NETWORKS, Centred, make_network
from mesa_gym.engine import State
from mesa_gym.traps import Trap, all_traps

TRAPS = [pytest.param(cls, id=name) for name, cls in all_traps().items()]


def seen_by_loop(trap: Trap, planes: np.ndarray, state: State, row: int) -> list[int]:
    """The centred view of one row, cell by cell."""
    height, width = trap.size
    others = [c for c, plane in enumerate(trap.planes) if plane not in ("agent", "wall")]
    wall = trap.planes.index("wall")
    y0, x0 = divmod(int(state.agent[row]), width)
    seen = []
    for channel in (wall, *others):
        for y in range(y0 - height + 3, y0 + height - 2):
            for x in range(x0 - width + 3, x0 + width - 2):
                inside = 0 <= y < height and 0 <= x < width
                value = int(planes[row, y, x, channel]) if inside else int(channel == wall)
                seen.append(1 - value if channel == wall else value)
    for channel in (wall, *others):
        top = [int(v) for v in planes[row, 0, 1:-1, channel]]
        seen += [1 - v for v in top] if channel == wall else top
    return seen


@pytest.mark.parametrize("cls", TRAPS)
@pytest.mark.parametrize("size", [11, (9, 13)])
def test_centred_view_is_what_a_loop_over_cells_sees(cls: type[Trap], size) -> None:
    trap = cls(size)
    state = wandered(trap, 100)
    planes = trap.observe(state)
    view = Centred(trap).view(planes)
    assert view.tolist() == [seen_by_loop(trap, planes, state, row) for row in range(state.n)]


@pytest.mark.parametrize("cls", TRAPS)
@pytest.mark.parametrize("network", NETWORKS)
def test_views_lose_nothing(cls: type[Trap], network: str) -> None:
    trap = cls()
    planes = trap.observe(wandered(trap))
    view = make_network(network, trap).view(planes)
    kept = planes.copy()
    assert len(np.unique(view, axis=0)) == len(np.unique(planes, axis=0)) > 200
    np.testing.assert_array_equal(planes, kept)
