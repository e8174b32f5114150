"""A strip of an episode's moments, laid out for a paper, and as SVG."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mesa_gym.rendering.png import data_uri
from mesa_gym.report.strip import Moment
from mesa_gym.report.svg import element
from mesa_gym.terminal import printable

# In pixels: across the width of a page, lines are the size of a footnote.
MARGIN, MOST_WIDE, TITLE, CAPTION = 20.0, 2000.0, 34.0, 26.0
LETTER, EM = 0.52, 0.75  # of a line of height 1: the width of a letter, generously, and its size
PAPER, INK = "#ffffff", "#1a1c24"


class TextLine(NamedTuple):
    """A line of text with its left and upper edge and its height, in pixels."""

    text: str
    left: float
    top: float
    high: float


@dataclass(frozen=True)
class Strip:
    """A strip that is laid out.

    Attributes:
        title: what it is of.
        width, height: in pixels.
        pictures: each with its left and upper edge.
        lines: of text.
    """

    title: str
    width: float
    height: float
    pictures: list[tuple[NDArray[np.uint8], float, float]]
    lines: list[TextLine]

    def svg(self) -> str:
        """Return it as a SVG file, which carries its pictures in itself; its text is text."""
        sides: dict[str, str | float] = {"width": self.width, "height": self.height}
        shapes = [element("title", {}, escape(printable(self.title)))]
        shapes.append(element("rect", {**sides, "fill": PAPER}))
        for picture, x, y in self.pictures:
            high, wide, _ = picture.shape
            place = {"x": x, "y": y, "width": wide, "height": high}
            shapes.append(element("image", {**place, "xlink:href": data_uri(picture)}))
        for text, x, y, size in self.lines:
            look = {"font-size": f"{EM * size:g}", "fill": INK}
            shapes.append(element("text", {"x": x, "y": y + EM * size, **look}, escape(text)))
        root = {
            "xmlns": "http://www.w3.org/2000/svg",
            "xmlns:xlink": "http://www.w3.org/1999/xlink",
            "viewBox": f"0 0 {self.width:g} {self.height:g}",
            "font-family": "Helvetica, Arial, sans-serif",
            **sides,
        }
        return element("svg", root, "\n".join(shapes)) + "\n"


def lay_out(title: str, moments: Sequence[Moment]) -> Strip:
    """Lay out pictures side by side, a title above, captions below; wide ones in several rows."""
    pictures = [moment.picture() for moment in moments]
    high, wide, _ = pictures[0].shape
    rows = math.ceil(len(pictures) * (wide + MARGIN) / MOST_WIDE)
    columns = math.ceil(len(pictures) / rows)
    width = MARGIN + columns * (wide + MARGIN)
    lines = _wrap_text(title, MARGIN, MARGIN, width - 2 * MARGIN, TITLE)
    bottom, placed = lines[-1].top + TITLE + MARGIN / 2, []
    for first in range(0, len(pictures), columns):
        for column, at in enumerate(range(first, min(first + columns, len(pictures)))):
            left = MARGIN + column * (wide + MARGIN)
            placed.append((pictures[at], left, bottom))
            caption = moments[at].caption
            lines += _wrap_text(caption, left, bottom + high + MARGIN / 2, wide, CAPTION)
        bottom = max(line.top + line.high for line in lines) + MARGIN
    return Strip(title, width, bottom, placed, lines)


def _wrap_text(text: str, x: float, y: float, width: float, size: float) -> list[TextLine]:
    wrapped = textwrap.wrap(printable(text), int(width / (LETTER * size)))
    return [TextLine(each, x, y + k * size, size) for k, each in enumerate(wrapped)]
