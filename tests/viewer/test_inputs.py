"""What keys, mouse and window mean to the viewer, from pygame's own events."""

from __future__ import annotations

import os

import pytest

os.environ.setdefault("SDL_VIDEODRIVER", "dummy")

import pygame

from mesa_gym.viewer.app import App
from mesa_gym.viewer.inputs import Drag, Drop, Input, Key, Press, Release, Wheel, read


@pytest.fixture(autouse=True, scope="module")
def _display():
    pygame.display.init()
    yield
    pygame.display.quit()


def heard(event: pygame.event.Event, points: float = 1.0) -> Input | None:
    """What an event means that has gone through pygame's queue."""
    pygame.event.clear()
    pygame.event.post(event)
    (came,) = pygame.event.get()
    return read(pygame, came, points)


def key(name: str, written: str = "", mod: int = 0) -> Input | None:
    code = getattr(pygame, name)
    return heard(pygame.event.Event(pygame.KEYDOWN, key=code, mod=mod, unicode=written))


@pytest.mark.parametrize(
    ("name", "written", "mod", "meant"),
    [
        # Letters and digits, whatever the case that is written.
        ("K_a", "a", 0, Key("a")),
        ("K_a", "A", pygame.KMOD_LSHIFT, Key("a", shift=True)),
        ("K_a", "A", pygame.KMOD_CAPS, Key("a")),
        ("K_7", "7", 0, Key("7")),
        # French keyboards write digits with Shift, and signs without.
        ("K_AMPERSAND", "1", pygame.KMOD_RSHIFT, Key("1", shift=True)),
        ("K_AMPERSAND", "&", 0, Key("&")),
        # Signs, on American, German and French keyboards.
        ("K_SLASH", "?", pygame.KMOD_LSHIFT, Key("?", shift=True)),
        ("K_MINUS", "?", pygame.KMOD_LSHIFT, Key("?", shift=True)),
        ("K_COMMA", "?", pygame.KMOD_LSHIFT, Key("?", shift=True)),
        ("K_EQUALS", "+", pygame.KMOD_LSHIFT, Key("+", shift=True)),
        ("K_PLUS", "+", 0, Key("+")),
        ("K_MINUS", "-", 0, Key("-")),
        ("K_LEFTBRACKET", "[", 0, Key("[")),
        ("K_8", "[", pygame.KMOD_MODE, Key("[")),
        ("K_RIGHTBRACKET", "]", 0, Key("]")),
        ("K_PERIOD", ".", 0, Key(".")),
        # The keypad, with Num Lock and without.
        ("K_KP8", "8", pygame.KMOD_NUM, Key("8")),
        ("K_KP8", "", 0, Key("8")),
        ("K_KP_PLUS", "+", 0, Key("+")),
        ("K_KP_MINUS", "", 0, Key("-")),
        ("K_KP_ENTER", "\r", 0, Key("enter")),
        # Keys that write nothing that is seen.
        ("K_LEFT", "", 0, Key("left")),
        ("K_RIGHT", "", pygame.KMOD_RSHIFT, Key("right", shift=True)),
        ("K_UP", "", pygame.KMOD_NUM, Key("up")),
        ("K_DOWN", "", 0, Key("down")),
        ("K_HOME", "", 0, Key("home")),
        ("K_PAGEUP", "", 0, Key("page up")),
        ("K_SPACE", " ", 0, Key("space")),
        ("K_SPACE", " ", pygame.KMOD_LSHIFT, Key("space", shift=True)),
        ("K_TAB", "\t", pygame.KMOD_LSHIFT, Key("tab", shift=True)),
        ("K_RETURN", "\r", 0, Key("return")),
        ("K_ESCAPE", "\x1b", 0, Key("escape")),
        ("K_BACKSPACE", "\x08", 0, Key("backspace")),
        ("K_DELETE", "\x7f", 0, Key("delete")),
        ("K_F1", "", 0, Key("f1")),
        # Control, and Command where that stands for it.
        ("K_z", "\x1a", pygame.KMOD_LCTRL, Key("z", ctrl=True)),
        ("K_s", "", pygame.KMOD_RCTRL, Key("s", ctrl=True)),
        ("K_z", "z", pygame.KMOD_LMETA, Key("z", ctrl=True)),
        ("K_z", "Z", pygame.KMOD_RMETA | pygame.KMOD_LSHIFT, Key("z", shift=True, ctrl=True)),
        ("K_EQUALS", "+", pygame.KMOD_LCTRL | pygame.KMOD_LSHIFT, Key("+", True, True)),
    ],
)
def test_a_key_is_called_what_is_written_on_it(
    name: str, written: str, mod: int, meant: Key
) -> None:
    assert key(name, written, mod) == meant


