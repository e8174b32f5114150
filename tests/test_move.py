"""Moves on maps made by hand: what they report, what they write, what they refuse."""

from __future__ import annotations

import numpy as np
import pytest
from reference import assert_same

from mesa_gym.grid import (
    AGENT,
    BLUE,
    CHEST,
    DOOR,
    KEY,
    RED,
    WALL,
    Move,
    Plane,
    Schema,
    State,
    from_map,
    to_map,
)

LEFT, DOWN, RIGHT, UP, ACT = range(5)
SPOT = Plane("spot", "x", (0, 0, 0))
SCHEMA = Schema(
    5,
    7,
    (AGENT, WALL, DOOR, KEY, RED, CHEST, RED, KEY),  # red and key have two channels each
    hidden=(SPOT,),
    once=(RED, SPOT),
    held={KEY: 3, CHEST: 1},
)
MAP = """
    #######
    #..k..#
    #.1A2.#
    #..3..#
    #######
    1 = door red
    2 = key red
    3 = spot
"""
ALL = np.array([True])


def start(text: str = MAP) -> State:
    state = from_map(text, SCHEMA)
    state.mark_once()
    return state


def go(state: State, *actions: int) -> Move:
    """One move of each row, walls blocking."""
    move = Move(state, np.array(actions))
    move.go(move.on(WALL))
    return move


def copies(n: int, text: str = MAP) -> State:
    return start(text).take(np.zeros(n, dtype=np.int64))


def test_actions_lead_left_down_right_up_and_nowhere() -> None:
    state = copies(5)
    move = go(state, LEFT, DOWN, RIGHT, UP, ACT)
    places = [divmod(cell, 7) for cell in state.cell.tolist()]
    assert places == [(2, 2), (3, 3), (2, 4), (1, 3), (2, 3)]
    assert move.moved.tolist() == [True, True, True, True, False]
    assert [divmod(cell, 7) for cell in move.origin.tolist()] == [(2, 3)] * 5
    for row, place in enumerate(places):
        assert np.argwhere(state.layer(AGENT)[row]).tolist() == [list(place)]


def test_into_tells_what_the_entered_cell_held() -> None:
    move = go(copies(5), LEFT, DOWN, RIGHT, UP, ACT)
    assert move.into(DOOR).tolist() == [True, False, False, False, False]
    assert move.into(SPOT).tolist() == [False, True, False, False, False]
    assert move.into(KEY).tolist() == [False, False, True, True, False]
    assert move.into(RED).tolist() == [True, False, True, False, False]


def test_a_blocked_move_is_on_the_target_but_not_into_it() -> None:
    state = copies(2)
    move = Move(state, np.array([LEFT, RIGHT]))
    move.go(move.on(DOOR))
    assert move.on(DOOR).tolist() == [True, False]
    assert move.on(RED).tolist() == [True, True]
    assert move.into(DOOR).tolist() == [False, False]
    assert move.into(RED).tolist() == [False, True]
    assert move.first(RED).tolist() == [False, True]
    assert divmod(int(state.cell[0]), 7) == (2, 3)
    assert to_map(state, 0, hidden=True) == to_map(start(), hidden=True)


def test_act_stays_and_enters_nothing() -> None:
    state = start()
    go(state, UP)
    move = go(state, ACT)
    assert move.on(KEY).tolist() == [True]
    assert move.into(KEY).tolist() == [False]
    assert move.left(KEY).tolist() == [False]
    assert not move.moved.any()


def test_left_tells_what_the_old_cell_held_before_the_rules() -> None:
    state = start()
    assert go(state, UP).left(KEY).tolist() == [False]
    move = go(state, LEFT)
    move.clear(KEY, where=ALL, at=move.origin)
    assert move.left(KEY).tolist() == [True]
    assert move.left(DOOR).tolist() == [False]
    bump = go(state, UP)
    assert bump.left(WALL).tolist() == [False]
    assert bump.left(KEY).tolist() == [False]


def test_rules_and_objectives_see_the_same_move() -> None:
    state = start()
    move = go(state, RIGHT)
    move.take(KEY, where=ALL)
    move.clear(RED, where=ALL)
    assert move.into(KEY).tolist() == [True]
    assert move.into(RED).tolist() == [True]
    assert move.first(RED).tolist() == [True]


def test_take_moves_an_item_into_the_top_row_from_the_left() -> None:
    state = start()
    move = go(state, UP)
    had = move.holds(KEY)
    move.take(KEY, where=move.into(KEY))
    assert had.tolist() == [False]  # what was asked before stays as it was
    assert move.holds(KEY).tolist() == [True]
    assert move.holds(KEY, 2).tolist() == [False]
    assert state.held(KEY).tolist() == [1]
    expected = """
        #1#####
        #..A..#
        #.2.3.#
        #..4..#
        #######
        1 = wall key
        2 = door red
        3 = key red
        4 = spot
    """
    state.hidden[..., 1:] = 0
    assert_same(state, from_map(expected, SCHEMA))


def test_each_kind_is_held_in_cells_of_its_own() -> None:
    state = start()
    move = go(state, ACT)
    move.gain(CHEST, where=ALL)
    for _ in range(3):
        move.gain(KEY, where=ALL)
    assert to_map(state).splitlines()[0] == "#1112##"
    move.spend(KEY, where=ALL)
    assert to_map(state).splitlines()[0] == "#11#2##"
    assert state.held(KEY).tolist() == [2]
    assert move.holds(KEY, 2).tolist() == [True]
    assert move.holds(KEY, 3).tolist() == [False]
    assert move.holds(CHEST).tolist() == [True]
    assert (state.planes[..., 3] == state.planes[..., 7]).all()


