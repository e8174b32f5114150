"""The viewer's session: one clock for all panes, and the levels."""

from __future__ import annotations

import pytest
from edited import same
from watched import ACT, EATS, HAND, SHIFT, STAY, TRAIN, session, trace

from mesa_gym.errors import PolicyError
from mesa_gym.traps import LEVELS
from mesa_gym.traps.cheese_corner import CheeseCorner
from mesa_gym.traps.keys_chests import KeysChests
from mesa_gym.viewer.actors import Human, PolicyPlayer
from mesa_gym.viewer.session import RATE, SPEEDS, Session
from mesa_gym.viewer.timeline import Seat

# -- time ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("speed", SPEEDS)
def test_the_clock_runs_at_its_speed_and_stops_at_the_end(speed: float) -> None:
    watched = session(STAY)
    watched.speed = speed
    watched.update(1.0)
    assert watched.cursor == 0  # it does not run yet
    watched.play()
    frames = 0
    while watched.playing:
        watched.update(1 / 60)
        frames += 1
        assert watched.cursor == min(int(watched.clock), 64)
    assert (watched.cursor, watched.at_end) == (64, True)
    assert frames == pytest.approx(64 / (RATE * speed) * 60, abs=1.01)


def test_speed_changes_by_powers_of_two_within_bounds() -> None:
    watched = session(STAY)
    watched.faster()
    assert watched.speed == 2
    watched.faster(-2)
    assert watched.speed == 0.5
    watched.faster(-9)
    assert watched.speed == 0.25
    watched.faster(99)
    assert watched.speed == 64


def test_pausing_stops_the_clock_where_it_is() -> None:
    watched = session(STAY)
    watched.play()
    watched.update(0.6)
    watched.play()
    at = watched.clock
    watched.update(5)
    assert (watched.playing, watched.clock) == (False, at)
    assert at == pytest.approx(2.4)
    watched.play(False)
    assert not watched.playing
    watched.play(True)
    watched.play(True)
    assert watched.playing


def test_playing_from_the_end_starts_anew() -> None:
    watched = session(STAY, EATS)
    watched.seek(1000)
    assert watched.cursor == 64
    watched.play()
    assert (watched.playing, watched.clock) == (True, 0)
    watched.seek(30)
    watched.play()
    watched.play()
    assert watched.cursor == 30  # only from the end


def test_playing_where_somebody_is_waited_for_stays_there() -> None:
    watched = session(HAND)
    watched.act(ACT)
    watched.play()
    assert watched.clock == 1
    watched.update(1)
    assert (watched.playing, watched.clock) == (False, 1)


def test_seeking_finds_the_nearest_step_there_is() -> None:
    watched = session(EATS)
    line = watched.pane.line
    watched.seek(3)
    assert watched.cursor == 3
    assert len(line) >= 3
    watched.seek(-5)
    assert watched.cursor == 0
    watched.seek(999)
    assert watched.cursor == len(line) < 64
    watched.play(True)
    watched.seek(2)
    assert watched.playing  # scrubbing does not stop it


def test_stepping_stops_the_clock_and_goes_whole_steps() -> None:
    watched = session(STAY)
    watched.play()
    watched.update(0.6)
    watched.step()
    assert (watched.playing, watched.clock) == (False, 3)
    watched.step(-1)
    assert watched.clock == 2
    watched.step(-10)
    assert watched.clock == 0
    watched.step(1000)
    watched.step()
    assert watched.clock == 64


def test_going_back_shows_the_very_same_state() -> None:
    watched = session(PolicyPlayer("random"), trap=KeysChests())
    watched.settle()
    states = [watched.pane.state(t) for t in range(65)]
    for t in (64, 0, 31, 63, 1):
        watched.seek(t)
        assert watched.pane.state(watched.cursor) is states[t]


def test_panes_of_different_length_have_one_clock() -> None:
    watched = session(EATS, STAY)
    watched.settle()
    short = len(watched.panes[0].line)
    assert short < watched.length == 64
    watched.seek(short + 5)
    assert [pane.time(watched.cursor) for pane in watched.panes] == [short, short + 5]
    assert watched.panes[0].state(watched.cursor) is watched.panes[0].line.states[-1]
    assert not watched.at_end


def test_episodes_grow_while_nobody_plays() -> None:
    watched = session(PolicyPlayer("random"), STAY, trap=KeysChests())
    assert watched.length == 0
    for _ in range(2000):
        watched.update(0.0)
        if all(pane.line.over for pane in watched.panes):
            break
    assert [len(pane.line) for pane in watched.panes] == [64, 64]
    assert watched.clock == 0


# -- levels ----------------------------------------------------------------------------------------


