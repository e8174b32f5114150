"""The first screens: a trap and a policy are picked, and what takes long is loaded."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from desk import Desk

from mesa_gym.traps import all_traps
from mesa_gym.viewer.app import LoadingScreen
from mesa_gym.viewer.start import StartScreen
from mesa_gym.viewer.widgets import Notice

NAMES = list(all_traps())


class Next:
    """The screen that comes after."""

    title, changed = "next", True

    def handle(self, event: object) -> None:
        """Leave."""

    def update(self, seconds: float) -> Next:
        return self

    def wait(self) -> None:
        """Wait for a person."""

    def draw(self, painter: object) -> None:
        """Draw nothing."""


class Begun:
    """Keeps what was begun; fails as often as it has errors to raise."""

    def __init__(self, *errors: Exception) -> None:
        self.calls: list[tuple[str, str]] = []
        self.errors = list(errors)

    def __call__(self, trap: str, policy: str) -> Any:
        self.calls.append((trap, policy))
        if self.errors:
            raise self.errors.pop(0)
        return Next()


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def loaded(desk: Desk) -> Any:
    """Return what comes after the loading."""
    for _ in range(200):
        if not isinstance(desk.app.screen, LoadingScreen):
            return desk.app.screen
        desk.frame(0.01)
        time.sleep(0.01)
    raise AssertionError("still loading")


def test_a_trap_and_a_policy_are_picked_by_letters() -> None:
    begun = Begun()
    start = StartScreen(begun)
    with Desk(start) as desk:
        desk.key("k", "e", "return")
        desk.key("down", "return")
        assert isinstance(loaded(desk), Next)
    assert begun.calls == [("KeysChests-v0", "oracle:chests")]


@pytest.mark.thorough
def test_the_mouse_picks_too_and_a_double_press_is_one() -> None:
    begun = Begun()
    start = StartScreen(begun)
    with Desk(start) as desk:
        row = start.list._placed[2].middle
        desk.hover(*start.list._placed[4].middle)  # where the mouse happened to be
        assert start.list.highlighted == 0
        desk.hover(*row)
        assert start.list.highlighted == 2
        shown = desk.pixels
        desk.press(*row)
        desk.press(640, 400)
        assert start.dialog is not None
        assert not begun.calls
        desk.wait()
        desk.press(*start.dialog._placed[0].middle)
        loaded(desk)
    assert begun.calls == [(NAMES[2], "play")]
    assert len(np.unique(shown.reshape(-1, 3), axis=0)) > 100  # two levels of the trap are drawn


def test_what_does_not_work_is_said_and_one_can_choose_again() -> None:
    begun = Begun(ValueError("no such thing"), ImportError("install the extra"))
    with Desk(StartScreen(begun)) as desk:
        for reason in ("no such thing", "install the extra"):
            desk.key("return", "return")
            start = loaded(desk)
            assert isinstance(start.dialog, Notice)
            assert start.dialog.text == reason
            desk.key("return")
        desk.key("?")
        assert isinstance(start.dialog, Notice)
        desk.key("escape", "q")
        assert desk.app.screen is None


@pytest.mark.thorough
def test_the_window_is_there_before_what_takes_long() -> None:
    began: list[float] = []

    def slow() -> Next:
        began.append(time.monotonic())
        time.sleep(0.3)
        return Next()

    with Desk(LoadingScreen("a network", slow)) as desk:
        assert not began  # the first frame has been drawn
        assert len(np.unique(desk.pixels)) > 3
        frames = 0
        while isinstance(desk.app.screen, LoadingScreen):
            desk.frame(0.02)
            time.sleep(0.02)
            frames += 1
        assert frames > 5
        assert isinstance(desk.app.screen, Next)


def test_what_cannot_be_loaded_raises_or_goes_back() -> None:
    def broken() -> Next:
        raise ValueError("a damaged agent")

    with pytest.raises(ValueError, match="a damaged agent"):
        loaded(Desk(LoadingScreen("it", broken)))
    back = Next()
    assert loaded(Desk(LoadingScreen("it", broken, lambda reason: back))) is back
