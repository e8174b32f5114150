"""Targets: the cells that pay, also those that cannot be entered with empty hands."""

from playing import walled
from reference import cells_of

from mesa_gym.engine.maps import from_map
from mesa_gym.solver import targets
from mesa_gym.traps.keys_chests import KeysChests


def test_a_chest_is_a_target_before_there_is_a_key():
    trap = KeysChests()
    found = targets(trap, from_map(trap, walled(trap, "ACk....", ".......", "C......")))
    cells = {x: cells_of(pays.reshape(trap.size)) for x, pays in found.items()}
    assert cells == {"chests": {(1, 2), (3, 1)}, "keys": {(1, 3)}}
