"""The application: a window, its events, and the screen that is shown in it."""

from __future__ import annotations

from typing import Any, Protocol

from mesa_gym.rendering.pygame import load_pygame, open_window
from mesa_gym.viewer.inputs import Input, read
from mesa_gym.viewer.pen import Pen
from mesa_gym.viewer.theme import PAPER

SIZE = (1280, 800)
LEAST = (640, 420)
FPS = 60


class Screen(Protocol):
    """The content of the window."""

    def handle(self, event: Input) -> Screen | None:
        """Take what a person did; returns the screen to show next, None for leaving."""

    def update(self, seconds: float) -> None:
        """Let time pass."""

    def draw(self, pen: Pen) -> None:
        """Draw everything; the surface has been cleared."""


class App:
    """A window with a screen in it.

    Args:
        screen: the first one.
        size: of the window, width and height.
        scale: pixels a point on a screen of ordinary density; larger is larger text.

    Raises:
        ImportError: pygame-ce is not installed.
        OSError: there is no display.
    """

    def __init__(self, screen: Screen, size: tuple[int, int] = SIZE, scale: float = 1.0) -> None:
        self.screen: Screen | None = screen
        self._scale = scale
        self._pygame: Any = load_pygame()
        self._window: Any = open_window("mesa_gym", size, resizable=True)
        self._window.minimum_size = LEAST
        self._pygame.key.set_repeat(350, 40)
        self._clock = self._pygame.time.Clock()

    def run(self) -> None:
        """Show screens until the last one is left, or the window closed."""
        try:
            while self.screen is not None:
                self.frame(self._clock.tick(FPS) / 1000)
        finally:
            self.close()

    def close(self) -> None:
        """Close the window."""
        self._window.destroy()
        self._pygame.display.quit()

    def frame(self, seconds: float) -> None:
        """Run one frame: events, time, drawing."""
        for event in self._pygame.event.get():
            if event.type in (self._pygame.QUIT, self._pygame.WINDOWCLOSE):
                self.screen = None
            elif self.screen is not None:
                meant = read(self._pygame, event, self._density() / self._points())
                if meant is not None:
                    self.screen = self.screen.handle(meant)
        if self.screen is not None:
            self.screen.update(seconds)
            surface = self._window.get_surface()
            surface.fill(PAPER)
            self.screen.draw(Pen(surface, self._points()))
            self._window.flip()

    def _density(self) -> float:
        """Return the pixels of the surface for one unit of the window's size."""
        return float(self._window.get_surface().get_width() / self._window.size[0])

    def _points(self) -> float:
        """Return the pixels of a point."""
        return self._density() * self._scale
