"""A window for ``render_mode="human"``."""

from __future__ import annotations

from typing import Any

import numpy as np
from gymnasium.error import DependencyNotInstalled
from numpy.typing import NDArray

from mesa_gym.rendering.pygame import load_pygame


class Window:
    """Shows pictures, one after the other, at a steady rate.

    When its user closes the window, it stays closed: later pictures are ignored, and the program
    runs on. Without a display nothing is shown.
    """

    _opened = 0  # windows of all environments: the last one to close ends the display

    def __init__(self, title: str, fps: int) -> None:
        try:
            self._pygame: Any = load_pygame()
        except ImportError as error:
            raise DependencyNotInstalled(f"render_mode='human': {error}") from None
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