def test_holding_more_than_declared_or_less_than_nothing_is_an_error() -> None:
    state = start()
    move = go(state, ACT)
    move.gain(CHEST, where=ALL)
    with pytest.raises(ValueError, match="too many 'chest'; the trap declares at most 1"):
        move.gain(CHEST, where=ALL)
    with pytest.raises(ValueError, match="fewer than 0 'key'"):
        move.spend(KEY, where=ALL)


def test_count_is_of_the_floor_and_not_of_what_is_held() -> None:
    state = start()
    move = go(state, UP)
    before = move.count(KEY)
    assert before.tolist() == [2]
    move.take(KEY, where=ALL)
    assert before.tolist() == [2]
    assert move.count(KEY).tolist() == [1]
    assert not move.none_left(KEY).any()
    move = go(state, DOWN)
    move = go(state, RIGHT)
    move.take(KEY, where=move.into(KEY))
    assert move.none_left(KEY).tolist() == [True]
    assert state.held(KEY).tolist() == [2]


def test_set_and_clear_write_every_copy_and_keep_count() -> None:
    state = start()
    move = go(state, LEFT)
    for _ in range(2):  # writing what is there already changes nothing
        move.set(RED, where=ALL, at=move.origin)
        assert (state.planes[0, 2, 3, [4, 6]] == 1).all()
        assert state.count[0, [4, 6]].tolist() == [3, 3]
    for _ in range(2):
        move.clear(RED, where=ALL)
        assert (state.planes[0, 2, 2, [4, 6]] == 0).all()
        assert state.count[0, [4, 6]].tolist() == [2, 2]
    counted = state.count.copy()
    counted[0, SCHEMA.channels[AGENT][0]] = 1
    state.recount()
    np.testing.assert_array_equal(state.count, counted)


def test_writers_touch_only_the_rows_asked_for() -> None:
    state, before = copies(3), copies(3)
    move = go(state, ACT, UP, ACT)
    move.take(KEY, where=move.into(KEY))
    assert_same(state.take(np.array([0, 2])), before.take(np.array([0, 2])))
    assert state.held(KEY).tolist() == [0, 1, 0]
    before = state.copy()
    nobody = np.zeros(3, dtype=np.bool_)
    for write in (move.set, move.clear, move.take, move.gain, move.spend):
        write(KEY, where=nobody)
    assert_same(state, before)


def test_first_pays_once_for_each_marked_cell() -> None:
    state = start()
    paid = []
    for action in (RIGHT, LEFT, RIGHT, LEFT, LEFT, RIGHT, DOWN, UP, DOWN):
        move = go(state, action)
        paid.append((bool(move.first(RED)[0]), bool(move.first(SPOT)[0])))
        move.clear_marks()
    red, spot = ([i for i, pair in enumerate(paid) if pair[k]] for k in (0, 1))
    assert red == [0, 4]
    assert spot == [6]
    # The planes themselves are still there: only the marks are used up.
    assert state.count[0, SCHEMA.channels[RED][0]] == 2
    assert state.layer(SPOT).sum() == 1


def test_a_map_without_marks_pays_nothing() -> None:
    move = go(from_map(MAP, SCHEMA), RIGHT)
    assert move.into(RED).tolist() == [True]
    assert move.first(RED).tolist() == [False]


def test_bits_depend_on_level_clock_and_site_alone() -> None:
    state = copies(4)
    state.key[:] = [5, 6, 5, 5]
    state.clock[:] = [0, 0, 1, 0]
    here = Move(state, np.array([LEFT, LEFT, LEFT, UP])).bits("wind", 3)
    assert here.shape == (4, 3)
    np.testing.assert_array_equal(here[0], here[3])  # the action does not matter
    assert len(np.unique(here[:3])) == 9
    there = Move(state, np.array([LEFT] * 4)).bits("rain", 3)
    assert not np.isin(there, here).any()
    alone = Move(state.take(np.array([2])), np.array([ACT])).bits("wind", 3)
    np.testing.assert_array_equal(alone[0], here[2])


def test_a_step_of_a_batch_is_that_of_each_row_alone() -> None:
    rng = np.random.default_rng(0)
    whole = copies(8)
    alone = [start() for _ in range(8)]
    for _ in range(30):
        actions = rng.integers(0, 5, 8)
        for state, chosen in [(whole, actions), *zip(alone, actions[:, None], strict=True)]:
            move = go(state, *chosen)
            key = move.into(KEY) & ~move.holds(KEY, 3)
            move.take(KEY, where=key)
            move.set(DOOR, where=move.left(RED), at=move.origin)
            move.clear_marks()
    for row, state in enumerate(alone):
        assert_same(whole.take(np.array([row])), state)


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ({"planes": (AGENT, WALL, WALL)}, "'wall' exactly once"),
        ({"planes": (WALL, KEY)}, "'agent' exactly once"),
        ({"held": {KEY: 6}}, "6 items do not fit the top row's 5 cells"),
        ({"once": (BLUE,)}, "'blue' is in once, held or signs but no plane is it"),
        ({"hidden": (KEY,)}, "either visible or hidden"),
        ({"hidden": (Plane("key", "?", (0, 0, 0)),)}, "share a name or a glyph"),
    ],
)
def test_a_schema_that_cannot_be_is_refused(fault: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Schema(5, 7, **{"planes": (AGENT, WALL, KEY), **fault})
