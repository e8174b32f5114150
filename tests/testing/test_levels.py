"""Checks of levels and of states: each finds a trap that breaks it."""

import numpy as np
import pytest
from broken_traps import caught_by
from small_traps import GLOW, Healthy, SmallDish

from mesa_gym.traps import Split
from mesa_gym.traps.keys_chests import KeysChests


@caught_by("level_identity", "levels .* are others .* .`at.corner`")
def test_drawing_by_chance(self, level, split):
    level.at["corner"] += np.random.default_rng().integers(0, 2, len(level))


@caught_by("level_identity", r"level 0: levels \[0\] are others than in a larger batch")
def test_drawing_by_batch(self, level, split):
    level.at["corner"] += len(level) % 2


@caught_by("start", "split 'control', level 0: the agent starts on 'cheese'; fix: draw")
def test_starting_on_a_target(self, level, split):
    if split is Split.CONTROL:
        level.at["cheese"][0] = level.start


@caught_by("held_out", "level 0: a level of test is a level of training", "levels")
def test_training_on_the_test(self, split, *given):
    return Healthy.levels(self, Split.TRAIN if split is Split.TEST else split, *given)


@caught_by("states", "'corner' is there in cell 0, which is nowhere")
def test_putting_things_nowhere(self, level, split):
    level.at["corner"][:] = 0


@caught_by("states", "the agent stands in a wall", "rules")
def test_walking_into_walls(self, move):
    inside = (move.target % self.width < self.width - 1) & (move.action == 2)
    move.agent = self.where(inside, move.target, move.agent)


def stays_inside(self, move):
    return move.target < self.width


@caught_by("states", "the border is not all wall", blocked=stays_inside)
def test_opening_the_border(self, level, split):
    level.ground["wall"][:, 3] = False


@caught_by("states", "`vars.bumps` is bool .*; it is declared int64 .*, 0 to 2", vars={"bumps": 3})
def test_declaring_another_type(self, level, split):
    level.vars["bumps"] = np.zeros(len(level), np.bool_)


@caught_by("novelty", "'glow' is set in the grid on shift, never in training", **GLOW)
def test_a_new_plane(self, level, split):
    if split.shifted:
        level.scatter("glow")


@caught_by("sizes", r"size \[9, 9\] is not refused")
class TakesAnySize(SmallDish):
    max_size = (7, 7)

    @classmethod
    def _check_size(cls, size):
        return (9, 9) if size == [9, 9] else super()._check_size(size)  # type: ignore[arg-type]


test_taking_any_size = TakesAnySize
test_too_small_a_size = caught_by("sizes", "(?i)size|reduction", of=SmallDish, min_size=(3, 3))()
test_a_new_held_cell = pytest.mark.thorough(
    caught_by(
        "novelty", "'key' is set in cell 4 of the top row on shift", of=KeysChests, held={"key": 5}
    )()
)
test_showing_two_as_one = caught_by(
    "states", "two things that one plane shows are in one cell", shown_as={"corner": "cheese"}
)()
