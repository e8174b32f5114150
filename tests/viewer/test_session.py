"""The viewer's session: one clock for all panes, and the levels."""

from threading import Event, Semaphore

import numpy as np
import pytest

from mesa_gym.engine import STAY as ACT
from mesa_gym.logs import RecordedEpisode
from mesa_gym.traps import LEVELS, Split, find_trap
from mesa_gym.traps.cheese_corner import CheeseCorner
from mesa_gym.viewer.clock import SPEEDS, STEPS_A_SECOND
from mesa_gym.viewer.playback import Session
from mesa_gym.viewer.players import PolicyPlayer, RecordedPlayer
from mesa_gym.viewer.seats import Seat, seats_for
from tests.support.edited import same
from tests.support.viewing import pygame

TRAIN, SHIFT = Split.TRAIN, Split.SHIFT
STAY, EATS = PolicyPlayer("stay"), PolicyPlayer("oracle:base")


def session(*players, split=SHIFT, level=0):
    return Session(CheeseCorner(), [Seat(p, split) for p in players], level)


def recorded(levels):
    """Staying for ever on some levels of the shift of CheeseCorner."""
    trap, shift = CheeseCorner(), SHIFT.value
    given = {"trap": trap.name(), "split": shift, "play": shift, "policy": "stay"}
    actions = [ACT] * trap.horizon(SHIFT)
    return RecordedPlayer([RecordedEpisode(**given, level=n, actions=actions) for n in levels])


# -- time ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("speed", SPEEDS)
def test_clock_runs_at_its_speed_and_stops(speed):
    watched = session(STAY)
    watched.clock.speed = speed
    watched.update(1.0)
    assert watched.clock.cursor == 0  # it does not run yet
    watched.clock.play()
    frames = 0
    while watched.clock.playing:
        watched.update(1 / 60)
        frames += 1
        assert watched.clock.cursor == min(int(watched.clock.time), 64)
    assert watched.clock.cursor == 64
    assert frames == pytest.approx(64 / (STEPS_A_SECOND * speed) * 60, abs=1.01)


def test_clock_waits_for_slow_policy(monkeypatch):
    clock = session(STAY).clock
    monkeypatch.setattr(clock, "grow", lambda to: True)  # it acts, and nothing is there yet
    clock.play()
    clock.run(1000.0)
    assert clock.playing
    assert clock.time == clock.length + 1


def test_clock_played_at_end_restarts():
    watched = session(STAY, EATS)
    watched.clock.seek(1000)
    assert watched.clock.cursor == 64
    watched.clock.play()
    assert (watched.clock.playing, watched.clock.time) == (True, 0)
    watched.clock.seek(30)
    watched.clock.play()
    watched.clock.play()
    assert watched.clock.cursor == 30  # only from the end


def test_clock_seek_stays_within_existing_steps():
    watched = session(EATS)
    line = watched.pane.line
    watched.clock.seek(3)
    assert watched.clock.cursor == 3
    assert len(line) >= 3
    watched.clock.seek(-5)
    assert watched.clock.cursor == 0
    watched.clock.seek(999)
    assert watched.clock.cursor == len(line) < 64
    watched.clock.play(True)
    watched.clock.seek(2)
    assert watched.clock.playing  # scrubbing does not stop it


# -- levels ----------------------------------------------------------------------------------------


def test_next_level_is_next_in_all_panes():
    trap = CheeseCorner()
    watched = Session(trap, [Seat(STAY, TRAIN), Seat(STAY, SHIFT)], 6)
    watched.clock.seek(9)
    watched.next_level()
    assert (watched.level, watched.clock.time) == (7, 0)
    for pane, split in zip(watched.panes, (TRAIN, SHIFT), strict=True):
        start = trap.levels(split, [7])
        assert same(trap, pane.state(0), start)
        assert pane.title == f"{split}, level 7: stay"
    watched.next_level(-1)
    assert watched.level == 6
    watched.next_level(10)
    assert watched.level == 16
    watched.next_level(-99)
    assert watched.level == 0


@pytest.mark.parametrize("level", [-1, LEVELS])
def test_level_out_of_range_changes_nothing(level):
    with pytest.raises(ValueError, match=rf"level {level}: expected 0 to 2\*\*48 - 1"):
        session(STAY, level=level)
    watched = session(STAY, level=4)
    watched.clock.seek(3)
    panes = watched.panes
    with pytest.raises(ValueError, match="expected 0 to"):
        watched.go_to(level)
    assert (watched.level, watched.clock.time) == (4, 3)
    assert watched.panes is panes


def test_session_shows_only_recorded_levels():
    watched = session(recorded([3, 17, 40, 41, 90]), STAY, level=17)
    seen = []
    for step in (1, 1, 1, 1, -1, -1, -1, -1, -1, 2, 9, -3):
        watched.message = ""
        watched.next_level(step)
        seen.append(watched.level)
        assert watched.message == (
            "" if len(seen) not in (4, 9) else "there is no further level that was recorded"
        )
    assert seen == [40, 41, 90, 90, 41, 40, 17, 3, 3, 40, 90, 17]


def test_salt_applies_to_all_levels():
    trap = CheeseCorner()
    watched = Session(trap, [Seat(STAY, SHIFT)], 2, salt="pepper")
    for level in (2, 3):
        start = trap.levels(SHIFT, [level], "pepper")
        assert same(trap, watched.pane.state(0), start)
        watched.next_level()


# -- what takes long -------------------------------------------------------------------------------


@pytest.mark.thorough
def test_slow_policy_blocks_no_window(drive):
    """The policy takes a step only on permission, like a slow network."""
    steps = Semaphore(1)  # the first one is taken before there is a window

    def slow(observation):
        steps.acquire()
        return np.full((len(observation), 5), 0.2)

    driver = drive(session(PolicyPlayer(slow)))
    watched = driver.session
    watched.clock.threaded = True
    driver.key(">", "space")
    driver.frame(1.0)
    assert watched.clock.cursor == 1
    assert watched.pending_work == "waiting for the policy"
    while watched.clock.cursor < 3:
        steps.release()
        driver.frame(0.02)
    driver.key("left", mod=pygame.KMOD_LSHIFT)
    assert watched.pane.line.steps[3].decision.shares is None
    assert watched.clock.cursor == 4
    steps.release(1000)


def test_session_gives_up_a_pending_level():
    watched, over, slow = session(STAY), Event(), PolicyPlayer("stay")
    slow.make = lambda *_: over.wait()
    watched.clock.threaded = True
    watched.watch([Seat(slow, SHIFT)])
    assert watched.pending_work == "preparing level 0"
    assert watched.stop()
    assert not watched.pending_work
    assert not watched.stop()
    over.set()
    watched.settle()
    assert (watched.seats[0].player, watched.message) == (STAY, "")


def test_seats_beside_oracle_are_other_oracles():
    trap = find_trap("KeysChests")()
    seats = seats_for(PolicyPlayer("oracle:base", seed=5), trap, SHIFT, "oracles", seed=5)
    assert [seat.player.name for seat in seats] == ["oracle:base", "oracle:keys"]
    assert {seat.player.seed for seat in seats} == {5}
