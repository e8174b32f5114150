"""The optional package for windows and text, and its use without a display."""

from __future__ import annotations

import os
from types import ModuleType
from typing import Any

from mesa_gym.errors import missing_extra


def load_pygame() -> ModuleType:
    """Import pygame-ce without its greeting and its handlers of signals.

    SIGTERM then ends a program as usual, where SDL would only close the window.

    Raises:
        ImportError: pygame-ce is missing, or pygame was installed over it; the message names the
            commands that help.
    """
    os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
    os.environ.setdefault("SDL_NO_SIGNAL_HANDLERS", "1")
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


def open_window(title: str, size: tuple[int, int], resizable: bool = False) -> Any:
    """Open a window, a ``pygame.Window``, of a width and height that its user may change or not.

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
        return pygame.Window(title, size, resizable=resizable, allow_high_dpi=True)
    except pygame.error as error:
        pygame.display.quit()
        raise OSError(
            f"there is no display to open a window on ({error}); set DISPLAY, or do without:"
            " mesa-gym watch --headless --record FILE writes pictures and films, and"
            " render_mode='rgb_array' gives arrays"
        ) from None
