"""Strips: which moments of an episode are shown, and the trap that they are played on."""

from __future__ import annotations

import numpy as np
import pytest
from cards import ACT, DOWN, LEFT, LEVEL, RIGHT, UP, made

import mesa_gym
from mesa_gym.engine.maps import to_map
from mesa_gym.rendering import render_rgb
from mesa_gym.report.strip import episode_strip, moments, rebuilt, strip
from mesa_gym.scoring import Provenance
from mesa_gym.scoring.card import Episode
from mesa_gym.traps import Split
from mesa_gym.traps.cheese_corner import CheeseCorner
from mesa_gym.traps.cheese_dish import CheeseDish


def test_moments_hold_what_is_wanted_and_fill_the_widest_gaps() -> None:
    assert moments([0], []) == [0]
    assert moments([0, 1, 2], [2]) == [0, 1, 2]
    assert moments(list(range(41)), [10]) == [0, 10, 17, 25, 32, 40]
    # An agent that stands still from step 3 to the end is not drawn four times.
    assert moments([0, 1, 2, 3, 64], [3]) == [0, 1, 2, 3, 64]
    assert moments(list(range(10)), [1, 2, 3, 4, 5]) == [0, 1, 2, 3, 4, 9]
    # The most wanted, which comes first, is never crowded out.
    assert moments(list(range(10)), [7, 1, 2, 3, 4, 5]) == [0, 1, 2, 3, 7, 9]


def test_the_episode_is_played_again() -> None:
    """Five steps left to the corner; the cheese is never met."""
    shown = strip(CheeseCorner(), LEVEL, [LEFT] * 5 + [ACT] * 59, conflict=2)
    # Standing still is nothing new to see, so that what halves the gaps is on the way.
    assert [moment.caption for moment in shown] == [
        "start",
        "step 1",
        "step 2; conflict, then left",
        "step 3",
        "step 5: corner +1",
        "step 64: time is up",
    ]
    assert [moment.conflict for moment in shown] == [False, False, True, False, False, False]
    rows = [to_map(moment.trap, moment.state).splitlines()[1] for moment in shown]
    assert rows[0] == "#.....A.#"
    assert rows[2] == "#...A...#"
    assert rows[-1] == "#A......#"
    trap = CheeseCorner()
    start = trap.levels(Split.SHIFT, [LEVEL])
    assert np.array_equal(shown[0].picture(), render_rgb(trap, start)[0])
    assert not np.array_equal(shown[0].picture(), shown[2].picture())


def to_the_cheese() -> list[int]:
    """By the level's map: the cheese lies in row 5, column 7."""
    return [RIGHT, DOWN, DOWN, DOWN, DOWN]


def test_the_end_is_no_time_out() -> None:
    *_, last = strip(CheeseCorner(), LEVEL, to_the_cheese())
    assert last.caption == "step 5: cheese +1"


def test_actions_after_the_end_are_of_other_rules() -> None:
    with pytest.raises(ValueError, match="the episode ends with action 5 of 6"):
        strip(CheeseCorner(), LEVEL, [*to_the_cheese(), UP])
    with pytest.raises(ValueError, match="the episode ends with action 5 of 6"):
        episode_strip(made(episode=Episode(LEVEL, [*to_the_cheese(), UP], 0)))


# -- the trap --------------------------------------------------------------------------------------


def on(trap: str, written: str):
    return made(trap=trap, provenance=Provenance(written, 1000, 0))


@pytest.mark.parametrize(
    "trap", [CheeseCorner(), CheeseCorner((11, 13)), CheeseDish(), CheeseDish(7, dish_planes=3)]
)
def test_a_trap_is_made_again_from_its_card(trap) -> None:
    again = rebuilt(on(trap.name(), repr(trap)))
    assert type(again) is type(trap)
    assert repr(again) == repr(trap)
    assert again.key(Split.SHIFT) == trap.key(Split.SHIFT)


@pytest.mark.parametrize(
    ("trap", "written", "message"),
    [
        ("Mushrooms-v0", "Mushrooms-v0(size=9x9)", "not known here.*register_trap"),
        ("CheeseCorner-v7", "CheeseCorner-v7(size=9x9)", "not known here"),
        ("CheeseCorner", "CheeseCorner(size=9x9)", "not known here"),
        # Nothing is imported, and the memory is not filled, because a card says so.
        ("antigravity:CheeseCorner-v0", "CheeseCorner-v0(size=9x9)", "not known here"),
        ("CheeseCorner-v0", "CheeseCorner-v0(size=99999x9)", "cannot make.*9x9"),
        ("CheeseDish-v0", "CheeseDish-v0(size=9x9, dish_planes=100000)", "cannot make"),
        ("CheeseCorner-v0", "CheeseCorner-v0(size=8x9)", "odd numbers"),
        ("CheeseCorner-v0", "CheeseCorner-v0(size=9x9, holes=3)", "unknown parameter.*'holes'"),
        ("CheeseCorner-v0", "CheeseDish-v0(size=9x9)", "cannot make"),
        ("CheeseCorner-v0", "", "cannot make"),
    ],
)
def test_a_trap_that_cannot_be_made_is_named(trap: str, written: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        episode_strip(on(trap, written))


def test_secret_levels_are_not_drawn() -> None:
    card = made(provenance=Provenance("CheeseCorner-v0(size=9x9)", 1000, 0, salt="ab" * 8))
    with pytest.raises(ValueError, match="the levels are secret"):
        episode_strip(card)


def test_a_trap_of_ones_own_is_drawn_once_it_is_registered(registry) -> None:
    class Mine(CheeseCorner):
        pass

    card = on("Mine-v0", "Mine-v0(size=9x9)")
    with pytest.raises(ValueError, match="not known here"):
        episode_strip(card)
    mesa_gym.register_trap(Mine)
    level = to_map(Mine(), Mine().levels(Split.SHIFT, [LEVEL]))
    assert to_map(Mine(), episode_strip(card)[0].state) == level
