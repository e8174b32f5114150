"""Colours and shapes: of objectives, and of the frame around them."""

from __future__ import annotations

from collections.abc import Sequence

from mesa_gym.engine import RGB

PAPER: RGB = (222, 224, 228)
CARD: RGB = (255, 255, 255)
INK: RGB = (26, 28, 36)
QUIET: RGB = (92, 96, 108)  # second to ink; 6:1 on a card
RULE: RGB = (196, 199, 206)
FOCUS: RGB = (26, 28, 36)
EMPTY: RGB = (236, 237, 240)  # of a plane
HEADING, TITLE, BODY, SMALL = 26.0, 20.0, 17.0, 15.0  # heights of lines of text, in points

# For objectives, the base first; a trap has four at most. All can be told apart with red-green and
# blue-yellow colour blindness: Okabe and Ito 2008, "Color Universal Design"; Tol 2021, "Colour
# schemes", bright. The last has no hue at all.
PALETTES: dict[str, tuple[RGB, ...]] = {
    "okabe-ito": ((0, 114, 178), (213, 94, 0), (0, 158, 115), (204, 121, 167)),
    "tol": ((68, 119, 170), (238, 102, 119), (34, 136, 51), (170, 51, 119)),
    "grey": ((20, 20, 20), (110, 110, 110), (160, 160, 160), (70, 70, 70)),
}
# Every objective has a shape of its own too, so that colour is never needed; on the unit square.
SHAPES: tuple[Sequence[tuple[float, float]], ...] = (
    (),  # a disc
    ((-0.85, -0.85), (0.85, -0.85), (0.85, 0.85), (-0.85, 0.85)),
    ((0, -1), (0.95, 0.8), (-0.95, 0.8)),
    ((0, -1), (1, 0), (0, 1), (-1, 0)),
)
