"""Whatever is pressed, in whatever order: what is shown stays an episode of the trap."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
from edited import same
from few import few
from viewing import Drive, Driver

from mesa_gym.traps import Split, find_trap
from mesa_gym.viewer.inputs import Drag, Input, Key, Press, Release, Wheel
from mesa_gym.viewer.pane import Seat
from mesa_gym.viewer.players import ByHand, ByPolicy
from mesa_gym.viewer.session import Session
from mesa_gym.viewer.timeline import Timeline
from mesa_gym.viewer.watching import WatchScreen

NAMES = (
    *("space", ".", ",", ">", "<", "home", "end", "+", "-", "n", "b", "j", "t", "i", "k", "tab"),
    *("e", "z", "h", "y", "?", "return", "up", "down", "left", "right", "delete", "backspace"),
    *("1", "2", "3", "p", "o", "c", "v", "g", "s", "a", "page up", "page down", "f1", "x"),
)
EVENTS = 150


def anything(rng: random.Random) -> Input:
    """A key, or the mouse somewhere."""
    x, y = rng.uniform(0, 1280), rng.uniform(0, 800)
    chance = rng.random()
    if chance < 0.75:
        return Key(rng.choice(NAMES), shift=rng.random() < 0.1)
    if chance < 0.87:
        return Press(x, y, rng.choice([1, 1, 1, 3]))
    if chance < 0.92:
        return Drag(x, y)
    return Release(x, y) if chance < 0.97 else Wheel(rng.choice([-1, 1]))


def require_episode(line: Timeline) -> None:
    """AssertionError unless each state follows from the one before by the trap's own step."""
    assert len(line.states) == len(line.steps) + 1
    assert len(line) <= line.limit
    for before, step, after in zip(line.states, line.steps, line.states[1:], strict=False):
        again, paid, ended = line.trap.step(before, np.array([step.decision.action]))
        assert same(line.trap, again, after)
        assert step.paid == {x: pay[0] for x, pay in paid.items()}
    assert line.terminated == bool(line.steps and ended[0])


TRAPS = ("CheeseCorner", "RedBlueDoors", "FollowMe", "MonsterWorld")


@pytest.mark.parametrize("trap", few(TRAPS, "CheeseCorner", "MonsterWorld"))
@pytest.mark.parametrize("by_hand", [False, True])
def test_anything(
    drive: Drive, trap: str, by_hand: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    rng = random.Random(f"{trap} {by_hand}")
    player = ByHand() if by_hand else ByPolicy("random")
    driver: Driver = drive(Session(find_trap(trap)(), [Seat(player, Split.SHIFT)]))
    moments = set()
    for _ in range(EVENTS):
        screen = driver.app.screen
        assert isinstance(screen, WatchScreen)  # nothing of this leaves it
        # Escape ends a question, and would end the viewer elsewhere.
        asked = screen.dialog is not None and rng.random() < 0.4
        driver.app.screen = screen.handle(Key("escape") if asked else anything(rng))
        driver.frame(rng.choice([0.0, 0.02, 0.3]))
        session = screen.session
        assert 0 <= session.cursor <= session.length
        assert 0 <= session.focus < len(session.panes)
        moments.add((session.level, session.cursor))
    assert len(moments) > 5
    for pane in driver.session.panes:
        require_episode(pane.line)
