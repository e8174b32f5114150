"""Windows of pygame-ce, an optional package, for ``render_mode="human"`` and the viewer."""

from __future__ import annotations

import os
from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np
from gymnasium.error import DependencyNotInstalled
from numpy.typing import NDArray

from mesa_gym.errors import require_extra

if TYPE_CHECKING:
    import pygame


def load_pygame() -> ModuleType:
    """Import pygame-ce without its greeting and its signal handlers.

    SIGTERM then ends a program as usual; SDL would only close the window. Wayland is disabled if it
    cannot be reached, because its library would print a line before SDL tries another display.

    Raises:
        ImportError: pygame-ce is missing, or pygame was installed over it; the message names the
            commands that fix it.
    """
    os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
    os.environ.setdefault("SDL_NO_SIGNAL_HANDLERS", "1")
    if not os.environ.get("XDG_RUNTIME_DIR", "").startswith("/"):
        os.environ.setdefault("WAYLAND_DISPLAY", os.devnull)
    with require_extra("viewer", "pygame-ce"):
        import pygame
    if not getattr(pygame, "IS_CE", False):
        raise ImportError(
            "this needs pygame-ce, but the package that 'import pygame' finds is pygame, or what is"
            " left where both were installed; put it right with two commands:"
            " pip uninstall -y pygame pygame-ce, then pip install pygame-ce"
        )
    return pygame


def open_window(title: str, size: tuple[int, int]) -> pygame.Window:
    """Open a resizable window, a ``pygame.Window``, with the given width and height.

    The window uses all pixels of a high-density screen, so its surface may be larger than its size.
    ``SDL_VIDEODRIVER=dummy`` gives an invisible window, for tests.

    Raises:
        ImportError: pygame-ce is not installed.
        OSError: there is no display.
    """
    pygame = load_pygame()
    try:
        pygame.display.init()
        driver = pygame.display.get_driver()
        # Without a display, SDL falls back to these drivers, whose windows are invisible.
        if driver in ("offscreen", "dummy") and driver != os.environ.get("SDL_VIDEODRIVER"):
            raise pygame.error("no video device")
        return pygame.Window(title, size, resizable=True, allow_high_dpi=True)
    except pygame.error as error:
        pygame.display.quit()
        raise OSError(
            f"there is no display to open a window on ({error}); set DISPLAY, or do without:"
            " mesa-gym watch --headless --record FILE.png writes a picture, and"
            " render_mode='rgb_array' gives arrays"
        ) from None


class Window:
    """A window that shows pictures, one after the other, at a steady rate.

    When its user closes the window, it stays closed: later pictures are ignored, and the program
    runs on. Without a display, pictures are not shown. A forked process neither draws on the
    window nor closes it, because both processes share one connection to the display.
    """

    _opened = 0  # open windows of all environments; closing the last one ends the display

    def __init__(self, title: str, fps: int) -> None:
        try:
            self._pygame = load_pygame()
        except ImportError as error:
            raise DependencyNotInstalled(f"render_mode='human': {error}") from None
        self._title, self._fps = title, fps
        self._window: pygame.Window | None = None
        self._closed, self._process = False, os.getpid()

    def show(self, picture: NDArray[np.uint8]) -> None:
        """Show an RGB picture, uint8 (height, width, 3)."""
        if self._closed or self._process != os.getpid():
            return
        pygame = self._pygame
        drawn = pygame.surfarray.make_surface(picture.swapaxes(0, 1))
        if self._window is None:
            pygame.display.init()
            self._window = pygame.Window(self._title, drawn.get_size(), allow_high_dpi=True)
            self._clock = pygame.time.Clock()
            Window._opened += 1
        for event in pygame.event.get([pygame.QUIT, pygame.WINDOWCLOSE]):
            if event.type == pygame.QUIT or event.window is self._window:
                return self.close()
            pygame.event.post(event)  # of another window
        surface = self._window.get_surface()
        # A high-density screen has several pixels for each pixel of the picture.
        surface.blit(pygame.transform.scale(drawn, surface.get_size()), (0, 0))
        self._window.flip()
        self._clock.tick(self._fps)

    def close(self) -> None:
        """Close the window for good."""
        self._closed = True
        if self._window is not None and self._process == os.getpid():
            self._window.destroy()
            self._window = None
            Window._opened -= 1
            if not Window._opened:
                self._pygame.display.quit()