def test_the_next_level_is_the_next_one_in_all_panes() -> None:
    trap = CheeseCorner()
    watched = Session(trap, [Seat(STAY, TRAIN), Seat(STAY, SHIFT)], 6)
    watched.seek(9)
    watched.next_level()
    assert (watched.level, watched.clock) == (7, 0)
    for pane, split in zip(watched.panes, (TRAIN, SHIFT), strict=True):
        start = trap.levels(split, [7])
        assert same(trap, pane.state(0), start)
        assert pane.title == f"{split}, level 7: stay"
    watched.next_level(-1)
    assert watched.level == 6
    watched.next_level(10)
    assert watched.level == 16


def test_the_clock_runs_on_in_the_next_level() -> None:
    watched = session(STAY)
    watched.play()
    watched.next_level()
    assert watched.playing


@pytest.mark.parametrize(("level", "step"), [(0, -1), (LEVELS - 1, 1), (LEVELS - 1, 10)])
def test_beyond_the_first_and_the_last_level_there_is_none(level: int, step: int) -> None:
    watched = session(HAND, level=level)
    watched.act(ACT)
    panes = watched.panes
    watched.next_level(step)
    assert watched.message == "there is no further level"
    assert (watched.level, watched.clock) == (level, 1)
    assert watched.panes is panes  # what was played is still there


@pytest.mark.parametrize("level", [-1, LEVELS])
def test_a_level_out_of_range_changes_nothing(level: int) -> None:
    with pytest.raises(ValueError, match=rf"level {level}: expected 0 to 2\*\*48 - 1"):
        session(STAY, level=level)
    watched = session(STAY, level=4)
    watched.seek(3)
    panes = watched.panes
    with pytest.raises(ValueError, match="expected 0 to"):
        watched.go_to(level)
    assert (watched.level, watched.clock) == (4, 3)
    assert watched.panes is panes


def test_of_a_trace_only_its_levels_are_shown() -> None:
    watched = session(trace([3, 17, 40, 41, 90]), STAY, level=17)
    seen = []
    for step in (1, 1, 1, 1, -1, -1, -1, -1, -1, 2, 9, -3):
        watched.message = ""
        watched.next_level(step)
        seen.append(watched.level)
        assert watched.message == (
            "" if len(seen) not in (4, 9) else "there is no further level in the trace"
        )
    assert seen == [40, 41, 90, 90, 41, 40, 17, 3, 3, 40, 90, 17]


def test_of_two_traces_the_common_levels_are_shown() -> None:
    watched = session(trace([1, 3, 5, 7]), trace([0, 3, 4, 7, 9], policy="other"), level=3)
    watched.next_level()
    assert watched.level == 7
    watched.next_level()
    assert watched.level == 7
    watched.next_level(-1)
    assert watched.level == 3
    with pytest.raises(ValueError, match="no actions for level 5"):
        watched.go_to(5)
    assert watched.level == 3
    assert [pane.level for pane in watched.panes] == [3, 3]


def test_a_trace_of_another_split_cannot_be_shown() -> None:
    with pytest.raises(ValueError, match="no actions for level 0 of play 'train'"):
        session(trace([0]), split=TRAIN)


def test_others_can_be_watched_on_the_same_level() -> None:
    watched = session(STAY, EATS, level=5)
    watched.focus = 1
    watched.seek(4)
    watched.watch([Seat(HAND, TRAIN)])
    assert (watched.level, watched.focus, watched.clock) == (5, 0, 0)
    assert [pane.title for pane in watched.panes] == ["train, level 5: you"]


class BrokenPlayer(Human):
    def actor(self, trap, split, start):
        raise PolicyError("it sees nothing")


@pytest.mark.parametrize(
    ("player", "error"), [(trace([0]), ValueError), (BrokenPlayer(), PolicyError)]
)
def test_who_cannot_be_watched_changes_nothing(player, error: type) -> None:
    watched = session(STAY, EATS, level=5)
    watched.focus = 1
    watched.seek(4)
    panes, seats = watched.panes, watched.seats
    with pytest.raises(error):
        watched.watch([Seat(player, SHIFT)])
    assert (watched.panes, watched.seats, watched.focus, watched.clock) == (panes, seats, 1, 4)
    watched.next_level()
    assert [pane.title for pane in watched.panes] == [
        "shift, level 6: stay",
        "shift, level 6: oracle:base",
    ]


def test_a_salt_is_for_all_levels() -> None:
    trap = CheeseCorner()
    watched = Session(trap, [Seat(STAY, SHIFT)], 2, salt="pepper")
    for level in (2, 3):
        start = trap.levels(SHIFT, [level], "pepper")
        assert same(trap, watched.pane.state(0), start)
        watched.next_level()
