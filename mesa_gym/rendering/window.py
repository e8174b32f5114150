"""Windows by pygame-ce, an extra: for ``render_mode="human"`` and for the viewer."""

from __future__ import annotations

import os
from types import ModuleType
from typing import Any

import numpy as np
from gymnasium.error import DependencyNotInstalled
from numpy.typing import NDArray

from mesa_gym.errors import missing_extra


def load_pygame() -> ModuleType:
    """Import pygame-ce without its greeting and its handlers of signals.

    SIGTERM then ends a program as usual, where SDL would only close the window. Where Wayland
    cannot be reached, its library would print a line before SDL tries the next way to a display.

    Raises:
        ImportError: pygame-ce is missing, or pygame was installed over it; the message names the
            commands that help.
    """
    os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
    os.environ.setdefault("SDL_NO_SIGNAL_HANDLERS", "1")
    if not os.environ.get("XDG_RUNTIME_DIR", "").startswith("/"):
        os.environ.setdefault("WAYLAND_DISPLAY", os.devnull)
    try:
        import pygame
    except ImportError:
        raise missing_extra("pygame-ce", "viewer") from None
    if not getattr(pygame, "IS_CE", False):
        raise ImportError(
            "this needs pygame-ce, but the package that 'import pygame' finds is pygame, or what is"
            " left where both were installed; put it right with two commands:"
            " pip uninstall -y pygame pygame-ce, then pip install pygame-ce"
        )
    return pygame


def open_window(title: str, size: tuple[int, int]) -> Any:
    """Open a window, a ``pygame.Window``, of a width and height that its user may change.

    The window uses all pixels of a high-density screen, so its surface may be larger than its size.
    ``SDL_VIDEODRIVER=dummy`` gives one that stays unseen, for tests.

    Raises:
        ImportError: pygame-ce is not installed.
        OSError: there is no display.
    """
    pygame = load_pygame()
    try:
        pygame.display.init()
        driver = pygame.display.get_driver()
        # SDL falls back to these where there is no display: windows that stay unseen.
        if driver in ("offscreen", "dummy") and driver != os.environ.get("SDL_VIDEODRIVER"):
            raise pygame.error("no video device")
        return pygame.Window(title, size, resizable=True, allow_high_dpi=True)
    except pygame.error as error:
        pygame.display.quit()
        raise OSError(
            f"there is no display to open a window on ({error}); set DISPLAY, or do without:"
            " mesa-gym watch --headless --record FILE writes pictures and films, and"
            " render_mode='rgb_array' gives arrays"
        ) from None


class Window:
    """Shows pictures, one after the other, at a steady rate.

    When its user closes the window, it stays closed: later pictures are ignored, and the program
    runs on. Without a display nothing is shown. A forked process neither draws nor closes the
    window, whose connection to the display it shares.
    """

    _opened = 0  # windows of all environments: the last one to close ends the display

    def __init__(self, title: str, fps: int) -> None:
        try:
            self._pygame: Any = load_pygame()
        except ImportError as error:
            raise DependencyNotInstalled(f"render_mode='human': {error}") from None
        self._title, self._fps = title, fps
        self._window: Any = None
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
        # A high-density screen has several pixels for each of the picture's.
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
