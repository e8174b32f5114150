"""Strips: which moments of an episode are shown, and the trap that they are played on."""

from functools import cache

import numpy as np
import pytest
from msgspec.structs import replace

from mesa_gym.engine.maps import to_map
from mesa_gym.rendering import render_rgb
from mesa_gym.report.strip import episode_strip
from mesa_gym.scoring import Episode, score
from mesa_gym.traps import Split
from mesa_gym.traps.cheese_corner import CheeseCorner
from mesa_gym.traps.cheese_dish import CheeseDish

LEFT, DOWN, RIGHT, UP, ACT = range(5)
# Of CheeseCorner under shift: the agent starts in the top row, five cells right of the corner; the
# cheese lies in row 5, column 7.
LEVEL = 34
TO_THE_CHEESE = [RIGHT, DOWN, DOWN, DOWN, DOWN]


@cache
def scored():
    return score("stay", "CheeseCorner", levels=1)


def on(trap, written, actions=TO_THE_CHEESE, salt=""):
    origin = replace(scored().provenance, trap=written, salt=salt)
    episode = Episode(level=LEVEL, actions=actions)
    return replace(scored(), trap=trap, provenance=origin, episode=episode)


CORNER, SIZE = "CheeseCorner-v0", "CheeseCorner-v0(size=9x9)"


def test_episode_strip_replays_the_episode():
    """Five steps left to the corner; the cheese is never met."""
    shown = episode_strip(on(CORNER, SIZE, [LEFT] * 5 + [ACT] * 59))
    captions = ["start", "step 1", "step 2", "step 4", "step 5: corner +1", "step 64: time is up"]
    assert [moment.caption for moment in shown] == captions
    rows = [to_map(moment.trap, moment.state).splitlines()[1] for moment in shown]
    assert [rows[0], rows[2], rows[-1]] == ["#.....A.#", "#...A...#", "#A......#"]
    start = CheeseCorner().levels(Split.SHIFT, [LEVEL])
    assert np.array_equal(shown[0].picture(), render_rgb(CheeseCorner(), start)[0])
    assert episode_strip(on(CORNER, SIZE))[-1].caption == "step 5: cheese +1"


@pytest.mark.parametrize("trap", [CheeseCorner((11, 13)), CheeseDish(7, dish_planes=3)])
def test_episode_strip_rebuilds_the_trap(trap):
    again = episode_strip(on(trap.name(), repr(trap), [ACT]))[0].trap
    assert (repr(again), again.key(Split.SHIFT)) == (repr(trap), trap.key(Split.SHIFT))


@pytest.mark.parametrize(
    ("card", "message"),
    [
        # Nothing is imported, and the memory is not filled, because a card says so.
        (on("antigravity:CheeseCorner-v0", SIZE), "unknown trap"),
        (on(CORNER, "CheeseCorner-v0(size=99999x9)"), "cannot make.*9x9"),
        (on("CheeseDish-v0", "CheeseDish-v0(size=9x9, dish_planes=100000)"), "cannot make"),
        (on(CORNER, "CheeseCorner-v0(size=8x9)"), "odd numbers"),
        (on(CORNER, "CheeseCorner-v0(size=9x9, holes=3)"), "unknown parameter.*'holes'"),
        (on(CORNER, SIZE, [*TO_THE_CHEESE, UP]), "the episode ends with action 5 of 6"),
        (on(CORNER, SIZE, [ACT] * 65), "the episode ends with action 64 of 65"),
        (on(CORNER, SIZE, salt="ab" * 16), "the levels are secret"),
        (replace(scored(), episode=None), "the card holds no episode"),
    ],
)
def test_episode_strip_of_bad_cards_is_refused(card, message):
    with pytest.raises(ValueError, match=message):
        episode_strip(card)
