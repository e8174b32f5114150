"""A hidden window with a keyboard and a mouse, which post pygame's events."""

import os
import time

import pytest

from mesa_gym.viewer.app import App

pygame = pytest.importorskip("pygame")
os.environ["SDL_VIDEODRIVER"] = "dummy"
CODES = {
    "?": pygame.K_SLASH,
    "<": pygame.K_COMMA,
    ">": pygame.K_PERIOD,
    "+": pygame.K_EQUALS,
    "enter": pygame.K_RETURN,
    "page down": pygame.K_PAGEDOWN,
    "page up": pygame.K_PAGEUP,
}


class Desk:
    """A person at a window, which is closed at the end of a ``with``."""

    tick = 1 / 60  # seconds that a frame takes unless told

    def __init__(self, screen, size=(1280, 800), scale=1.0):
        self.app = App(screen, size, scale)
        self.scale = scale
        pygame.event.clear()
        self.frame()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.app.close()

    def frame(self, seconds=None):
        self.app.frame(self.tick if seconds is None else seconds)

    def wait(self, seconds=0.5):
        """Let time pass, as between two presses that are not meant as one."""
        time.sleep(seconds)
        self.frame(seconds)

    def post(self, kind, **about):
        pygame.event.post(pygame.event.Event(kind, **about))

    def key(self, *names, mod=0):
        """Press keys, by what they write or by pygame's names, with a frame after each."""
        for name in names:
            code = CODES[name] if name in CODES else pygame.key.key_code(name)
            written = name if len(name) == 1 else ""
            self.post(pygame.KEYDOWN, key=code, mod=mod, unicode=written)
            self.post(pygame.KEYUP, key=code, mod=mod)
            self.frame()

    def press(self, x, y, button=1, mod=0):
        """Press and release a mouse button, while a key such as Shift is held."""
        pygame.key.set_mods(mod)
        for kind in (pygame.MOUSEBUTTONDOWN, pygame.MOUSEBUTTONUP):
            self.post(kind, pos=(x, y), button=button)
        self.frame()
        pygame.key.set_mods(0)

    def drag(self, start, end):
        """Press at one place, move, and release at another."""
        self.post(pygame.MOUSEBUTTONDOWN, pos=start, button=1)
        self.frame()
        self.post(pygame.MOUSEMOTION, pos=end, rel=(0, 0), buttons=(1, 0, 0))
        self.frame()
        self.post(pygame.MOUSEBUTTONUP, pos=end, button=1)
        self.frame()

    def hover(self, x, y):
        """Move the mouse with no button down."""
        self.post(pygame.MOUSEMOTION, pos=(x, y), rel=(0, 0), buttons=(0, 0, 0))
        self.frame()

    def wheel(self, notches):
        """Turn the wheel; up is positive."""
        self.post(pygame.MOUSEWHEEL, x=0, y=notches)
        self.frame()

    @property
    def pixels(self):
        """Return the window's pixels, uint8 (height, width, 3)."""
        return rgb(self.app._window.get_surface())


def rgb(surface):
    """A surface as an array, uint8 (height, width, 3)."""
    return pygame.surfarray.array3d(surface).swapaxes(0, 1).copy()
