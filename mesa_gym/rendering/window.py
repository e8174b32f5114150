"""A window, and what to do where there can be none."""

from __future__ import annotations

import os
from typing import Any

from mesa_gym.rendering.pygame import load_pygame

# What SDL falls back to where there is no display: windows that nobody sees.
UNSEEN = ("offscreen", "dummy")


def open_window(title: str, size: tuple[int, int], resizable: bool = False) -> Any:
    """Open a window, a ``pygame.Window``.

    It is opened with all the pixels that a high-density screen has, so its surface may be larger
    than its size. ``SDL_VIDEODRIVER=dummy`` gives one that nobody sees, for tests.

    Args:
        title: what the title bar says.
        size: width and height.
        resizable: whether its user may change them.

    Raises:
        ImportError: pygame-ce is not installed.
        OSError: there is no display.
    """
    pygame = load_pygame()
    try:
        pygame.display.init()
        driver = pygame.display.get_driver()
        if driver in UNSEEN and driver != os.environ.get("SDL_VIDEODRIVER"):
            raise pygame.error("no video device")
        return pygame.Window(title, size, resizable=resizable, allow_high_dpi=True)
    except pygame.error as error:
        pygame.display.quit()
        raise OSError(
            f"there is no display to open a window on ({error}); set DISPLAY, or do without:"
            " mesa-gym watch --headless --record FILE writes pictures and films, and"
            " render_mode='rgb_array' gives arrays"
        ) from None
