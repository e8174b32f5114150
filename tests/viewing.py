"""What tests of the viewer share: an application that nobody sees, driven by posted events."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

pygame = pytest.importorskip("pygame")

from mesa_gym.rendering import render_rgb  # noqa: E402
from mesa_gym.traps import Split, find_trap  # noqa: E402
from mesa_gym.viewer.app import App  # noqa: E402
from mesa_gym.viewer.pane import Pane, Seat  # noqa: E402
from mesa_gym.viewer.players import ByPolicy  # noqa: E402
from mesa_gym.viewer.session import Session  # noqa: E402
from mesa_gym.viewer.watching import WatchScreen  # noqa: E402

os.environ["SDL_VIDEODRIVER"] = "dummy"
SIGNS = {"?": pygame.K_SLASH, "<": pygame.K_COMMA, ">": pygame.K_PERIOD, "+": pygame.K_EQUALS}


class Driver:
    """An application, and hands on its keyboard and mouse."""

    def __init__(self, session: Session, **keywords: Any) -> None:
        self.screen = WatchScreen(session)
        self.app = App(self.screen, **keywords)
        pygame.event.clear()
        self.frame()

    @property
    def session(self) -> Session:
        return self.screen.session

    def frame(self, seconds: float = 0.0) -> None:
        self.app.frame(seconds)

    def key(self, name: str, mod: int = 0) -> None:
        """Press a key: a sign, a letter, or pygame's name of a key."""
        code = SIGNS[name] if name in SIGNS else pygame.key.key_code(name)
        text = name if len(name) == 1 else ""
        pygame.event.post(pygame.event.Event(pygame.KEYDOWN, key=code, mod=mod, unicode=text))
        self.frame()

    def press(self, x: float, y: float, button: int = 1) -> None:
        """Press and release a mouse button, at points."""
        pygame.event.post(pygame.event.Event(pygame.MOUSEBUTTONDOWN, pos=(x, y), button=button))
        pygame.event.post(pygame.event.Event(pygame.MOUSEBUTTONUP, pos=(x, y), button=button))
        self.frame()

    def drag(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        """Press at one place, move, and release at another."""
        post, event = pygame.event.post, pygame.event.Event
        post(event(pygame.MOUSEBUTTONDOWN, pos=start, button=1))
        self.frame()
        post(event(pygame.MOUSEMOTION, pos=end, rel=(0, 0), buttons=(1, 0, 0)))
        self.frame()
        post(event(pygame.MOUSEBUTTONUP, pos=end, button=1))
        self.frame()

    def settle(self) -> None:
        """Let all that is looked for be found, and draw it."""
        self.screen.settle()
        self.frame()

    @property
    def layout(self) -> Any:
        return self.screen._layout

    def pixels(self) -> np.ndarray:
        """The window, uint8 (height, width, 3)."""
        surface = self.app._window.get_surface()
        return pygame.surfarray.array3d(surface).swapaxes(0, 1).copy()

    def grid(self, number: int = 0) -> np.ndarray:
        """The grid of a pane, uint8 (rows, columns, tile, tile, 3): a picture for each cell."""
        place = self.layout.grids[number]
        tile, left, top = int(place.tile), int(place.left), int(place.top)
        part = self.pixels()[top : top + place.rows * tile, left : left + place.columns * tile]
        return part.reshape(place.rows, tile, place.columns, tile, 3).swapaxes(1, 2)

    def plain(self, number: int = 0) -> np.ndarray:
        """What the grid looks like without overlays, by the drawing that arrays are made with."""
        pane: Pane = self.session.panes[number]
        state = pane.state(self.session.cursor)
        place = self.layout.grids[number]
        tile = int(place.tile)
        picture = render_rgb(state.schema.planes, state.planes[0], tile)
        return picture.reshape(place.rows, tile, place.columns, tile, 3).swapaxes(1, 2)

    def changed(self, number: int = 0) -> set[int]:
        """Cells that differ from the plain drawing."""
        differs = (self.grid(number) != self.plain(number)).any(axis=(2, 3, 4))
        return set(differs.ravel().nonzero()[0].tolist())

    def close(self) -> None:
        self.app.close()


def session(
    trap: str = "RedBlueDoors", policy: Any = "oracle:red", level: int = 3, split: str = "shift"
) -> Session:
    return Session(find_trap(trap)(), [Seat(ByPolicy(policy), Split.of(split))], level)


@pytest.fixture
def drive() -> Iterator[Any]:
    """Makes drivers, and closes them."""
    made: list[Driver] = []

    def make(watched: Session | None = None, **keywords: Any) -> Driver:
        made.append(Driver(watched or session(), **keywords))
        return made[-1]

    yield make
    for driver in made:
        driver.close()
