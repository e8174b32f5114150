"""A window for ``render_mode="human"``."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mesa_gym.rendering.pygame import load_pygame


class Window:
    """Shows pictures, one after the other, at a steady rate.

    When its user closes the window, it stays closed: pictures are then passed over, and whatever
    was running runs on.

    Args:
        title: what the title bar says.
        fps: pictures a second at most.

    Raises:
        ImportError: pygame-ce is not installed.
    """

    def __init__(self, title: str, fps: int) -> None:
        self._pygame = load_pygame()
        self._title, self._fps = title, fps
        self._screen: Any = None
        self._closed = False

    def show(self, picture: NDArray[np.uint8]) -> None:
        """Show an RGB picture, uint8 (height, width, 3)."""
        if self._closed:
            return
        pygame = self._pygame
        if self._screen is None:
            pygame.display.init()
            self._screen = pygame.display.set_mode((picture.shape[1], picture.shape[0]))
            pygame.display.set_caption(self._title)
            self._clock = pygame.time.Clock()
        if pygame.event.get(pygame.QUIT):
            self.close()
            return
        self._screen.blit(pygame.surfarray.make_surface(picture.swapaxes(0, 1)), (0, 0))
        pygame.event.pump()
        pygame.display.flip()
        self._clock.tick(self._fps)

    def close(self) -> None:
        """Close the window for good."""
        if self._screen is not None:
            self._pygame.display.quit()
            self._screen = None
        self._closed = True
