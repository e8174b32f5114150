"""Plots as SVG 1.1 inside a page; templates/card.css has their colours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import NamedTuple

from mesa_gym.scoring.card_text import number
from mesa_gym.terminal import printable

BASE_TONE, REST_TONE = "base", "rest"
PROXY_TONES = ("proxy-a", "proxy-b", "proxy-c")
# In units that are about pixels on a phone, so that letters stay readable there.
WIDTH, LETTERS, GAP = 360.0, 18.0, 10.0
THICK, THIN = 10.0, 4.0


class Bar(NamedTuple):
    """A number from 0 to 1 with what it is compared with.

    Attributes:
        name: any text.
        tone: a class of the style sheet.
        values: the number, then those of others; None for none.
    """

    name: str
    tone: str
    values: Sequence[float | None]


def bars(title: str, rows: Sequence[Bar]) -> str:
    """Return numbers as bars from 0 to 1, thin ones for others below, as a ``<figure>``.

    Bars end at 0 and 1; the figures, also in words for those who cannot see them, say the rest.
    """
    shapes, words, y = [], [], 0.0
    for row in rows:
        figures = [number(value, 2) for value in row.values]
        words.append(f"{row.name}: {', '.join(figures)}")
        shapes.append(_text(row.name, 0, y + 13))
        shapes.append(_text(figures[0], WIDTH, y + 13, "end"))
        y += LETTERS
        for k, value in enumerate(row.values):
            high, tone = (THIN, REST_TONE) if k else (THICK, row.tone)
            length = WIDTH * min(max(value or 0.0, 0.0), 1.0)
            shapes += [_rect(y, WIDTH, high - 1, "track"), _rect(y, length, high - 1, tone)]
            y += high
        y += GAP
    given = {"viewBox": f"0 0 {WIDTH:g} {y:g}", "role": "img"}
    drawn = element("svg", given | {"aria-label": f"{title}. {'; '.join(words)}"}, "".join(shapes))
    return element("figure", {}, element("figcaption", {}, safe(title)) + drawn)


def element(name: str, attributes: Mapping[str, str | float], inner: str = "") -> str:
    """Return one element around markup; values of attributes are escaped."""
    given = "".join(f' {key}="{_value(value)}"' for key, value in attributes.items())
    return f"<{name}{given}>{inner}</{name}>"


def safe(text: str) -> str:
    """Return text as markup, a replacement character for what cannot be printed."""
    return escape(printable(text))


def _rect(y: float, width: float, height: float, kind: str) -> str:
    return element("rect", {"x": 0, "y": y, "width": width, "height": height, "class": kind})


def _text(text: str, x: float, y: float, anchor: str = "start") -> str:
    return element("text", {"x": x, "y": y, "text-anchor": anchor}, safe(text))


def _value(value: str | float) -> str:
    """Return the value of an attribute; numbers to a hundredth of a unit."""
    return safe(value) if isinstance(value, str) else f"{value:.2f}".rstrip("0").rstrip(".")
