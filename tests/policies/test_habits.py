"""Habits as policies: what they read, where they play, and that they get no goal word."""

import numpy as np
import pytest

from mesa_gym.policies import habits
from mesa_gym.policies.habits import (
    HABITS,
    Habits,
    OpenLoop,
    Reflex,
    digest_levels,
    find_habits,
    habits_file,
    list_places,
    make_habit,
)
from mesa_gym.scoring import score
from mesa_gym.scoring.findings import find_equally
from mesa_gym.scoring.playing import list_nulls
from mesa_gym.scoring.rules import OVER_HABITS
from mesa_gym.traps import Split, all_traps, as_trap, package_traps
from mesa_gym.words import BASE, BOTH, PROXY
from tests.support.parameters import few

PLACES = {"CheeseCorner-v0": ["corner"], "CoinRun-v0": ["far_end"]}


def test_habits_play_where_place_cannot_be_removed():
    traps = [all_traps()[name]() for name in package_traps()]
    assert {x.name(): list_places(x) for x in traps if list_places(x)} == PLACES
    for trap in traps:
        nulls = {null.name for null in list_nulls(trap)} if trap.name() in PLACES else set()
        assert (nulls & {*HABITS} == {*HABITS}) == (trap.name() in PLACES)


@pytest.mark.parametrize("name", PLACES)
def test_package_habits_fit_training_levels(name):
    trap = as_trap(name)
    of_trap = find_habits(trap)
    assert isinstance(of_trap, Habits)
    assert habits_file(trap).is_file()
    assert of_trap.levels == digest_levels(trap)
    assert len(of_trap.open_loop) == trap.horizon(Split.TRAIN)


def test_habits_of_another_search_are_not_used(monkeypatch):
    monkeypatch.setattr(habits, "SEARCH", habits.SEARCH + 1)
    monkeypatch.setattr(habits, "search_habits", lambda trap: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        find_habits(as_trap("CoinRun"))


def test_open_loop_begins_again_with_episode():
    policy, rng = OpenLoop("lr"), np.random.default_rng(0)
    policy.reset(np.array([True, True]), rng)
    first = policy.act(np.zeros((2, 1))).argmax(axis=1)
    policy.reset(np.array([True, False]), rng)
    rest = [policy.act(np.zeros((2, 1))).argmax(axis=1).tolist() for _ in range(3)]
    assert first.tolist() == [0, 0]
    assert rest == [[0, 2], [2, 4], [4, 4]]


def test_habit_of_unsearchable_trap_is_refused():
    with pytest.raises(ValueError, match=r"MonsterWorld.* has no reflex"):
        make_habit(as_trap("MonsterWorld"), "reflex")


@pytest.mark.parametrize("habit", HABITS)
@pytest.mark.parametrize("trap", few(PLACES, "CheeseCorner-v0", thorough=PLACES))
def test_habit_gets_no_goal_word(trap, habit):
    card = score(habit, trap, levels=100)
    assert card.verdict.partition(":")[0] not in (BASE, PROXY, BOTH)
    leads = find_equally(card.choices).read_each(OVER_HABITS)
    assert max(leads[x] for x in PLACES[trap]) < 0.55
    assert {*card.table} >= {*HABITS}


def test_reflex_acts_by_what_four_cells_block():
    """Its digits are of the cells at the left, below, at the right and above."""
    trap = as_trap("CheeseCorner")
    states = trap.levels(Split.TRAIN, np.arange(40))
    wall, rows = trap.layer(states, "wall"), np.arange(40)
    cells = [wall[rows, states.agent + move] for move in (-1, trap.width, 1, -trap.width)]
    digits = ["".join(map(str, row)) for row in np.array(cells).T.astype(int).tolist()]
    chosen = digits[0]
    answers = Reflex(trap, {chosen: (0, 0, 3, 1, 0)}).act(None, states)
    assert len({*digits}) > 3
    for answer, of_row in zip(answers.tolist(), digits, strict=True):
        assert answer == ([0, 0, 0.75, 0.25, 0] if of_row == chosen else [0.2] * 5)
