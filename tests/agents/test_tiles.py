"""Environments that show the tiles of their pictures."""

import pytest

from agents.networks import LEARNERS
from agents.tiles import TileView
from mesa_gym.trained.pixels import Tiles
from mesa_gym.traps import all_traps, find_trap
from tests.support.parameters import few
from tests.support.reference import wandered
from tests.support.still import KEY, StillEnv, as_sets
from tests.support.training import CORNER


@pytest.mark.parametrize(
    "cls", few(all_traps().values(), type(CORNER), thorough=all_traps().values())
)
def test_tile_view_equals_agent_inputs(cls):
    trap = cls()
    view, planes = Tiles(trap), trap.observe(wandered(trap, 40, 12))
    try:
        expected = as_sets(view.list_inputs(planes), view.count)
    except ValueError:
        pytest.skip("its things change their looks: it has no agents on pictures")
    listed, _ = TileView(StillEnv(trap, planes), view).reset(KEY)
    assert as_sets(listed, view.count) == expected


@pytest.mark.parametrize("name", ["KeysChests", "FollowMe", "DustSweep", "ChuteOrFire"])
def test_pixels_of_changing_traps_are_refused(name):
    with pytest.raises(ValueError, match="train with ppo"):
        LEARNERS["pixels"](find_trap(name)())
