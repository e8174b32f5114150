"""Targets: the cells that pay, also those that cannot be entered with empty hands."""

from playing import walled
from reference import cells_of

from mesa_gym.engine.maps import from_map
from mesa_gym.solver import targets
from mesa_gym.traps.keys_chests import KeysChests
from mesa_gym.traps.nearest_fruit import NearestFruit


def test_a_chest_is_a_target_before_there_is_a_key():
    trap = KeysChests()
    found = targets(trap, from_map(trap, walled(trap, "ACk....", ".......", "C......")))
    cells = {x: cells_of(pays.reshape(trap.size)) for x, pays in found.items()}
    assert cells == {"chests": {(1, 2), (3, 1)}, "keys": {(1, 3)}}


def test_what_pays_less_than_half_of_the_most_is_no_target():
    trap = NearestFruit()
    rows = ("1.A...2", "1 = fruit pip1", "2 = fruit pip3 nearest")
    found = targets(trap, from_map(trap, walled(trap, *rows)))
    cells = {x: cells_of(pays.reshape(trap.size)) for x, pays in found.items()}
    assert cells == {"ripest": {(1, 7)}, "nearest": {(1, 7)}}
