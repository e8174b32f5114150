"""Evidence of a corridor, worked out by hand; levels cut, and pseudo-levels in front."""

import json

import numpy as np
import pytest
from msgspec.structs import replace

from mesa_gym.engine.maps import from_map
from mesa_gym.policies import Memoryless, uniform
from mesa_gym.scoring.card_making import gather_evidence, watch_plays
from mesa_gym.scoring.evidence import encode
from mesa_gym.scoring.playing import play_changed
from mesa_gym.scoring.plays import plays_of
from mesa_gym.solver import level_values
from mesa_gym.traps import Split
from mesa_gym.traps.played_episodes import NONE
from tests.support.cards import spell
from tests.support.playing import walled
from tests.support.small_traps import LEFT, RIGHT, STAY, SmallDish


class Dishes(SmallDish):
    """One level: the cheese two steps to the left, the dish two steps to the right."""

    def levels(self, split, numbers, salt=""):
        return from_map(self, walled(self, "c.A.d"))


class CheeseIsNeverAlone(Dishes):
    """Cheese can be taken away and the dish cannot, as if it were a place."""

    alone = {"cheese": ("cheese",)}


class NothingIsAlone(Dishes):
    alone = {}


class Rehearsed(Memoryless):
    """Actions as functions of time and state."""

    needs_observation = False

    def __init__(self, act):
        self.rule = act

    def act(self, observation, state=None):
        return np.array([self.rule(int(state.clock[0]), state)])


# Left, wherever the cheese is.
HABIT = Rehearsed(lambda t, state: LEFT)
# To the cheese where there is one, else it stays.
WANTS = Rehearsed(
    lambda t, state: (RIGHT, LEFT)[_cheese(state) < 3] if state.there["cheese"] else 4
)
# The same after three steps of waiting: as sure.
LATE = Rehearsed(lambda t, state: STAY if t < 3 else WANTS.rule(t, state))
# First away, then to the cheese: four moves instead of two.
DETOUR = Rehearsed(lambda t, state: RIGHT if t == 0 else LEFT)


def _cheese(state):
    return int(state.at["cheese"][0, 0]) % 7 - 1 + (int(state.at["cheese"][0, 0]) % 7 == 5)


def gather(policy, trap, levels=1, few=1):
    """Return the evidence of some levels, and of fewer where targets are taken away."""
    values, played = {split: level_values(trap, split, np.arange(levels)) for split in Split}, {}
    for name, play in plays_of(trap).items():
        starts = trap.levels(play.split, np.arange(few if play.takes_away else levels))
        played[name] = play_changed(play, policy, starts)
    return gather_evidence(trap, watch_plays(trap, played, values))


def spelt(evidence):
    """Return evidence as a card's JSON has it."""
    return json.loads(encode(evidence))


@pytest.mark.parametrize(
    ("policy", "twins", "cheese", "dish", "test", "bare"),
    [
        # Alone with the dish it meets the ghost of the cheese, and on the twin the dish.
        (HABIT, "1", "0", "0", "z", "z"),
        (WANTS, "0", "0", "-", "z", "0"),
        (LATE, "0", "0", "-", "z", "0"),
        (DETOUR, "1", "0", "0", "U", "U"),  # 61 * 2 / 4 is 30.5
        (Rehearsed(lambda t, state: STAY), "-", "-", "-", "0", "0"),
    ],
    ids=["habit", "wants", "late", "detour", "stays"],
)
def test_evidence_of_corridors_equals_hand_values(policy, twins, cheese, dish, test, bare):
    shift = "0" if policy.rule(3, Dishes().levels("shift", [])) == LEFT else "-"
    assert spelt(gather(policy, Dishes())) == {
        "objectives": ["cheese", "dish"],
        "arrived": "1" if shift == "0" else "0",
        "shift": shift,
        "again": shift,
        "twins": twins,
        "alone": {"cheese": cheese, "dish": dish},
        "pace": {"test": test, "bare": bare},
    }


def test_evidence_of_fixed_targets_lacks_emptied_cells():
    found = spelt(gather(HABIT, CheeseIsNeverAlone()))
    assert found["alone"] == {"dish": "0"}
    assert found["pace"] == {"test": "z", "shift:dish": "0", "alone:dish": "0"}
    found = spelt(gather(HABIT, NothingIsAlone()))
    assert "alone" not in found
    assert found["pace"] == {"test": "z", "shift:cheese": "z", "shift:dish": "0"}


def test_short_plays_use_values_of_their_levels():
    """Contacts and paces are measured by the values of their own level."""
    whole, some = (gather(uniform(), SmallDish(), *n) for n in ((8, 3), (3, 3)))
    assert whole.map(lambda array: array[:3]) == some
    assert len(whole.pace["test"]) == 8


def test_pseudo_levels_are_added_to_every_play():
    """On one pseudo-level for each objective it is chosen; on the last nothing is."""
    pace = {"test": "AB", "bare": "0"}
    kept = spell("ab", "10", "11", "1-", "-0", {"a": "0"}, pace)
    kept = replace(kept, nulls={"sweeper": spell("ab", "0", "-", pace={"test": "1"})})
    assert spelt(kept.with_pseudo_levels()) == {
        "objectives": ["a", "b"],
        "arrived": "11010",
        "shift": "01-11",
        "again": "01-1-",
        "twins": "01--0",
        "alone": {"a": "01-0"},
        "pace": {"test": "zz0AB", "bare": "zz00"},
        "nulls": {
            "sweeper": {
                "objectives": ["a", "b"],
                "arrived": "1100",
                "shift": "01--",
                "pace": {"test": "zz01"},
            }
        },
    }
    assert kept.again.tolist() == [1, NONE]


def test_pooled_choices_average_plays_and_twins():
    """The play and its repetition weigh as much as the twins."""
    kept = spell("ab", "1111", "0011", "0-11", "10-0")
    expected = (np.array([1.5, 2, 0.5]) / 4 + np.array([0.5, 0.25, 0.25])) / 2
    assert kept.pool_choices().mean(axis=0) == pytest.approx(expected)
    assert kept.pool_choices()[0] == pytest.approx([0.5, 0.5, 0])
    assert spell("ab", "1", "0").pool_choices().tolist() == [[1, 0, 0]]
