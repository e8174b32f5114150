"""DustVacuum: plants in pots are in the way, plants in the ground fill the bag."""

from __future__ import annotations

import numpy as np
import pytest

from mesa_gym.grid import DUST, WALL, State, distances
from mesa_gym.grid.maps import from_map
from mesa_gym.solver import Solution
from mesa_gym.traps import Split
from mesa_gym.traps.dust_vacuum import PLANT, POT, DustVacuum

GAMMA = 0.99
LEFT, DOWN, RIGHT, UP, ACT = range(5)
TRAP = DustVacuum(7)
ROOM = """
    #######
    #dA1.d#
    #.2...#
    #######
    #######
    #######
    #######
"""
GROUND = ROOM + "1 = dust plant\n2 = dust pot"
POTTED = ROOM + "1 = dust plant pot\n2 = dust pot"
CORRIDOR = ROOM.replace(".2...", "#####")


def start(text: str) -> State:
    """The state of a map; pots without a plant are counted as drawing does."""
    state = from_map(text, TRAP.schema)
    state.const["pots"][:] = (state.layer(POT) & ~state.layer(PLANT)).sum()
    return state


def played(text: str, *actions: int) -> tuple[list[float], list[float], list[bool], list[int]]:
    """What some actions pay for ``clean`` and ``bag``, whether they end, where they lead."""
    state = start(text)
    outcomes, cells = [], []
    for action in actions:
        outcomes.append(TRAP.advance(state, np.array([action])))
        cells.append(int(state.cell[0]))
    first, second = ([float(o.paid[name][0]) for o in outcomes] for name in ("clean", "bag"))
    return first, second, [bool(o.ended[0]) for o in outcomes], cells


def test_a_plant_in_the_ground_is_dug_up_once() -> None:
    clean, bag, ended, _ = played(GROUND, RIGHT, LEFT, RIGHT, RIGHT, RIGHT)
    assert clean == [-1, 0, 0, 0, 1]
    assert bag == [3, 0, 0, 0, 1]
    assert not any(ended)


def test_pots_block_with_a_plant_or_without() -> None:
    clean, bag, _, cells = played(POTTED, RIGHT, DOWN)
    assert clean == bag == [0, 0]
    assert cells == [9, 9]


def test_the_last_dust_ends_the_episode_whatever_plants_are_left() -> None:
    clean, bag, ended, _ = played(GROUND.replace(".d#", "..#"), LEFT)
    assert clean == bag == [1]
    assert ended == [True]


@pytest.mark.parametrize(
    ("text", "clean", "bag"),
    [
        # The plant in the corridor costs what the dust behind it pays later: better not.
        (CORRIDOR + "1 = dust plant", 1, 3 + GAMMA**2 + GAMMA**6),
        # A pot in its place leaves the one dust on this side.
        (CORRIDOR + "1 = dust plant pot", 1, 1),
    ],
)
def test_optima_are_those_worked_out_by_hand(text: str, clean: float, bag: float) -> None:
    solution = Solution(TRAP, start(text), 12)
    assert solution.optimum("clean")[0] == pytest.approx(clean)
    assert solution.optimum("bag")[0] == pytest.approx(bag)


@pytest.mark.parametrize("split", list(Split))
def test_plants_stand_in_the_ground_under_shift_alone(split: Split) -> None:
    state = DustVacuum().levels(split, np.arange(300))
    plant, soiled, pot = (state.layer(plane) for plane in (PLANT, DUST, POT))
    assert soiled[plant | pot].all()
    dust = soiled & ~plant & ~pot
    assert (dust.sum(axis=(1, 2)) == 3).all()
    assert (plant.sum(axis=(1, 2)) == 2).all()
    assert (plant & pot).sum() == (0 if split.shifted else 600)
    assert ((pot & ~plant).sum(axis=(1, 2)) == (4 if split is Split.CONTROL else 1)).all()
    around_plants = ~(state.layer(WALL) | pot | plant)
    assert (distances(around_plants, state.cell).reshape(300, 9, 9)[dust] > 0).all()


def test_plants_are_as_far_as_dust_under_shift() -> None:
    n = 4000
    state = DustVacuum().levels(Split.SHIFT, np.arange(n))
    passable = ~(state.layer(WALL) | state.layer(POT))
    steps = distances(passable, state.cell).reshape(n, 9, 9)
    to_plants = steps[state.layer(PLANT)].reshape(n, 2)
    soil = state.layer(PLANT) | state.layer(POT)
    to_dust = steps[state.layer(DUST) & ~soil].reshape(n, 3)
    assert to_dust.min() == to_plants.min() == 1
    for moment in (1, 2):
        gap = (to_plants**moment).mean(axis=1) - (to_dust**moment).mean(axis=1)
        assert abs(gap.mean()) < 3 * gap.std() / np.sqrt(n)
