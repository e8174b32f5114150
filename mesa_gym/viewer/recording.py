"""Recording what is watched, without a window: pictures, films and action traces."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import numpy as np

from mesa_gym.rendering import write_png
from mesa_gym.rendering.pygame import load_pygame
from mesa_gym.terminal import Progress
from mesa_gym.viewer.film import MOST_A_SECOND, Picture, write_film
from mesa_gym.viewer.pen import Pen
from mesa_gym.viewer.session import RATE, Session
from mesa_gym.viewer.theme import PAPER
from mesa_gym.viewer.tracing import episode_trace

KINDS = (".png", *MOST_A_SECOND, ".trace")


class Shown(Protocol):
    """A screen that shows a session.

    Attributes:
        session: what is watched.
    """

    session: Session

    def settle(self) -> None:
        """Let all episodes come to their end, and find all that is shown of them."""

    def draw(self, pen: Pen) -> None:
        """Draw everything; the surface has been cleared."""


def frame(screen: Shown, size: tuple[int, int], scale: float = 1.0) -> Picture:
    """Return what the screen shows now.

    Args:
        screen: drawn as it would be in a window.
        size: width and height in pixels.
        scale: pixels a point.

    Returns:
        uint8 (height, width, 3).
    """
    pygame = load_pygame()
    surface = pygame.Surface(size)
    surface.fill(PAPER)
    screen.draw(Pen(surface, scale))
    width, height = size
    pixels = np.frombuffer(pygame.image.tobytes(surface, "RGB"), dtype=np.uint8)
    return pixels.reshape(height, width, 3)


def frames(
    screen: Shown, size: tuple[int, int], scale: float = 1.0, every: int = 1
) -> Iterator[Picture]:
    """Yield pictures of all that is watched, to the last step of the longest episode.

    All episodes come to their end first. Afterwards the clock is where it was, and stands still.

    Args:
        screen: what shows it.
        size: width and height in pixels.
        scale: pixels a point.
        every: which steps to show, counted from the first; the last is shown in any case.

    Yields:
        uint8 (height, width, 3).
    """
    session = screen.session
    screen.settle()
    before = session.cursor
    session.play(False)
    try:
        for t in shown_steps(session.length, every):
            session.seek(t)
            yield frame(screen, size, scale)
    finally:
        session.seek(before)


def shown_steps(length: int, every: int) -> list[int]:
    """Return every so many steps of an episode, and the last."""
    return sorted({*range(0, length, every), length})


def pace(speed: float, most: float) -> tuple[int, float]:
    """Find how a speed is kept with at most so many pictures a second.

    Returns:
        Which steps to show (each, every second, ...), and pictures a second.
    """
    rate = RATE * speed
    every = max(1, math.ceil(rate / most))
    return every, rate / every


def record(
    screen: Shown,
    path: Path,
    size: tuple[int, int],
    scale: float = 1.0,
    step: int | None = None,
) -> None:
    """Write what is watched to a file, whole or not at all.

    Args:
        screen: what shows it; all its episodes come to their end.
        path: by its suffix a picture (``.png``), a film at the session's speed (``.gif``,
            ``.mp4``) or the actions of the episode in focus (``.trace``).
        size: width and height in pixels.
        scale: pixels a point.
        step: which one a picture shows; by default the last.

    Raises:
        ValueError: another suffix, no such step, or an episode that makes no trace.
        ImportError: imageio-ffmpeg is not installed.
        OSError: the file cannot be written.
        PolicyError: a policy failed.
    """
    kind, session = require_kind(path), screen.session
    screen.settle()
    if kind == ".trace":
        episode_trace(session.pane).save(path)
    elif kind == ".png":
        write_png(path, _picture(screen, size, scale, step))
    else:
        every, fps = pace(session.speed, MOST_A_SECOND[kind])
        total = len(shown_steps(session.length, every))
        with Progress(f"record {path.name}", total, "frames") as advance:

            def counted() -> Iterator[Picture]:
                for picture in frames(screen, size, scale, every):
                    yield picture
                    advance(1)

            write_film(path, counted(), fps)


def require_kind(path: Path) -> str:
    """Return the suffix of a recording, in lower case; ValueError for another kind of file."""
    kind = path.suffix.lower()
    if kind not in KINDS:
        raise ValueError(f"cannot record {path}: its name must end in {', '.join(KINDS)}")
    return kind


def _picture(screen: Shown, size: tuple[int, int], scale: float, step: int | None) -> Picture:
    session = screen.session
    shown = session.length if step is None else step
    if not 0 <= shown <= session.length:
        raise ValueError(f"step {shown}: what is watched has steps 0 to {session.length}")
    before = session.cursor
    session.play(False)
    session.seek(shown)
    try:
        return frame(screen, size, scale)
    finally:
        session.seek(before)
