"""The first screens: a trap and a policy are picked, and what takes long is loaded."""

import time
from threading import Event

import numpy as np
import pytest
from viewing import Desk

from mesa_gym.cli.viewing import FIRST
from mesa_gym.policies import finding
from mesa_gym.traps import all_traps
from mesa_gym.viewer.app import LoadingScreen
from mesa_gym.viewer.dialogs import Notice
from mesa_gym.viewer.start import StartScreen

NAMES = list(all_traps())


class Next:
    """The screen that comes after."""

    title, changed = "next", True

    def handle(self, event):
        """Leave."""

    def update(self, seconds):
        return self

    def wait(self):
        """Wait for a person."""

    def draw(self, painter):
        """Draw nothing."""


class Begun:
    """Keeps what was begun; fails as often as it has errors to raise."""

    def __init__(self, *errors):
        self.calls = []
        self.errors = list(errors)

    def __call__(self, trap, policy):
        self.calls.append((trap, policy))
        if self.errors:
            raise self.errors.pop(0)
        return Next()


def loaded(desk):
    """Return what comes after the loading."""
    while isinstance(desk.app.screen, LoadingScreen):
        desk.frame(0.01)
        time.sleep(0.01)  # the loading is done in a thread
    return desk.app.screen


@pytest.fixture
def library(monkeypatch):
    """A library of three agents, whatever there is."""
    agents = ("library:0", "library:planner:0", "library:ppo-alpha0.1-s0")
    monkeypatch.setattr(finding, "list_library", lambda trap: dict.fromkeys(agents, "an agent"))


def test_start_screen_begins_with_cheese_corner(library):
    begun = Begun()
    start = StartScreen(begun, FIRST)
    assert start.dialog is None
    assert [name for name, _ in start.traps.entries] == NAMES
    assert all(0 < len(story) <= 100 for _, story in start.traps.entries)
    with Desk(start) as desk:
        assert len(np.unique(desk.pixels.reshape(-1, 3), axis=0)) > 100  # two levels are drawn
        desk.key("return")
        assert isinstance(loaded(desk), Next)
    assert begun.calls == [("CheeseCorner-v0", "library:0")]


def test_without_a_library_oracles_are_offered(monkeypatch):
    monkeypatch.setattr(finding, "list_library", lambda trap: {})
    start = StartScreen(Begun(), FIRST)
    assert start.specs[:3] == ["play", "oracle:cheese", "oracle:corner"]
    assert start.players.highlighted == 1  # watching is what was asked for


def test_start_screen_picks_by_keys(library):
    begun = Begun()
    start = StartScreen(begun, FIRST)
    with Desk(start) as desk:
        desk.key("k")
        assert start.trap.name() == "KeysChests-v0"
        desk.key("tab", "down", "down", "down", "return")
        loaded(desk)
    assert begun.calls == [("KeysChests-v0", "oracle:chests")]


@pytest.mark.thorough
def test_start_screen_picks_by_mouse(library):
    begun = Begun()
    start = StartScreen(begun, FIRST)
    with Desk(start) as desk:
        desk.press(*start.traps._placed[4].middle)
        assert start.trap.name() == NAMES[4]
        desk.press(640, 400)
        assert not begun.calls
        desk.press(*start.players._placed[2].middle)
        loaded(desk)
    assert begun.calls == [(NAMES[4], "play")]


def test_start_screen_tells_errors_and_stays(library):
    begun = Begun(ValueError("no such thing"), ImportError("install the extra"))
    with Desk(StartScreen(begun, FIRST)) as desk:
        for reason in ("no such thing", "install the extra"):
            desk.key("return")
            start = loaded(desk)
            assert isinstance(start.dialog, Notice)
            assert start.dialog.text == reason
            desk.key("return")
            assert start.dialog is None
        desk.key("q")
        assert desk.app.screen is None


@pytest.mark.thorough
def test_window_is_there_before_long_loading():
    began, over = Event(), Event()

    def make():
        began.set()
        over.wait()
        return Next()

    with Desk(LoadingScreen("a network", make)) as desk:
        assert not began.is_set()  # the first frame has been drawn
        assert len(np.unique(desk.pixels)) > 3
        for _ in range(5):
            desk.frame(0.02)
        began.wait()
        assert isinstance(desk.app.screen, LoadingScreen)
        over.set()
        assert isinstance(loaded(desk), Next)


def test_loading_that_fails_raises_or_returns():
    def broken():
        raise ValueError("a damaged agent")

    with pytest.raises(ValueError, match="a damaged agent"):
        loaded(Desk(LoadingScreen("it", broken)))
    back = Next()
    assert loaded(Desk(LoadingScreen("it", broken, lambda reason: back))) is back
