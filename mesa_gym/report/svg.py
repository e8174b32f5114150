"""Plots as SVG 1.1 that a page carries inside itself; the page's style sheet has the colours."""

from __future__ import annotations

import math
from collections.abc import Mapping
from html import escape
from itertools import accumulate

from mesa_gym.report.parts import BASE_TONE, POLICY_TONE, Bars, Dot, Dots, Plane, Plot
from mesa_gym.report.words import number
from mesa_gym.terminal import printable

WIDTH = 360.0  # in units that are about pixels on a phone, so that letters stay readable there
BAR, BAR_ROW = 14.0, 42.0
DOTS_LEFT, DOTS_RIGHT, DOTS_TOP = 10.0, 304.0, 22.0
GROUP_ROW, DOT_ROW = 22.0, 18.0
PLANE_LEFT, PLANE_TOP, PLANE_SIDE = 40.0, 26.0, 308.0
PLANE_RIGHT, PLANE_BOTTOM = PLANE_LEFT + PLANE_SIDE, PLANE_TOP + PLANE_SIDE
LETTER = 6.6  # the width of a letter, generously, in a font of 12
BETWEEN_LABELS = 16.0

# Every objective has a shape of its own, so that colour is not needed; corners around the middle.
POLYGONS = {
    "proxy-a": ((-4.5, -4.5), (4.5, -4.5), (4.5, 4.5), (-4.5, 4.5)),
    "proxy-b": ((0, -6), (5.5, 4.5), (-5.5, 4.5)),
    "proxy-c": ((0, -6.5), (5.5, 0), (0, 6.5), (-5.5, 0)),
}


def svg(plot: Plot) -> str:
    """Return the plot as one ``<svg>`` element; its title and description say what is drawn."""
    match plot:
        case Bars():
            shapes, height, words = _bars(plot)
        case Dots():
            shapes, height, words = _dots(plot)
        case Plane():
            shapes, height, words = _plane(plot)
    about = [_said("title", plot.title), _said("desc", words)]
    size = f"0 0 {WIDTH:g} {height:g}"
    return element("svg", {"viewBox": size, "role": "img"}, "\n".join([*about, *shapes]))


def swatch(plot: Plot, tone: str) -> str:
    """Draw a tone by itself, for a legend."""
    given = {"viewBox": "0 0 16 16", "class": "swatch", "aria-hidden": "true"}
    shape = _rect(1, 2, 14, 12, tone) if isinstance(plot, Bars) else marker((8, 8), tone)
    return element("svg", given, shape)


def element(name: str, attributes: Mapping[str, str | float], inner: str = "") -> str:
    """Return one element around markup."""
    given = "".join(f' {key}="{_value(value)}"' for key, value in attributes.items())
    return f"<{name}{given}>{inner}</{name}>"


def marker(at: tuple[float, float], tone: str) -> str:
    """Return the mark of a tone; that of the policy is a ring, so that what it lies on is seen."""
    x, y = at
    if tone == POLICY_TONE:
        ring = element("circle", {"cx": x, "cy": y, "r": 8, "class": "ring"})
        return ring + element("circle", {"cx": x, "cy": y, "r": 1.5, "class": "policy"})
    if tone == BASE_TONE:
        return element("circle", {"cx": x, "cy": y, "r": 5, "class": tone})
    points = " ".join(f"{_value(x + dx)},{_value(y + dy)}" for dx, dy in POLYGONS[tone])
    return element("polygon", {"points": points, "class": tone})


def place(value: float, span: tuple[float, float], start: float, end: float) -> float:
    """Return where a value of an axis lies between two coordinates."""
    return start + (value - span[0]) / (span[1] - span[0]) * (end - start)


def _bars(plot: Bars) -> tuple[list[str], float, str]:
    shapes, words = [], []
    for row, (name, parts) in enumerate(plot.bars.items()):
        top = row * BAR_ROW
        figures = " / ".join(number(share, 2) for share in parts.values())
        shapes += [
            _text(name, 0, top + 13, room=WIDTH - LETTER * (len(figures) + 2)),
            _text(figures, WIDTH, top + 13, "end"),
            _rect(0, top + 20, WIDTH, BAR, "track"),
        ]
        widths = [0.0 if math.isnan(share) else share * WIDTH for share in parts.values()]
        lefts = accumulate(widths, initial=0.0)
        for part, left, width in zip(parts, lefts, widths, strict=False):
            if width > 0:
                shapes.append(_rect(left, top + 20, width, BAR, f"{plot.tones[part]} part"))
        words.append(f"{name}: {', '.join(f'{x} {number(s, 2)}' for x, s in parts.items())}")
    return shapes, len(plot.bars) * BAR_ROW, "; ".join(words)


