"""The application: a window, its events, the screen that it shows, and work in threads."""

from __future__ import annotations

import math
import os
import sys
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING

from mesa_gym.errors import PolicyError
from mesa_gym.rendering.window import load_pygame, open_window
from mesa_gym.threads import start_work
from mesa_gym.viewer.painter import PAPER, QUIET, SMALL, TITLE, Painter

if TYPE_CHECKING:
    import pygame

SIZE = (1280, 800)
LEAST_SIZE = (640, 420)  # points; in a smaller window the whole layout shrinks
REPEATED = ("left", "right", "up", "down", ".", ",", "<", ">", "n", "b", "page up", "page down")
NAP = 0.025  # seconds between checks for events
# Seconds until a held key is repeated, and between repeats.
REPEAT_AFTER = 0.4
REPEAT_EVERY = 0.05
POLL = 0.05  # seconds between checks of a thread's work
# Work in threads: the seconds that a frame waits for its result, the seconds that the work sleeps
# between steps to let frames run, and the errors that are shown instead of raised.
PATIENCE = 0.03
FRAME_TURN = 0.001
TOLD_ERRORS = (ValueError, ImportError, OSError, PolicyError)


@dataclass(frozen=True)
class Input:
    """An event of the keyboard or the mouse.

    Attributes:
        kind: ``key``; ``press``, ``release`` or ``drag`` with the left mouse button, ``hover``
            without it; or ``wheel``.
        name: the character that a key types, in lower case ("a", "?", "+"), or pygame's name of a
            key without a visible character ("space", "left", "page up").
        x, y: the mouse's position in points.
        notches: steps of the wheel; up is positive.
        shift, ctrl: whether Shift or Control was held with a key (Command counts as Control).
    """

    kind: str
    name: str = ""
    x: float = 0.0
    y: float = 0.0
    notches: int = 0
    shift: bool = False
    ctrl: bool = False


class Screen:
    """The content of the window."""

    changed = True  # whether it must be drawn again

    @property
    def title(self) -> str:
        """Return the window's title."""
        return "mesa_gym"

    def handle(self, event: Input) -> Screen | None:
        """Handle an event; return the screen to show next, or None to leave."""
        return self

    def update(self, seconds: float) -> Screen | None:
        """Advance by ``seconds``; return the screen to show next."""
        return self

    def wait(self) -> float | None:
        """Return the seconds until ``update`` has work; None if only an event can cause work."""
        return None

    def draw(self, painter: Painter) -> None:
        """Draw the whole screen on a surface that has been cleared."""


class App:
    """A window that shows a screen and draws it when something has changed.

    Raises:
        ImportError: pygame-ce is not installed.
        OSError: there is no display.
    """

    def __init__(self, screen: Screen, size: tuple[int, int] = SIZE) -> None:
        self.screen: Screen | None = screen
        self._pygame = load_pygame()
        if sys.platform == "linux":
            # X and Wayland show pictures directly; SDL's default, OpenGL, costs more.
            os.environ.setdefault("SDL_FRAMEBUFFER_ACCELERATION", "0")
        self._window = open_window(screen.title, size)
        self._window.minimum_size = LEAST_SIZE
        # This class repeats held keys: the system would count presses twice in a slow frame.
        self._pygame.key.set_repeat(0)
        self._held: tuple[int, Input, float] | None = None  # code, key, seconds to the next repeat
        self._drawn: Screen | None = None
        self._clock = self._pygame.time.Clock()

    def run(self) -> None:
        """Show screens until the last screen is left or the window is closed."""
        try:
            while self.screen is not None:
                waits = [self.screen.wait(), None if self._held is None else self._held[2]]
                timeouts = [seconds for seconds in waits if seconds is not None]
                # A new screen is drawn at once, without waiting for an event.
                if self._drawn is self.screen and not self.screen.changed:
                    self._await(min(timeouts, default=math.inf))
                self.frame(self._clock.tick() / 1000)
        finally:
            self.close()

    def close(self) -> None:
        """Close the window."""
        self._window.destroy()
        self._pygame.display.quit()

    def frame(self, seconds: float) -> None:
        """Run one frame: advance time, handle events, and draw if something has changed."""
        # Advance before handling events: an event that starts the clock must not play the pause.
        if self.screen is not None:
            self.screen = self.screen.update(seconds)
        held = self._held
        for event in self._pygame.event.get():
            self._take(event)
        if self._held is held:
            self._repeat(seconds)
        if self.screen is not None and (self.screen.changed or self._drawn is not self.screen):
            self._draw(self.screen)

    def _await(self, seconds: float) -> None:
        """Sleep until an event arrives, at most ``seconds``."""
        # SDL's own wait checks a thousand times per second, which takes 3% of a core.
        end = time.monotonic() + seconds
        while not self._pygame.event.peek() and (left := end - time.monotonic()) > 0:
            time.sleep(min(left, NAP))

    def _take(self, event: pygame.Event) -> None:
        pygame = self._pygame
        if event.type in (pygame.QUIT, pygame.WINDOWCLOSE):
            self.screen = None
        elif event.type in (pygame.WINDOWEXPOSED, pygame.WINDOWSIZECHANGED, pygame.WINDOWRESIZED):
            self._drawn = None
        elif event.type == pygame.WINDOWFOCUSLOST or (
            event.type == pygame.KEYUP and self._held is not None and event.key == self._held[0]
        ):
            self._held = None
        action = read_event(pygame, event, self._density() / self._points())
        if action is not None and action.kind == "key":
            self._held = (event.key, action, REPEAT_AFTER) if action.name in REPEATED else None
        if action is not None and self.screen is not None:
            self.screen = self.screen.handle(action)

    def _repeat(self, seconds: float) -> None:
        """Repeat a key that is held down, at most once per frame."""
        if self._held is not None and self.screen is not None:
            code, key, left = self._held
            self._held = code, key, REPEAT_EVERY if left <= seconds else left - seconds
            if left <= seconds:
                self.screen = self.screen.handle(key)

    def _draw(self, screen: Screen) -> None:
        if self._window.title != screen.title:
            self._window.title = screen.title
        surface = self._window.get_surface()
        surface.fill(PAPER)
        screen.draw(Painter(surface, self._points()))
        self._window.flip()
        self._drawn, screen.changed = screen, False

    def _density(self) -> float:
        """Return the surface's pixels per unit of the window's size."""
        return float(self._window.get_surface().get_width() / self._window.size[0])

    def _points(self) -> float:
        """Return the surface's pixels per point, the unit of layouts."""
        return fit_scale(self._window.get_surface().get_size(), self._density())


