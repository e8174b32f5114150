"""The optional package that shows windows and writes text."""

from __future__ import annotations

import os
from types import ModuleType

from mesa_gym.errors import missing_extra


def load_pygame() -> ModuleType:
    """Import pygame-ce without its greeting.

    Raises:
        ImportError: it is not installed; the message names the extra.
    """
    os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
    try:
        import pygame
    except ImportError:
        raise missing_extra("pygame", "viewer") from None
    return pygame
