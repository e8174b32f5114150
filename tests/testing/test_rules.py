"""Checks of an author's methods and options: each finds a trap that breaks it."""

import numpy as np
import pytest

from mesa_gym.engine import Move
from mesa_gym.testing.watching import Notes, take_watched
from mesa_gym.traps import Share, Split, base
from tests.support.broken_traps import caught_by
from tests.support.small_traps import Healthy


@caught_by("playable", "output array is read-only; rules write by the move's methods", "rules")
def test_playable_check_finds_writing_in_place(self, move):
    move.before.there["corner"] &= ~move.into("corner")


@caught_by("playable", r"`ends` gives bool \(\); expected a Mask, bool \(512,\)", "ends")
def test_playable_check_finds_one_end_for_all(self, move):
    return np.any(move.into("cheese"))


@caught_by("playable", r"`redirect` gives float64 .*; expected actions, int64 \(512,\)", "redirect")
def test_playable_check_finds_actions_of_another_type(self, move):
    return move.action * 1.0


@caught_by(
    "playable",
    r"`move.put` makes `move.there\['cheese'\]` bool \(512,\); expected bool \(1, 512\)",
    "rules",
)
def test_playable_check_finds_things_without_slots(self, move):
    move.put("cheese", there=~move.into("cheese"))


@caught_by("effects", "`move.clear` of 'cheese' never has an effect in [0-9,]+ moves", "rules")
def test_effects_check_finds_a_rule_without_effect(self, move):
    move.clear("cheese", move.off("cheese"))


@caught_by("effects", "-0.5 of 'cheese' is never paid in [0-9,]+ moves")
class PaysInWalls(Healthy):
    @base
    def cheese(self, move):
        """1 for entering the cheese, -0.5 for entering a wall."""
        return {1: move.into("cheese"), -0.5: move.into("wall")}


test_effects_check_finds_an_unpaid_amount = PaysInWalls


@caught_by("options", "a level of shift is another with `far=0.5`.*none of 20 keeps its walls")
class DrawsElsewhere(Healthy):
    options = {**Healthy.options, "far": Share(0.0)}

    def draw(self, level, split):
        level.bits(f"far {self.parameters['far']}", 1)
        if self.parameters["far"]:
            level.number = level.number + 1
        super().draw(level, split)


test_options_check_finds_layouts_drawn_elsewhere = DrawsElsewhere


@caught_by("attainable", "'cheese' can pay no more than acting at random or staying", "blocked")
def test_attainable_check_finds_a_closed_target(self, move):
    return move.on("cheese")


@pytest.mark.parametrize(
    ("write", "effect"),
    [
        (lambda move: move.clear("cheese"), True),
        (lambda move: move.clear("corner", move.on("wall")), False),
        (lambda move: move.put("cheese", there=move.there["cheese"]), False),
        (lambda move: move.carry(move.before.agent, move.moved), True),
        (lambda move: move.carry(move.agent, move.moved), False),
    ],
)
def test_take_watched_notes_what_changed(write, effect):
    """A step beside the cheese onto it is among the moves from all cells of 64 levels."""
    trap = type("Writes", (Healthy,), {"rules": lambda self, move: write(move)})()
    starts, notes = trap.levels(Split.TRAIN, np.arange(64)), Notes()
    beside = starts._replace(agent=starts.at["cheese"][0] - trap.offsets[2])
    step = take_watched(trap, beside, np.full(64, 2), None, notes)
    plain = trap.complete(Move(trap, beside, np.full(64, 2)))
    assert np.array_equal(step.state.agent, plain.state.agent)
    assert next(iter(notes.effects.values())) == effect
    assert notes.moves == 64