def fit_scale(size: tuple[int, int], scale: float) -> float:
    """Return the pixels per point for a picture: fewer than ``scale`` if the layout would not fit.

    A larger window has more pixels per point: letters grow with the square root of its size.
    """
    room = min(have / (usual * scale) for have, usual in zip(size, SIZE, strict=True))
    return min(scale * max(1.0, room) ** 0.5, size[0] / LEAST_SIZE[0], size[1] / LEAST_SIZE[1])


def read_event(pygame: ModuleType, event: pygame.Event, points: float = 1.0) -> Input | None:
    """Return the viewer's event for an event of pygame; None for unused events.

    ``points`` is the number of points per unit of the window's mouse positions.
    """
    if event.type == pygame.KEYDOWN:
        shift = bool(event.mod & pygame.KMOD_SHIFT)
        ctrl = bool(event.mod & (pygame.KMOD_CTRL | pygame.KMOD_META))
        written = getattr(event, "unicode", "")
        if len(written) == 1 and written.isprintable() and written != " ":
            return Input("key", written.lower(), shift=shift, ctrl=ctrl)
        name = pygame.key.name(event.key).lower()
        # pygame names keys of the keypad "[8]".
        return Input("key", name.strip("[]") or name, shift=shift, ctrl=ctrl)
    if event.type == pygame.MOUSEWHEEL and event.y:
        return Input("wheel", notches=event.y)
    mouse = {pygame.MOUSEBUTTONDOWN: "press", pygame.MOUSEBUTTONUP: "release"}
    if event.type == pygame.MOUSEMOTION:
        kind = "drag" if event.buttons[0] else "hover"
    elif event.type in mouse and event.button == 1:
        kind = mouse[event.type]
    else:
        return None
    return Input(kind, "", event.pos[0] * points, event.pos[1] * points)


class LoadingScreen(Screen):
    """Screen that names the file being loaded, until the next screen is ready.

    ``make`` creates the next screen in a thread, once this screen has been drawn.
    """

    def __init__(self, description: str, make: Callable[[], Screen]) -> None:
        self._what, self._make = description, make
        self._began = time.monotonic()
        self._work: Future[Screen] | None = None

    def handle(self, event: Input) -> Screen | None:
        """Leave on request; ignore all other events."""
        return None if event.kind == "key" and event.name in ("escape", "q") else self

    def update(self, seconds: float) -> Screen | None:
        """Check whether loading is done."""
        if self._work is None:
            self._work = None if self.changed else start_work(self._make)
        elif self._work.done():
            return self._work.result()
        self.changed = True
        return self

    def wait(self) -> float:
        """Return the seconds until events are polled again."""
        return POLL

    def draw(self, painter: Painter) -> None:
        """Draw the name of the file being loaded, and the seconds so far."""
        (width, height), text = painter.size, f"Loading {self._what} ..."
        painter.text(text, width / 2, height / 2 - TITLE, TITLE, align="middle", width=width - 24)
        passed = f"{time.monotonic() - self._began:.0f} s"
        painter.text(passed, width / 2, height / 2 + 4, SMALL, QUIET, "middle")
