"""Plots as SVG 1.1 inside a page; templates/card.css has their colours."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from itertools import accumulate

from mesa_gym.scoring.card import number
from mesa_gym.terminal import printable

WIDTH = 360.0  # in units that are about pixels on a phone, so that letters stay readable there
BAR, BAR_ROW = 14.0, 42.0
LEFT, RIGHT, TOP = 10.0, 304.0, 22.0
GROUP_ROW, DOT_ROW = 22.0, 18.0
ROOM = 0.08  # beyond the ends of an axis, as a share of it

# Every tone has a shape of its own, so that colour is not needed; corners around the middle.
BASE_TONE, REST_TONE = "base", "rest"
POLYGONS = {
    "proxy-a": ((-4.5, -4.5), (4.5, -4.5), (4.5, 4.5), (-4.5, 4.5)),
    "proxy-b": ((0, -6), (5.5, 4.5), (-5.5, 4.5)),
    "proxy-c": ((0, -6.5), (5.5, 0), (0, 6.5), (-5.5, 0)),
}
PROXY_TONES = tuple(POLYGONS)

# Row -> entry -> number, None for none. All names are text.
Numbers = Mapping[str, Mapping[str, float | None]]
Tones = Mapping[str, str]


def element(name: str, attributes: Mapping[str, str | float], inner: str = "") -> str:
    """Return one element around markup; values of attributes are escaped."""
    given = "".join(f' {key}="{_value(value)}"' for key, value in attributes.items())
    return f"<{name}{given}>{inner}</{name}>"


def marker(at: tuple[float, float], tone: str) -> str:
    """Return the mark of a tone, around a point."""
    x, y = at
    if tone not in POLYGONS:
        return element("circle", {"cx": x, "cy": y, "r": 5, "class": tone})
    points = " ".join(f"{_value(x + dx)},{_value(y + dy)}" for dx, dy in POLYGONS[tone])
    return element("polygon", {"points": points, "class": tone})


def bars(title: str, rows: Numbers, tones: Tones) -> str:
    """Return shares as bars, a ``<figure>`` with a legend; entries of ``rows`` lie end to end.

    Bars go from 0 to 1. Estimates of shares may lie a little outside: negative ones are not drawn.
    """
    shapes = []
    for k, (name, shares) in enumerate(rows.items()):
        top = k * BAR_ROW
        figures = " / ".join(number(share, 2) for share in shares.values())
        shapes.append(_text(name, 0, top + 13))
        shapes.append(_text(figures, WIDTH, top + 13, "end"))
        shapes.append(_rect(0, top + 20, WIDTH, BAR, "track"))
        widths = [max(share or 0.0, 0.0) for share in shares.values()]
        unit = WIDTH / max(1.0, sum(widths))
        lefts = accumulate(widths, initial=0.0)
        shapes += [
            _rect(left * unit, top + 20, width * unit, BAR, f"{tones[entry]} part")
            for entry, left, width in zip(shares, lefts, widths, strict=False)
            if width
        ]
    swatches = {entry: _rect(1, 2, 14, 12, tone) for entry, tone in tones.items()}
    return _figure(title, rows, swatches, shapes, len(rows) * BAR_ROW)


def dots(title: str, rows: Numbers, tones: Tones) -> str:
    """Return numbers on one axis with lines at 0 and 1, a ``<figure>`` with a legend."""
    there = [value for row in rows.values() for value in row.values() if value is not None]
    low, high = min([0.0, *there]), max([1.0, *there])
    room = ROOM * (high - low)

    def place(value: float) -> float:
        return LEFT + (RIGHT - LEFT) * (value - low + room) / (high - low + 2 * room)

    bottom = TOP + sum(GROUP_ROW + DOT_ROW * len(row) for row in rows.values()) + 4
    shapes = []
    for value in (0, 1):
        shapes.append(_line(place(value), TOP - 4, place(value), bottom, "line"))
        shapes.append(_text(str(value), place(value), 12, "middle"))
    y = TOP + DOT_ROW / 2
    for name, row in rows.items():
        shapes.append(_text(name, 0, y + 6))
        y += GROUP_ROW
        for entry, found in row.items():
            shapes.append(_text(number(found, 2), WIDTH, y + 4, "end"))
            if found is not None:
                shapes.append(_line(place(0), y, place(found), y, f"stem {tones[entry]}"))
                shapes.append(marker((place(found), y), tones[entry]))
            y += DOT_ROW
    swatches = {entry: marker((8, 8), tone) for entry, tone in tones.items()}
    return _figure(title, rows, swatches, shapes, bottom)


def _figure(
    title: str, rows: Numbers, swatches: Mapping[str, str], shapes: list[str], height: float
) -> str:
    """Return shapes as a figure, with all numbers in words for those who cannot see them."""
    words = "; ".join(
        f"{name}: {', '.join(f'{entry} {number(value, 2)}' for entry, value in row.items())}"
        for name, row in rows.items()
    )
    size = f"0 0 {WIDTH:g} {height:g}"
    given = {"viewBox": size, "role": "img", "aria-label": f"{title}. {words}"}
    drawn = element("svg", given, "\n".join(shapes))
    look = {"viewBox": "0 0 16 16", "class": "swatch", "aria-hidden": "true"}
    entries = [
        element("li", {}, f"{element('svg', look, shape)} {safe(name)}")
        for name, shape in swatches.items()
    ]
    legend = element("ul", {"class": "legend"}, "".join(entries))
    return element("figure", {}, element("figcaption", {}, safe(title)) + drawn + legend)


def _rect(x: float, y: float, width: float, height: float, kind: str) -> str:
    return element("rect", {"x": x, "y": y, "width": width, "height": height, "class": kind})


def _line(x1: float, y1: float, x2: float, y2: float, kind: str) -> str:
    return element("line", {"x1": x1, "y1": y1, "x2": x2, "y2": y2, "class": kind})


def _text(text: str, x: float, y: float, anchor: str = "start") -> str:
    return element("text", {"x": x, "y": y, "text-anchor": anchor}, safe(text))


def safe(text: str) -> str:
    """Return text as markup, a replacement character for what cannot be printed."""
    return escape(printable(text))


def _value(value: str | float) -> str:
    """Return the value of an attribute; numbers to a hundredth of a unit."""
    return safe(value) if isinstance(value, str) else f"{value:.2f}".rstrip("0").rstrip(".")
