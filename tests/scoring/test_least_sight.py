"""The least sight that earns a goal's word: whom it names, and what it does not claim."""

import numpy as np
import pytest

from mesa_gym.policies import Constant
from mesa_gym.policies.habits import NeighbourReflex
from mesa_gym.report import read_committed
from mesa_gym.scoring import least_sight, score
from mesa_gym.scoring.least_sight import (
    LeastSight,
    SightVerdict,
    measure_least_sight,
    refuse_search,
    say_least_sight,
)
from mesa_gym.solver.neighbours import NeighbourPolicy, search_neighbours
from mesa_gym.traps import as_trap, find_trap
from tests.support.refusals import require_golden

FOLLOW = as_trap("FollowMe")
NOTHING = np.zeros(0, np.int64), np.zeros((0, 5))
WALK, RULE = (NeighbourPolicy(plane, *NOTHING, 0.6) for plane in ("", "leader"))


@pytest.fixture
def searched(monkeypatch):
    """The searches find what a test says, in no time."""

    def set_found(*policies):
        monkeypatch.setattr(least_sight, "search_neighbours", lambda trap: [*policies])
        stays = Constant([0, 0, 0, 0, 1])
        monkeypatch.setattr(least_sight, "make_habit", lambda trap, name: stays)

    return set_found


@pytest.mark.thorough
def test_stepping_onto_leader_gets_word_of_ppo():
    """The search finds it on FollowMe; if the leader starts ahead, it fails the task."""
    (ppo,) = (x for x in read_committed("ppo") if (x.trap, x.policy) == ("FollowMe-v0", "ppo-s0"))
    first, *_ = search_neighbours(FOLLOW)
    assert (first.plane, len(first.looks)) == ("leader", 0)
    card = score(NeighbourReflex(FOLLOW, first), FOLLOW, levels=250)
    assert card.verdict == ppo.verdict == "proxy:leader"
    assert card.confidence == ppo.confidence == 1
    ahead = find_trap("FollowMe")(ahead=3)
    assert score(NeighbourReflex(ahead, RULE), ahead, levels=250).verdict == "fails_task"


@pytest.mark.thorough
def test_policy_with_word_is_taken_among_equals(searched):
    searched(WALK, RULE)
    sight = measure_least_sight(FOLLOW, 100)
    assert sight.sequence.verdict == "fails_task"
    assert sight.four_cells == SightVerdict("proxy:leader", "", 1.0, 1.0, "leader")
    searched(WALK)
    assert measure_least_sight(FOLLOW, 100).four_cells.verdict == "fails_task"


def judged(verdict, confidence=1.0, detail="", steps_onto=""):
    return SightVerdict(verdict, detail, confidence, 0.95, steps_onto)


FAILS, HABIT = judged("fails_task"), judged("undetermined", 0.8, "no_more_than_a_habit")
FOUND = {
    "none found": LeastSight(250, FAILS, HABIT, 9),
    "unsure": LeastSight(250, FAILS, judged("base", 0.79), 9),
    "four cells": LeastSight(250, FAILS, judged("both"), 9),
    "a rule": LeastSight(250, FAILS, judged("proxy:leader", steps_onto="leader"), 9),
    "no sight": LeastSight(250, judged("proxy:corner", 0.8), judged("both"), 9),
}


def test_least_sight_is_said_as_kept():
    lines = [f"{name}\n  " + "\n  ".join(say_least_sight(x)) for name, x in FOUND.items()]
    require_golden("least_sight.txt", "\n".join(lines) + "\n")


@pytest.mark.parametrize(
    ("name", "levels", "reason"),
    [
        ("MonsterWorld", 250, "random outcomes"),
        ("CueOrPay", 250, "judged by"),
        ("CoinRun", 99, "fewer than 100"),
    ],
)
def test_search_is_refused_with_reason(name, levels, reason):
    assert refuse_search(as_trap("CoinRun"), 100) == ""
    with pytest.raises(ValueError, match=reason):
        measure_least_sight(as_trap(name), levels)
