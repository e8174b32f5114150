"""An episode as a strip: the moments that are worth a picture, and an SVG of them for a paper."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from html import escape
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mesa_gym.engine import State
from mesa_gym.rendering.png import data_uri
from mesa_gym.rendering.raster import render_rgb
from mesa_gym.terminal import printable
from mesa_gym.traps import Trap

FRAMES = 6
# In pixels: across the width of a page, lines are the size of a footnote.
MARGIN, MOST_WIDE, TITLE, CAPTION = 20, 2000, 34, 26
LETTER, EM = 0.52, 0.75  # of a line of height 1: the width of a letter, generously, and its size
PAPER, INK = "#ffffff", "#1a1c24"
ROOT = (
    '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="{0}"'
    ' height="{1}" viewBox="0 0 {0} {1}" font-family="Helvetica, Arial, sans-serif"><title>{2}'
    f'</title><rect width="{{0}}" height="{{1}}" fill="{PAPER}"/>\n{{3}}\n</svg>\n'
)
IMAGE = '<image x="{}" y="{}" width="{}" height="{}" xlink:href="{}"/>'


class Moment(NamedTuple):
    """A moment of an episode.

    Attributes:
        trap: whose state.
        state: a batch of one.
        caption: which step it is, and what it paid.
    """

    trap: Trap
    state: State
    caption: str

    def picture(self, tile: int = 32) -> NDArray[np.uint8]:
        """Draw the state with so many pixels a cell, uint8 (height, width, 3)."""
        return render_rgb(self.trap, self.state, tile)[0]


class PlayedEpisode(NamedTuple):
    """An episode that was played.

    Attributes:
        trap: the rules.
        states: batches of one, one more than there are actions.
        paid: for each action, objective -> what it paid.
        end: added to the caption of the last moment.
    """

    trap: Trap
    states: Sequence[State]
    paid: Sequence[Mapping[str, float]]
    end: str = ""


def choose_moments(played: PlayedEpisode) -> list[Moment]:
    """Return at most six moments: the start, payments, the end, and some between."""
    trap, states, paid = played.trap, played.states, played.paid
    captions, paying = ["start"], []
    for t, payments in enumerate(paid, start=1):
        pays = ", ".join(f"{x} {pay:+g}" for x, pay in payments.items() if pay)
        captions.append(f"step {t}: {pays}" if pays else f"step {t}")
        paying += [t] * bool(pays)
    captions[-1] = ": ".join(filter(None, [captions[-1], played.end]))
    seen = trap.observe(trap.joined(list(states)))
    changing = [t for t in range(1, len(states)) if (seen[t] != seen[t - 1]).any()]
    steps = sorted({0, *changing, *paying, len(paid)})
    # The first payments, and as many others evenly apart as there is room for.
    chosen = {0, steps[-1], *paying[: FRAMES - 2]}
    others = [step for step in steps if step not in chosen]
    spread = np.linspace(0, len(others) - 1, min(FRAMES - len(chosen), len(others)), dtype=int)
    chosen |= {others[at] for at in spread}
    return [Moment(trap, states[t], captions[t]) for t in sorted(chosen)]


def draw_strip(title: str, moments: Sequence[Moment]) -> str:
    """Return an SVG of pictures side by side, a title above, captions below.

    Wide ones stand in several rows. It carries its pictures in itself, and its text is text.
    """
    pictures = [moment.picture() for moment in moments]
    high, wide, _ = pictures[0].shape
    rows = -(-len(pictures) * (wide + MARGIN) // MOST_WIDE)
    columns = -(-len(pictures) // rows)
    width = MARGIN + columns * (wide + MARGIN)
    shapes, bottom = _write_lines(title, MARGIN, MARGIN, width - 2 * MARGIN, TITLE)
    for first in range(0, len(pictures), columns):
        top = bottom + MARGIN // 2
        for at in range(first, min(first + columns, len(pictures))):
            left = MARGIN + (at - first) * (wide + MARGIN)
            shapes.append(IMAGE.format(left, top, wide, high, data_uri(pictures[at])))
            below = top + high + MARGIN // 2
            lines, end = _write_lines(moments[at].caption, left, below, wide, CAPTION)
            shapes += lines
            bottom = max(bottom, end)
    return ROOT.format(width, bottom + MARGIN, escape(printable(title)), "\n".join(shapes))


def _write_lines(text: str, x: int, y: int, width: int, size: int) -> tuple[list[str], int]:
    """Return a wrapped text as lines of SVG, and its lower end."""
    lines = textwrap.wrap(printable(text), int(width / (LETTER * size)))
    look = f'font-size="{EM * size:g}" fill="{INK}"'
    drawn = [
        f'<text x="{x}" y="{y + (k + EM) * size:g}" {look}>{escape(line)}</text>'
        for k, line in enumerate(lines)
    ]
    return drawn, y + size * len(lines)
