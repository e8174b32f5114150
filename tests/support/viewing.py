"""A hidden window with a keyboard and a mouse, sessions of the viewer on it, and their driver."""

import os

import pytest

from mesa_gym.rendering import render_rgb
from mesa_gym.traps import Split, find_trap
from mesa_gym.viewer.app import App
from mesa_gym.viewer.playback import Session
from mesa_gym.viewer.players import PolicyPlayer
from mesa_gym.viewer.screen import WatchScreen
from mesa_gym.viewer.seats import Seat

pygame = pytest.importorskip("pygame")
os.environ["SDL_VIDEODRIVER"] = "dummy"
CODES = {"?": pygame.K_SLASH, "<": pygame.K_COMMA, ">": pygame.K_PERIOD, "+": pygame.K_EQUALS}
CODES |= {"page down": pygame.K_PAGEDOWN, "page up": pygame.K_PAGEUP, "enter": pygame.K_RETURN}


class Desk:
    """A person at a window, which is closed at the end of a ``with``."""

    tick = 1 / 60  # seconds that a frame takes unless told

    def __init__(self, screen, size=(1280, 800)):
        self.app = App(screen, size)
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

    def press(self, x, y):
        for kind in (pygame.MOUSEBUTTONDOWN, pygame.MOUSEBUTTONUP):
            self.post(kind, pos=(x, y), button=1)
        self.frame()

    def drag(self, start, end):
        """Press at one place, move, and release at another."""
        self.post(pygame.MOUSEBUTTONDOWN, pos=start, button=1)
        self.frame()
        self.post(pygame.MOUSEMOTION, pos=end, rel=(0, 0), buttons=(1, 0, 0))
        self.frame()
        self.post(pygame.MOUSEBUTTONUP, pos=end, button=1)
        self.frame()

    def hover(self, x, y):
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


class Driver(Desk):
    """A person who watches a session; time passes only as told."""

    tick = 0.0

    def __init__(self, session, **keywords):
        self.screen = WatchScreen(session)
        super().__init__(self.screen, **keywords)

    @property
    def message(self):
        return self.screen.session.message

    @property
    def session(self):
        return self.screen.session

    def settle(self):
        self.session.settle()
        self.frame()

    @property
    def layout(self):
        return self.screen.layout

    def grid(self, number=0):
        """The grid of a pane, uint8 (rows, columns, tile, tile, 3): a picture for each cell."""
        place = self.layout.grids[number]
        tile, left, top = int(place.tile), int(place.left), int(place.top)
        part = self.pixels[top : top + place.rows * tile, left : left + place.columns * tile]
        return part.reshape(place.rows, tile, place.columns, tile, 3).swapaxes(1, 2)

    def plain(self, number=0):
        """Return the grid without overlays, as `render_rgb` draws it."""
        pane = self.session.panes[number]
        state = pane.state(self.session.clock.cursor)
        place = self.layout.grids[number]
        tile = int(place.tile)
        picture = render_rgb(pane.trap, state, tile)[0]
        return picture.reshape(place.rows, tile, place.columns, tile, 3).swapaxes(1, 2)

    def changed(self, number=0):
        """Cells that differ from the plain drawing."""
        differs = (self.grid(number) != self.plain(number)).any(axis=(2, 3, 4))
        return set(differs.ravel().nonzero()[0].tolist())


def session(trap="RedBlueDoors", policy="oracle:red", level=3, split="shift"):
    return Session(find_trap(trap)(), [Seat(PolicyPlayer(policy), Split.of(split))], level)