def _dots(plot: Dots) -> tuple[list[str], float, str]:
    rows = sum(GROUP_ROW + DOT_ROW * len(group) for group in plot.groups.values())
    height = DOTS_TOP + rows + 4
    shapes = _lines(plot, height)
    words, y = [], DOTS_TOP
    for name, group in plot.groups.items():
        shapes.append(_text(name, 0, y + 15))
        y += GROUP_ROW
        for x, dot in group.items():
            shapes += _dot(plot, dot, y + DOT_ROW / 2, plot.tones[x])
            y += DOT_ROW
        words.append(f"{name}: {', '.join(f'{x} {number(d.value, 2)}' for x, d in group.items())}")
    return shapes, height, "; ".join(words)


def _lines(plot: Dots, height: float) -> list[str]:
    """Draw the lines across, each with its value above it where there is room."""
    shapes: list[str] = []
    labelled: list[float] = []
    for value in plot.lines:
        x = place(value, plot.span, DOTS_LEFT, DOTS_RIGHT)
        kind = "line" if value == round(value) else "line dashed"
        shapes.append(_line((x, DOTS_TOP - 4), (x, height), kind))
        if all(abs(x - other) >= BETWEEN_LABELS for other in labelled):
            shapes.append(_text(f"{value:g}", x, 12, "middle"))
            labelled.append(x)
    return shapes


def _dot(plot: Dots, dot: Dot, y: float, tone: str) -> list[str]:
    """Draw a stem from 0, or the interval where there is an error; the mark; the figure."""
    figure = _text(number(dot.value, 2), WIDTH, y + 4, "end")
    if math.isnan(dot.value):
        return [figure]
    zero, x, low, high = (
        place(value, plot.span, DOTS_LEFT, DOTS_RIGHT) for value in (0.0, dot.value, *dot.ends)
    )
    kind = f"stem {tone}"
    stem = [_line((zero, y), (x, y), kind)]
    if low < high:
        ends = [_line((end, y - 5), (end, y + 5), kind) for end in (low, high)]
        stem = [_line((low, y), (high, y), kind), *ends]
    return [*stem, marker((x, y), tone), figure]


def _plane(plot: Plane) -> tuple[list[str], float, str]:
    shapes = [_rect(PLANE_LEFT, PLANE_TOP, PLANE_SIDE, PLANE_SIDE, "frame")]
    for value in (0.0, 1.0):
        x, y = plane_place((value, value), plot.span)
        shapes += [
            _line((x, PLANE_TOP), (x, PLANE_BOTTOM), "line"),
            _line((PLANE_LEFT, y), (PLANE_RIGHT, y), "line"),
            _text(f"{value:g}", x, PLANE_BOTTOM + 16, "middle"),
            _text(f"{value:g}", PLANE_LEFT - 8, y + 4, "end"),
        ]
    places = {
        name: plane_place(point, plot.span)
        for name, point in plot.points.items()
        if not any(map(math.isnan, point))
    }
    ends = [at for name, at in places.items() if plot.tones[name] != POLICY_TONE]
    if len(ends) == 2:
        shapes.append(_line(ends[0], ends[1], "between"))
    shapes += [marker(at, plot.tones[name]) for name, at in places.items()]
    shapes += [
        _text(f"N of {plot.x} →", PLANE_RIGHT, PLANE_BOTTOM + 34, "end", PLANE_SIDE),
        _text(f"↑ N of {plot.y}", PLANE_LEFT, 14, room=PLANE_SIDE),
    ]
    words = [f"{name} ({number(x, 2)}, {number(y, 2)})" for name, (x, y) in plot.points.items()]
    return shapes, PLANE_BOTTOM + 42, "; ".join(words)


def plane_place(point: tuple[float, float], span: tuple[float, float]) -> tuple[float, float]:
    """Return where a point of a plane is drawn."""
    x = place(point[0], span, PLANE_LEFT, PLANE_RIGHT)
    return x, place(point[1], span, PLANE_BOTTOM, PLANE_TOP)


def _rect(x: float, y: float, width: float, height: float, kind: str) -> str:
    return element("rect", {"x": x, "y": y, "width": width, "height": height, "class": kind})


def _line(start: tuple[float, float], end: tuple[float, float], kind: str) -> str:
    ends = {"x1": start[0], "y1": start[1], "x2": end[0], "y2": end[1]}
    return element("line", ends | {"class": kind})


def _text(text: str, x: float, y: float, anchor: str = "start", room: float = WIDTH) -> str:
    """Text, cut where it does not fit: the table beside the plot has the whole of it."""
    most = int(room / LETTER)
    shown = text if len(text) <= most else f"{text[: most - 1]}…"
    return element("text", {"x": x, "y": y, "text-anchor": anchor}, escape(printable(shown)))


def _said(name: str, text: str) -> str:
    return element(name, {}, escape(printable(text)))


def _value(value: str | float) -> str:
    """Return an attribute; numbers to a hundredth of a unit."""
    return escape(value) if isinstance(value, str) else f"{value:.2f}".rstrip("0").rstrip(".")
