"""What makes another future in the viewer: steps by hand, other states, and taking them back."""

from __future__ import annotations

import numpy as np
import pytest
from edited import same
from watched import ACT, EATS, HAND, SHIFT, STAY, open_direction, session

from mesa_gym.scoring import record
from mesa_gym.traps.cheese_corner import CheeseCorner
from mesa_gym.traps.keys_chests import KeysChests
from mesa_gym.viewer.pane import MOST_UNDONE, Pane, Seat
from mesa_gym.viewer.players import ByPolicy, ByTrace
from mesa_gym.viewer.session import Session


def test_a_person_plays() -> None:
    trap = CheeseCorner()
    watched = session(HAND)
    way = ByPolicy("oracle:base").actor(trap, SHIFT, watched.pane.line.states[0])
    line = watched.pane.line.branch(0, way)
    line.grow()
    for t, action in enumerate(line.actions().tolist()):
        assert watched.cursor == t
        watched.act(action)
    assert watched.pane.line.terminated
    assert watched.pane.line.earned("cheese", 64) == pytest.approx(0.99 ** (len(line) - 1))
    watched.act(ACT)
    assert watched.message == "the episode is over: go back in time to act, or to another level"
    assert watched.cursor == len(line)


def test_a_step_by_hand_makes_another_future_which_can_be_taken_back() -> None:
    watched = session(ByPolicy("random"), trap=KeysChests())
    watched.settle()
    old = watched.pane.line
    watched.seek(20)
    watched.play()
    action = open_direction(watched.pane, 20)
    watched.act(action)
    line = watched.pane.line
    assert (watched.cursor, watched.playing, len(line)) == (21, False, 21)
    assert line.actions().tolist() == [*old.actions(20), action]
    assert all(a is b for a, b in zip(line.states, old.states[:21], strict=False))
    watched.settle()
    assert len(line) == 64  # the policy goes on from there
    watched.seek(50)
    watched.undo()
    assert watched.pane.line is old
    assert watched.cursor == 20
    watched.undo()
    assert watched.message == "there is nothing to undo"
    assert watched.cursor == 20


def test_a_person_need_not_undo_every_step() -> None:
    watched = session(HAND)
    for _ in range(5):
        watched.act(ACT)
    first = watched.pane.line
    watched.step(-3)
    watched.act(open_direction(watched.pane, 2))
    watched.act(ACT)
    assert len(watched.pane.line) == 4
    watched.undo()
    assert watched.pane.line is first
    assert watched.cursor == 2
    watched.undo()
    assert watched.message == "there is nothing to undo"


def test_who_acts_beside_a_longer_episode_is_shown_the_step() -> None:
    watched = session(STAY, HAND)
    watched.seek(10)
    watched.focus = 1
    watched.act(ACT)
    assert (len(watched.pane.line), watched.cursor) == (1, 1)
    watched.act(ACT)
    assert (len(watched.pane.line), watched.cursor) == (2, 2)


def test_undoing_shows_a_step_that_there_is() -> None:
    watched = session(EATS, STAY)
    watched.settle()
    watched.seek(40)
    watched.replace(watched.panes[0].line.states[0])  # remembered as of step 40
    watched.focus = 1
    watched.seek(20)
    watched.panes[1].replace(20, watched.panes[0].line.states[0])
    watched.panes[1].line = watched.panes[1].line.branch(0, HAND.actor(None, None, None))
    watched.focus = 0
    watched.play(True)
    watched.undo()
    assert watched.cursor == watched.length < 40
    assert not watched.playing


def test_another_state_is_a_beginning_of_its_own() -> None:
    trap = KeysChests()
    watched = session(ByPolicy("random"), STAY, trap=trap)
    watched.settle()
    old = watched.pane.line
    state = old.states[10]._replace(agent=old.states[9].agent)
    watched.seek(10)
    watched.play(True)
    watched.replace(state)
    pane = watched.pane
    assert (watched.clock, watched.playing, pane.edited) == (0, False, True)
    assert pane.title == "random on shift, level 0, edited"
    assert not watched.panes[1].edited
    assert same(trap, pane.state(0), state)
    watched.settle()
    assert len(pane.line) == 54  # the time that was left
    watched.undo()
    assert (pane.line, pane.edited, watched.cursor) == (old, False, 10)


def test_a_session_can_begin_with_another_state() -> None:
    trap = KeysChests()
    state = trap.step(
        trap.levels(SHIFT, [3]), np.array([open_direction(Pane(trap, Seat(HAND, SHIFT), 3), 0)])
    )[0]
    watched = Session(trap, [Seat(STAY, SHIFT), Seat(HAND, SHIFT)], 3, start=state)
    for pane in watched.panes:
        assert pane.edited
        assert pane.line.limit == 63
        assert same(trap, pane.state(0), state)
    watched.next_level()
    assert not watched.pane.edited


def test_only_so_many_changes_are_kept() -> None:
    watched = session(HAND)
    start = watched.pane.line.states[0]
    for _ in range(MOST_UNDONE + 20):
        watched.replace(start)
    undone = 0
    watched.message = ""
    while not watched.message:
        watched.undo()
        undone += 1
    assert undone == MOST_UNDONE + 1


def test_a_trace_goes_on_at_its_own_time_after_a_change() -> None:
    trap = KeysChests()
    recorded = record("random", trap, levels=1)
    watched = session(ByTrace(recorded), trap=trap)
    watched.settle()
    old = watched.pane.line.actions().tolist()
    watched.seek(10)
    watched.replace(watched.pane.state(10))
    watched.settle()
    assert watched.pane.line.actions().tolist() == old[10:]
