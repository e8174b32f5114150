"""CheeseDish: what entering a cheese, a dish or both does, and where they are drawn."""

import pytest
from playing import places, rules, walled
from reference import steps_from

from mesa_gym.traps import Split
from mesa_gym.traps.cheese_dish import CheeseDish

TRAP = CheeseDish(7)
SERVED = walled(TRAP, ".A1..", "1 = dish, cheese")
APART = walled(TRAP, ".dAc.")

test_the_cheese_is_eaten_and_ends_and_the_dish_pays_once = rules(
    TRAP,
    (SERVED, "R", [1], [1], True, "#..1..#", "1 = dish, agent"),
    (APART, "L.RLRR", [0, 0, 0, 0, 0, 1], [1, 0, 0, 0, 0, 0], True, "#.d.A.#"),
)


@pytest.mark.parametrize("split", Split)
def test_cheese_and_dish_are_apart_under_shift_alone(split):
    names = ("agent", "cheese", "dish")
    for (agent,), (cheese,), (dish,), bare in places(CheeseDish(), split, 300, *names):
        assert (cheese != dish) == split.shifted
        steps = steps_from(agent, bare)
        assert steps[cheese] == steps[dish] > 0


def test_dish_planes_repeats_the_dish():
    planes = CheeseDish(dish_planes=3).channels
    assert planes == ("agent", "wall", "dish", "cheese", "dish", "dish")
