"""A contact strip for papers: at most six moments of one episode side by side, PNG or SVG."""

from __future__ import annotations

import io
import math
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mesa_gym.engine import RGB
from mesa_gym.files import write_bytes, write_text
from mesa_gym.rendering.png import data_uri
from mesa_gym.rendering.pygame import load_pygame
from mesa_gym.report.strip import Moment, told
from mesa_gym.report.svg import element
from mesa_gym.terminal import printable
from mesa_gym.viewer.pen import Pen, as_surface
from mesa_gym.viewer.theme import CARD, INK
from mesa_gym.viewer.timeline import Pane

KINDS = (".png", ".svg")
MARGIN = 20.0
MOST_WIDE = 2000.0  # wider ones would be too small across a page
# Heights of lines: across the width of a page they are the size of a footnote.
TITLE, CAPTION = 34.0, 26.0
LETTER = 0.52  # the width of a letter, generously, in a line of height 1
BASELINE, LETTERS = 0.75, 0.75  # of a line of height 1: where letters stand, their size


@dataclass(frozen=True)
class Line:
    """A line of text, and where its upper left corner is."""

    text: str
    x: float
    y: float
    size: float


@dataclass(frozen=True)
class Frame:
    """A picture, and where its upper left corner is."""

    picture: NDArray[np.uint8]
    x: float
    y: float


@dataclass(frozen=True)
class Strip:
    """A strip that is laid out.

    Attributes:
        title: what it is of.
        width, height: in pixels.
        frames: from the first moment to the last.
        lines: all text.
    """

    title: str
    width: float
    height: float
    frames: list[Frame]
    lines: list[Line]


def write_strip(path: Path, pane: Pane) -> None:
    """Write the contact strip of a pane's episode, whole or not at all.

    Args:
        path: ends in ``.png`` or ``.svg``; a SVG carries its pictures in itself, and its text is
            text.
        pane: the episode, as far as it has gone.

    Raises:
        ValueError: another kind of file.
        OSError: it cannot be written.
    """
    if require_kind(path) == ".svg":
        write_text(path, svg(contact_strip(pane)))
    else:
        write_bytes(path, png(contact_strip(pane)))


def require_kind(path: Path) -> str:
    """Return the suffix of a strip, in lower case; ValueError for another kind of file."""
    kind = path.suffix.lower()
    if kind not in KINDS:
        raise ValueError(f"cannot draw a strip as {path}: its name must end in {', '.join(KINDS)}")
    return kind


def contact_strip(pane: Pane) -> Strip:
    """Return the strip of an episode: its title, and at most six moments.

    They are the start, what was paid, the end, and some between.
    """
    edited = ", edited" if pane.edited else ""
    title = f"{pane.trap.name()}, {pane.seat.play} level {pane.level}{edited}"
    return laid_out(f"{title}: {pane.seat.player.name}", moments_of(pane))


def moments_of(pane: Pane) -> list[Moment]:
    """Return at most six moments of an episode, as far as it has gone."""
    line = pane.line
    late = line.over and not line.terminated
    paid = [step.paid for step in line.steps]
    return told(pane.trap, line.states, paid, "time is up" if late else "")


def laid_out(title: str, moments: Sequence[Moment]) -> Strip:
    """Lay out pictures side by side, a title above, captions below; wide ones in several rows."""
    pictures = [moment.picture() for moment in moments]
    high, wide, _ = pictures[0].shape
    rows = math.ceil(len(pictures) * (wide + MARGIN) / MOST_WIDE)
    columns = math.ceil(len(pictures) / rows)
    width = MARGIN + columns * (wide + MARGIN)
    lines = _lines(title, MARGIN, MARGIN, width - 2 * MARGIN, TITLE)
    bottom = lines[-1].y + TITLE - MARGIN / 2
    frames = []
    for first in range(0, len(pictures), columns):
        top = bottom + MARGIN
        below = top + high + MARGIN / 2
        for column, at in enumerate(range(first, min(first + columns, len(pictures)))):
            left = MARGIN + column * (wide + MARGIN)
            frames.append(Frame(pictures[at], left, top))
            lines += _lines(moments[at].caption, left, below, wide, CAPTION)
        bottom = max(line.y + line.size for line in lines)
    return Strip(title, width, bottom + MARGIN, frames, lines)


def _lines(text: str, x: float, y: float, width: float, size: float) -> list[Line]:
    wrapped = textwrap.wrap(printable(text), int(width / (LETTER * size)))
    return [Line(each, x, y + k * size, size) for k, each in enumerate(wrapped)]


def png(strip: Strip) -> bytes:
    """Return a strip as a PNG file."""
    pygame = load_pygame()
    surface = pygame.Surface((round(strip.width), round(strip.height)))
    surface.fill(CARD)
    pen = Pen(surface)
    for frame in strip.frames:
        pen.picture(as_surface(pygame, frame.picture), frame.x, frame.y)
    for line in strip.lines:
        pen.text(line.text, line.x, line.y, line.size)
    file = io.BytesIO()
    pygame.image.save(surface, file, "strip.png")
    return file.getvalue()


def svg(strip: Strip) -> str:
    """Return a strip as an SVG file."""
    shapes = [element("title", {}, escape(printable(strip.title)))]
    size: dict[str, str | float] = {"width": strip.width, "height": strip.height}
    shapes.append(element("rect", size | {"fill": _hex(CARD)}))
    for frame in strip.frames:
        height, width, _ = frame.picture.shape
        place = {"x": frame.x, "y": frame.y, "width": width, "height": height}
        shapes.append(element("image", place | {"xlink:href": data_uri(frame.picture)}))
    for line in strip.lines:
        at: dict[str, str | float] = {"x": line.x, "y": line.y + BASELINE * line.size}
        letters = {"font-size": f"{LETTERS * line.size:g}", "fill": _hex(INK)}
        shapes.append(element("text", at | letters, escape(line.text)))
    root = {
        "xmlns": "http://www.w3.org/2000/svg",
        "xmlns:xlink": "http://www.w3.org/1999/xlink",
        "viewBox": f"0 0 {strip.width:g} {strip.height:g}",
        "font-family": "Helvetica, Arial, sans-serif",
        **size,
    }
    return element("svg", root, "\n".join(shapes)) + "\n"


def _hex(colour: RGB) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)
