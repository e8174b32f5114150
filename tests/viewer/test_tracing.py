"""Traces that the viewer records: replayed, verified and compared with those of scoring."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from edited import same
from recorded import SIZE, watched
from watched import DOWN, LEFT, UP

from mesa_gym.scoring import ENDED, SplitTrace, Trace
from mesa_gym.scoring import record as record_policy
from mesa_gym.traps import Split, Trap
from mesa_gym.traps.cheese_corner import CheeseCorner
from mesa_gym.traps.coin_run import CoinRun
from mesa_gym.traps.monster_world import MonsterWorld
from mesa_gym.viewer.players import ByHand, ByPolicy, ByTrace
from mesa_gym.viewer.recording import record
from mesa_gym.viewer.tracing import episode_trace


@pytest.mark.parametrize(
    ("policy", "trap"),
    [("oracle:corner", CheeseCorner()), ("random", CoinRun()), ("reference:base", MonsterWorld())],
)
def test_a_trace_is_what_scoring_records(policy: str, trap: Trap, tmp_path: Path) -> None:
    screen = watched(ByPolicy(policy, seed=3), trap, level=1, salt="s")
    record(screen, tmp_path / "a.trace", SIZE)
    trace = Trace.load(tmp_path / "a.trace")
    trace.verify(trap, "s")
    whole = record_policy(policy, trap, levels=2, seed=3, salt="s")
    assert np.array_equal(trace.actions_on(Split.SHIFT, [1]), whole.actions_on(Split.SHIFT, [1]))
    assert (trace.policy, trace.seed, trace.salt) == (policy, 3, whole.salt)
    assert list(trace.levels(Split.SHIFT)) == [1]
    again = watched(ByTrace(trace), trace.make_trap(), level=1, salt="s")
    again.settle()
    before, after = screen.session.pane.line, again.session.pane.line
    assert all(same(trap, a, b) for a, b in zip(before.states, after.states, strict=True))
    assert [s.paid for s in before.steps] == [s.paid for s in after.steps]
    # A trace of a trace is the trace.
    assert np.array_equal(
        episode_trace(again.session.pane).actions_on(Split.SHIFT, [1]),
        trace.actions_on(Split.SHIFT, [1]),
    )


def test_what_a_person_has_not_finished_can_be_replayed_and_not_scored() -> None:
    screen = watched(ByHand())
    for action in (LEFT, DOWN, UP):
        screen.session.act(action)
    trace = episode_trace(screen.session.pane)
    assert trace.policy == "you"
    actions = trace.actions_on(Split.SHIFT, [0])[0]
    assert list(actions[:4]) == [LEFT, DOWN, UP, ENDED]
    trap = CheeseCorner((7, 7))
    trace.verify(trap, unfinished=True)
    with pytest.raises(ValueError, match="level 0, step 3: an action is missing"):
        trace.verify(trap)


def test_no_trace_has_a_gap_or_goes_on_after_the_end() -> None:
    trap = CheeseCorner((7, 7))
    whole = record_policy("oracle:base", trap, levels=2)
    done = whole.plays["shift"]
    last = int((done.actions[1] != ENDED).sum()) - 1

    def changed(step: int, action: int) -> Trace:
        actions = done.actions.copy()
        actions[1, step] = action
        plays = {"shift": SplitTrace(done.levels, actions)}
        return Trace(trap.name(), trap.size, {}, "mine", 0, "", plays)

    changed(last, ENDED).verify(trap, unfinished=True)
    with pytest.raises(ValueError, match="level 1, step 1: an action is missing"):
        changed(1, ENDED).verify(trap, unfinished=True)
    with pytest.raises(ValueError, match=f"ended with step {last}"):
        changed(last + 1, UP).verify(trap, unfinished=True)


def test_what_is_no_episode_of_a_level_makes_no_trace(tmp_path: Path) -> None:
    screen = watched()
    session = screen.session
    session.settle()
    session.seek(1)
    session.act((session.pane.line.steps[1].decision.action + 1) % 4)
    with pytest.raises(ValueError, match="some of this episode was done by hand"):
        record(screen, tmp_path / "a.trace", SIZE)
    session.undo()
    episode_trace(session.pane)
    session.replace(session.pane.line.states[1])
    with pytest.raises(ValueError, match="does not begin as one"):
        record(screen, tmp_path / "a.trace", SIZE)
    with pytest.raises(ValueError, match="nothing has been done"):
        record(watched(ByHand()), tmp_path / "a.trace", SIZE)
    assert not list(tmp_path.iterdir())


def test_a_replayed_trace_that_was_changed_by_hand_makes_none() -> None:
    trace = record_policy("oracle:base", CheeseCorner((7, 7)), levels=1)
    session = watched(ByTrace(trace)).session
    session.settle()
    action = session.pane.line.steps[0].decision.action
    session.act(action)
    episode_trace(session.pane)  # the same was done
    session.seek(0)
    session.act((action + 1) % 4)
    with pytest.raises(ValueError, match="done by hand"):
        episode_trace(session.pane)
