"""Painter of shapes and text in points, sharp at any number of pixels per point."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mesa_gym.engine import RGB, Bytes
from mesa_gym.rendering.colours import BASE_COLOUR, PROXY_COLOURS
from mesa_gym.rendering.window import load_pygame
from mesa_gym.terminal import printable

if TYPE_CHECKING:
    import pygame

PAPER: RGB = (222, 224, 228)
SHEET: RGB = (255, 255, 255)
TEXT: RGB = (26, 28, 36)
QUIET: RGB = (92, 96, 108)  # for minor text; its contrast on SHEET is 6:1
RULE: RGB = (196, 199, 206)
EMPTY_CELL: RGB = (236, 237, 240)  # of an observation plane
# Heights of lines of text, in points.
HEADING = 26.0
TITLE = 20.0
BODY = 17.0
SMALL = 15.0

# Colours of objectives, the base first; a trap has at most four objectives.
PALETTE: tuple[RGB, ...] = (BASE_COLOUR, *PROXY_COLOURS)
# Each objective also has a shape, so that no reader needs colours; coordinates are -1 to 1.
OBJECTIVE_SHAPES: tuple[Sequence[tuple[float, float]], ...] = (
    (),  # a disc
    ((-0.85, -0.85), (0.85, -0.85), (0.85, 0.85), (-0.85, 0.85)),
    ((0, -1), (0.95, 0.8), (-0.95, 0.8)),
    ((0, -1), (1, 0), (0, 1), (-1, 0)),
)

FONT = Path(__file__).with_name("font.ttf")  # DejaVu Sans; its licence is in font-license.txt
EM = 0.76  # font size as a share of the line's height
ELLIPSIS = "..."
Point = tuple[float, float]


@dataclass(frozen=True)
class Box:
    """A rectangle in points; y runs down."""

    left: float
    top: float
    width: float
    height: float

    @property
    def right(self) -> float:
        """Return the x of the right edge."""
        return self.left + self.width

    @property
    def bottom(self) -> float:
        """Return the y of the lower edge."""
        return self.top + self.height

    @property
    def middle(self) -> Point:
        """Return the (x, y) of the centre."""
        return self.left + self.width / 2, self.top + self.height / 2

    def contains(self, x: float, y: float) -> bool:
        """Return whether the box contains the point (x, y)."""
        return self.left <= x < self.right and self.top <= y < self.bottom

    def within(self, other: Box) -> Box:
        """Return the box moved right and down by the left and top of ``other``."""
        return Box(other.left + self.left, other.top + self.top, self.width, self.height)

    def inset(self, by: float) -> Box:
        """Return the box with every side moved inward by ``by``."""
        return Box(self.left + by, self.top + by, self.width - 2 * by, self.height - 2 * by)


class Painter:
    """A painter of one pygame surface, with ``scale`` pixels per point."""

    def __init__(self, surface: pygame.Surface, scale: float = 1.0) -> None:
        self.surface, self.scale = surface, scale
        self.pygame = load_pygame()
        self.pygame.font.init()

    @property
    def size(self) -> tuple[float, float]:
        """Return the surface's width and height in points."""
        width, height = self.surface.get_size()
        return width / self.scale, height / self.scale

    def pixels(self, points: float) -> int:
        """Return points as a whole number of pixels."""
        return round(points * self.scale)

    def rect(self, box: Box) -> pygame.Rect:
        """Return a box as a pygame.Rect; boxes that touch give rectangles that touch."""
        left, top = self.pixels(box.left), self.pixels(box.top)
        right, bottom = self.pixels(box.right), self.pixels(box.bottom)
        return self.pygame.Rect(left, top, right - left, bottom - top)

    def colour(self, objective: int) -> RGB:
        """Return the colour of objective number ``objective``."""
        return PALETTE[objective % len(PALETTE)]

    def fill(self, box: Box, colour: RGB, round_by: float = 0.0) -> None:
        """Fill a box."""
        radius = self.pixels(round_by)
        self.pygame.draw.rect(self.surface, colour, self.rect(box), border_radius=radius)

    def frame(self, box: Box, colour: RGB, width: float = 1.0, round_by: float = 0.0) -> None:
        """Draw the edge of a box, inside it."""
        thick, radius = max(1, self.pixels(width)), self.pixels(round_by)
        self.pygame.draw.rect(self.surface, colour, self.rect(box), thick, border_radius=radius)

    def line(self, points: Sequence[Point], colour: RGB, width: float = 1.0) -> None:
        """Draw a line through ``points``, with round joints."""
        at = [(x * self.scale, y * self.scale) for x, y in points]
        thick = max(1, self.pixels(width))
        for a, b in pairwise(at):
            self.pygame.draw.line(self.surface, colour, a, b, thick)
        for x, y in at if thick > 2 else ():
            self.pygame.draw.aacircle(self.surface, colour, (x, y), thick / 2)

    def disc(self, x: float, y: float, radius: float, colour: RGB, width: float = 0.0) -> None:
        """Draw a disc, or with ``width`` a ring inside its edge."""
        thick = 0 if width == 0 else max(1, self.pixels(width))
        centre = (x * self.scale, y * self.scale)
        self.pygame.draw.aacircle(self.surface, colour, centre, radius * self.scale, thick)

    def mark(self, objective: int, x: float, y: float, radius: float) -> None:
        """Draw the shape of objective number ``objective``, with a light edge around it."""
        for size, tone in ((radius + 1.5, SHEET), (radius, self.colour(objective))):
            if corners := OBJECTIVE_SHAPES[objective % len(OBJECTIVE_SHAPES)]:
                at = [
                    ((x + dx * size) * self.scale, (y + dy * size) * self.scale)
                    for dx, dy in corners
                ]
                self.pygame.draw.polygon(self.surface, tone, at)
            else:
                self.disc(x, y, size * 0.95, tone)

    def picture(self, picture: pygame.Surface | Bytes, x: float, y: float) -> None:
        """Put a surface or RGB array at (x, y), its upper left corner, without scaling."""
        surface = as_surface(picture) if isinstance(picture, np.ndarray) else picture
        self.surface.blit(surface, (self.pixels(x), self.pixels(y)))

    def text(
        self,
        text: str,
        x: float,
        y: float,
        size: float = BODY,
        colour: RGB = TEXT,
        align: str = "left",
        width: float | None = None,
    ) -> float:
        """Write one line; a text wider than ``width`` ends in an ellipsis, or is left out.

        ``x`` is the edge, or the middle, that ``align`` names: ``left``, ``middle`` or ``right``.
        ``y`` is the upper edge of the line, ``size`` its height, and ``width`` its maximum width.

        Returns:
            The width of the written text in points.
        """
        if width is not None and self.measure(text, size) > width:
            room = width - self.measure(ELLIPSIS, size)
            kept = text[: self._letters_within(text, size, room)].rstrip() if room > 0 else ""
            text = kept and kept + ELLIPSIS
        drawn = _render_text(text, self._em(size), colour)
        wide, high = (side / self.scale for side in drawn.get_size())
        left = x - {"left": 0.0, "middle": wide / 2, "right": wide}[align]
        self.picture(drawn, left, y + max(0.0, size - high) / 2)
        return float(wide)

    def lines(self, text: str, width: float, size: float) -> list[str]:
        """Break a text into lines at spaces, or inside a word that is wider than a line."""
        lines = []
        for paragraph in text.split("\n"):
            line = ""
            for word in paragraph.split():
                longer = f"{line} {word}".strip()
                if self.measure(longer, size) <= width:
                    line = longer
                    continue
                if line:
                    lines.append(line)
                line = word
                while len(line) > 1 and self.measure(line, size) > width:
                    end = max(self._letters_within(line, size, width), 1)
                    lines.append(line[:end])
                    line = line[end:]
            lines.append(line)
        return lines

    def measure(self, text: str, size: float = BODY) -> float:
        """Return the width of a text, written in one line, in points."""
        return _width(text, self._em(size)) / self.scale

    def _letters_within(self, text: str, size: float, width: float) -> int:
        lengths = range(len(text) + 1)
        return bisect_right(lengths, width, key=lambda n: self.measure(text[:n], size)) - 1

    def _em(self, size: float) -> int:
        """Return the font size in pixels for a line of height ``size`` points."""
        return max(6, round(size * EM * self.scale))


# Fonts and rendered texts do not depend on the surface, so they are cached.
@lru_cache(maxsize=64)
def _font(pixels: int) -> pygame.Font:
    return load_pygame().font.Font(FONT, pixels)


@lru_cache(maxsize=4096)
def _width(text: str, pixels: int) -> int:
    return int(_font(pixels).size(printable(text))[0])


@lru_cache(maxsize=400)
def _render_text(text: str, pixels: int, colour: RGB) -> pygame.Surface:
    return _font(pixels).render(printable(text), True, colour)


def as_surface(picture: Bytes) -> pygame.Surface:
    """Return an RGB picture, uint8 (height, width, 3), as a surface."""
    height, width, _ = picture.shape
    pixels = np.ascontiguousarray(picture)
    return load_pygame().image.frombuffer(pixels, (width, height), "RGB")
