"""A window for ``render_mode="human"``."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mesa_gym.rendering.pygame import load_pygame
from mesa_gym.rendering.window import open_window


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

    _opened = 0  # windows of all environments: the last one to close ends the display

    def __init__(self, title: str, fps: int) -> None:
        self._pygame = load_pygame()
        self._title, self._fps = title, fps
        self._window: Any = None
        self._closed = False

    def show(self, picture: NDArray[np.uint8]) -> None:
        """Show an RGB picture, uint8 (height, width, 3).

        Raises:
            OSError: there is no display.
        """
        if self._closed:
            return
        pygame = self._pygame
        if self._window is None:
            self._window = open_window(self._title, (picture.shape[1], picture.shape[0]))
            Window._opened += 1
            self._clock = pygame.time.Clock()
        if self._is_closed_by_its_user():
            self.close()
            return
        surface = self._window.get_surface()
        drawn = pygame.surfarray.make_surface(picture.swapaxes(0, 1))
        # A high-density screen has several pixels for each of the picture's.
        surface.blit(pygame.transform.scale(drawn, surface.get_size()), (0, 0))
        pygame.event.pump()
        self._window.flip()
        self._clock.tick(self._fps)

    def _is_closed_by_its_user(self) -> bool:
        """Whether an event asks for it; those of other windows are left to them."""
        pygame, mine = self._pygame, False
        for event in pygame.event.get([pygame.QUIT, pygame.WINDOWCLOSE]):
            if event.type == pygame.QUIT or event.window is self._window:
                mine = True
            else:
                pygame.event.post(event)
        return mine

    def close(self) -> None:
        """Close the window for good."""
        if self._window is not None:
            self._window.destroy()
            self._window = None
            Window._opened -= 1
            if not Window._opened:
                self._pygame.display.quit()
        self._closed = True