def test_the_mouse_is_where_it_is_in_points() -> None:
    down, up, motion = pygame.MOUSEBUTTONDOWN, pygame.MOUSEBUTTONUP, pygame.MOUSEMOTION
    event = pygame.event.Event
    for points in (1.0, 0.5, 2.0):
        x, y = 30 * points, 41 * points
        at = {"pos": (30, 41)}
        assert heard(event(down, button=1, **at), points) == Press(x, y, 1)
        assert heard(event(down, button=3, **at), points) == Press(x, y, 3)
        assert heard(event(up, button=1, **at), points) == Release(x, y)
        held = event(motion, rel=(1, 0), buttons=(1, 0, 0), **at)
        assert heard(held, points) == Drag(x, y)


def test_what_nobody_asks_for_means_nothing() -> None:
    event, at = pygame.event.Event, {"pos": (1, 1)}
    for other in (
        event(pygame.MOUSEBUTTONDOWN, button=2, **at),
        event(pygame.MOUSEBUTTONDOWN, button=4, **at),  # the wheel, as pygame 1 told it
        event(pygame.MOUSEBUTTONUP, button=3, **at),
        event(pygame.MOUSEMOTION, rel=(1, 1), buttons=(0, 0, 1), **at),
        event(pygame.MOUSEMOTION, rel=(1, 1), buttons=(0, 0, 0), **at),
        event(pygame.MOUSEWHEEL, x=3, y=0, flipped=False),
        event(pygame.KEYUP, key=pygame.K_a, mod=0, unicode="a"),
        event(pygame.ACTIVEEVENT),
    ):
        assert heard(other) is None


def test_wheel_and_dropped_files() -> None:
    for y in (1, -1, 3):
        assert heard(pygame.event.Event(pygame.MOUSEWHEEL, x=0, y=y, flipped=False)) == Wheel(y)
    dropped = pygame.event.Event(pygame.DROPFILE, file="/home/me/a trace.mgt")
    assert heard(dropped) == Drop("/home/me/a trace.mgt")


# -- in a window -----------------------------------------------------------------------------------


class Listening:
    """A screen that keeps what it is told, and leaves at Escape."""

    def __init__(self) -> None:
        self.heard: list[Input] = []
        self.seconds = 0.0
        self.sizes: list[tuple[float, float]] = []

    def handle(self, event: Input) -> Listening | None:
        self.heard.append(event)
        return None if event == Key("escape") else self

    def update(self, seconds: float) -> None:
        self.seconds += seconds

    def draw(self, pen) -> None:
        self.sizes.append(pen.size)


@pytest.mark.parametrize("scale", [1.0, 2.0])
def test_a_window_hands_on_what_is_done_in_points(scale: float) -> None:
    screen = Listening()
    app = App(screen, size=(800, 600), scale=scale)
    try:
        pygame.event.clear()
        for event in (
            pygame.event.Event(pygame.MOUSEBUTTONDOWN, button=1, pos=(400, 300)),
            pygame.event.Event(pygame.KEYDOWN, key=pygame.K_SLASH, mod=1, unicode="?"),
        ):
            pygame.event.post(event)
        app.frame(0.25)
        assert screen.heard == [Press(400 / scale, 300 / scale), Key("?", shift=True)]
        assert (screen.seconds, screen.sizes) == (0.25, [(800 / scale, 600 / scale)])
        escape = pygame.event.Event(pygame.KEYDOWN, key=pygame.K_ESCAPE, mod=0, unicode="")
        for event in (escape, pygame.event.Event(pygame.KEYDOWN, key=pygame.K_a, mod=0)):
            pygame.event.post(event)
        app.run()
        # Nothing is heard or drawn after leaving.
        assert screen.heard[2:] == [Key("escape")]
        assert len(screen.sizes) == 1
    finally:
        pygame.display.init()


@pytest.mark.parametrize("closing", ["QUIT", "WINDOWCLOSE"])
def test_closing_the_window_leaves(closing: str) -> None:
    screen = Listening()
    app = App(screen, size=(640, 480))
    pygame.event.clear()
    pygame.event.post(pygame.event.Event(getattr(pygame, closing)))
    app.run()
    assert app.screen is None
    assert screen.sizes == []
    pygame.display.init()
