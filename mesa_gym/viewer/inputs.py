"""Inputs of a person, apart from pygame: keys, presses and drags in points."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Key:
    """A key was pressed, or is repeated while it is held.

    Attributes:
        name: what the key writes, in lower case ("a", "?", "+"); of one that writes nothing that
            is seen, pygame's name of it ("space", "left", "page up").
        shift, ctrl: whether these were held (Command counts as Control).
    """

    name: str
    shift: bool = False
    ctrl: bool = False


@dataclass(frozen=True)
class Press:
    """A mouse button went down; 1 is the left one, 3 the right one."""

    x: float
    y: float
    button: int = 1


@dataclass(frozen=True)
class Drag:
    """The mouse moved while its left button was down."""

    x: float
    y: float


@dataclass(frozen=True)
class Release:
    """The left mouse button went up."""

    x: float
    y: float


@dataclass(frozen=True)
class Wheel:
    """The wheel was turned; up is positive."""

    notches: int


@dataclass(frozen=True)
class Drop:
    """A file was dropped on the window."""

    path: str


Input = Key | Press | Drag | Release | Wheel | Drop


def read(pygame: Any, event: Any, points: float) -> Input | None:
    """Return what a pygame event means; None for events without use here.

    Args:
        pygame: the module.
        event: any of its events.
        points: points per unit in which the window counts the mouse's place.
    """
    if event.type == pygame.KEYDOWN:
        shift = bool(event.mod & pygame.KMOD_SHIFT)
        ctrl = bool(event.mod & (pygame.KMOD_CTRL | pygame.KMOD_META))
        written = getattr(event, "unicode", "")
        if len(written) == 1 and written.isprintable() and written != " ":
            return Key(written.lower(), shift, ctrl)
        name = pygame.key.name(event.key).lower()
        # Keys of the keypad are called "[8]".
        return Key(name.strip("[]") or name, shift, ctrl)
    if event.type == pygame.MOUSEBUTTONDOWN and event.button in (1, 3):
        return Press(event.pos[0] * points, event.pos[1] * points, event.button)
    if event.type == pygame.MOUSEMOTION and event.buttons[0]:
        return Drag(event.pos[0] * points, event.pos[1] * points)
    if event.type == pygame.MOUSEBUTTONUP and event.button == 1:
        return Release(event.pos[0] * points, event.pos[1] * points)
    if event.type == pygame.MOUSEWHEEL and event.y:
        return Wheel(event.y)
    if event.type == pygame.DROPFILE:
        return Drop(event.file)
    return None
