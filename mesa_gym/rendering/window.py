"""A window for ``render_mode="human"``."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
from gymnasium.error import DependencyNotInstalled
from numpy.typing import NDArray


class Window:
    """Shows pictures, one after the other, at a steady rate.

    When its user closes the window, it stays closed: pictures are then passed over, and what was
    running runs on. On a machine without a display nothing is to be seen.
    """

    _opened = 0  # windows of all environments: the last one to close ends the display

    def __init__(self, title: str, fps: int) -> None:
        os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
        # Else SIGTERM would close the window, and what was running would run on.
        os.environ.setdefault("SDL_NO_SIGNAL_HANDLERS", "1")
        try:
            import pygame
            import pygame.window  # the older package, of the same name here, has none
        except ImportError:
            raise DependencyNotInstalled(
                "render_mode='human' needs 'pygame-ce', which is not installed ('pygame' itself"
                ' will not do: uninstall it); install the extra: pip install "mesa-gym[viewer]"'
            ) from None
        self._pygame: Any = pygame
        self._title, self._fps = title, fps
        self._window: Any = None
        self._closed = False

    def show(self, picture: NDArray[np.uint8]) -> None:
        """Show an RGB picture, uint8 (height, width, 3)."""
        if self._closed:
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
        if self._window is not None:
            self._window.destroy()
            self._window = None
            Window._opened -= 1
            if not Window._opened:
                self._pygame.display.quit()
