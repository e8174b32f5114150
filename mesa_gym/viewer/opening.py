"""The beginning of a screen: its size, its speed, what is shown on it."""

from __future__ import annotations

from dataclasses import dataclass

from mesa_gym.viewer.actors import Human
from mesa_gym.viewer.app import LEAST, SIZE, Screen
from mesa_gym.viewer.overlays import parse_overlays
from mesa_gym.viewer.session import SPEEDS, Session
from mesa_gym.viewer.watching import WatchScreen

# Pixels a point, and the sides of a picture: larger ones would fill the memory.
SCALES = (0.5, 8.0)
MOST = (7680, 4320)
HINT = "Space plays and pauses, i puts training and shift side by side, ? lists all keys"


@dataclass(frozen=True)
class Look:
    """The beginning of a screen.

    Attributes:
        size: width and height in pixels.
        scale: pixels a point.
        speed: one of ``SPEEDS``.
        overlays: names with commas between, or "all".
        panel: whether there is one.

    Raises:
        ValueError: one of these cannot be.
    """

    size: tuple[int, int] = SIZE
    scale: float = 1.0
    speed: float = 1.0
    overlays: str = ""
    panel: bool = True

    def __post_init__(self) -> None:
        if not SCALES[0] <= self.scale <= SCALES[1]:
            raise ValueError(f"scale {self.scale:g}: expected {SCALES[0]:g} to {SCALES[1]:g}")
        least = tuple(round(side * self.scale) for side in LEAST)
        if not all(a <= b <= c for a, b, c in zip(least, self.size, MOST, strict=True)):
            raise ValueError(
                f"size {_by(self.size)}: expected {_by(least)} to {_by(MOST)} at scale"
                f" {self.scale:g}"
            )
        if self.speed not in SPEEDS:
            valid = ", ".join(f"{speed:g}" for speed in SPEEDS)
            raise ValueError(f"speed {self.speed:g}: expected one of {valid}")

    def screen(self, session: Session, back: Screen | None = None) -> WatchScreen:
        """Return the screen that shows a session in this way.

        Args:
            session: what is watched.
            back: the screen that one goes back to; None to end with this one.

        Raises:
            UnknownNameError: the trap has no such overlay.
        """
        session.shown = parse_overlays(session.trap, self.overlays)
        session.speed = self.speed
        return WatchScreen(session, self.panel, back)


def greet(session: Session) -> None:
    """Begin as in a window: the clock runs, and a line says how to go on."""
    session.message = HINT
    session.play(not isinstance(session.pane.seat.player, Human))


def _by(size: tuple[int, ...]) -> str:
    return "x".join(map(str, size))
