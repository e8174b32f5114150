"""Small plots as SVG: curves over agents, and strips of one dot an agent; every seed is seen."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape

INK, FAINT, PAPER = "#22222c", "#d8d8dc", "#ffffff"
# Told apart in grey as well: dark, middle, pale.
BLUE, ORANGE, GREY = "#1e50a0", "#e68c28", "#9a9aa2"
WIDTH, HEIGHT = 300, 210  # of a panel's axes
LEFT, TOP, RIGHT, BOTTOM = 44, 36, 16, 44  # around them
DASHES = "5 4"
SIDEWAYS = 5  # pixels between dots of two series at one place
ROW, LABEL, STRIP = 30, 210, 460


@dataclass(frozen=True)
class Series:
    """Numbers of each seed along a curve.

    Attributes:
        name: for the legend.
        colour: of its dots and lines.
        lines: seed -> one value for each x of the panel; NaN where there is none.
        reference: a value to compare with, drawn dashed; None for none.
    """

    name: str
    colour: str
    lines: Mapping[int, Sequence[float]]
    reference: float | None = None


@dataclass(frozen=True)
class Panel:
    """One set of axes.

    Attributes:
        title: above it.
        label: of the x axis.
        xs: where values are, ascending.
        series: of seeds.
        logarithmic: whether x is; an x of 0 then stands apart at the left.
        dots: a dot for each seed at each x; else a thin line for each seed.
    """

    title: str
    label: str
    xs: Sequence[float]
    series: Sequence[Series]
    logarithmic: bool = False
    dots: bool = True


def positions(xs: Sequence[float], logarithmic: bool) -> list[float]:
    """Return where each x is along the axis, 0 to 1, with a margin of 0.05 at both ends.

    On a logarithmic axis an x of 0 is as far from the next as half of what the others span.
    """
    if not logarithmic:
        scaled = [float(x) for x in xs]
    else:
        logs = [math.log10(x) for x in xs if x > 0] or [0.0]
        apart = min(logs) - max((max(logs) - min(logs)) / 2, 0.5)
        scaled = [math.log10(x) if x > 0 else apart for x in xs]
    low, span = min(scaled), (max(scaled) - min(scaled)) or 1
    return [0.05 + 0.9 * (x - low) / span for x in scaled]


def curves(panels: Sequence[Panel], columns: int = 3) -> str:
    """Panels side by side, with one range of y and one legend, as SVG.

    Each series is a dot or a thin line for each seed, and a thick line through their mean.
    """
    columns = min(columns, len(panels))
    rows = -(-len(panels) // columns)
    values = [
        v for panel in panels for s in panel.series for line in s.lines.values() for v in line
    ]
    values += [s.reference for panel in panels for s in panel.series if s.reference is not None]
    seen = [v for v in values if not math.isnan(v)]
    low, high = math.floor(2 * min([0.0, *seen])) / 2, math.ceil(2 * max([1.0, *seen]) - 0.1) / 2
    width = columns * (LEFT + WIDTH + RIGHT)
    parts, head = _legend(panels[0].series, width)
    for i, panel in enumerate(panels):
        x = LEFT + i % columns * (LEFT + WIDTH + RIGHT)
        y = head + TOP + i // columns * (TOP + HEIGHT + BOTTOM)
        parts.append(f'<g transform="translate({x} {y})">{_panel(panel, low, high)}</g>')
    return _svg(width, head + rows * (TOP + HEIGHT + BOTTOM), parts)


def _panel(panel: Panel, low: float, high: float) -> str:
    def y_of(value: float) -> float:
        return HEIGHT * (high - value) / (high - low)

    xs = [WIDTH * share for share in positions(panel.xs, panel.logarithmic)]
    parts = [_text(0, -10, panel.title, weight="bold")]
    for i in range(round(2 * (high - low)) + 1):
        value = low + i / 2
        parts.append(_line((0, y_of(value)), (WIDTH, y_of(value)), FAINT, 1))
        parts.append(_text(-6, y_of(value) + 4, f"{value:g}", anchor="end"))
    for place, x in _ticks(panel.xs, xs):
        parts.append(_line((place, HEIGHT), (place, HEIGHT + 4), INK, 1))
        parts.append(_text(place, HEIGHT + 17, short(x), anchor="middle"))
    parts.append(_text(WIDTH / 2, HEIGHT + 35, panel.label, anchor="middle"))
    for i, series in enumerate(panel.series):
        aside = SIDEWAYS * (i - (len(panel.series) - 1) / 2) if panel.dots else 0.0
        if series.reference is not None:
            y = y_of(series.reference)
            parts.append(_line((0, y), (WIDTH, y), series.colour, 1, DASHES))
        for seed, line in series.lines.items():
            points = [(x + aside, y_of(v)) for x, v in zip(xs, line, strict=True)]
            if panel.dots:
                parts += [
                    _dot(at, series.colour, f"{series.name}, seed {seed}: {v:.3f}")
                    for at, v in zip(points, line, strict=True)
                    if not math.isnan(v)
                ]
            else:
                parts.append(_path(points, series.colour, 0.8, f"{series.name}, seed {seed}"))
        columns = zip(*series.lines.values(), strict=True)
        means = [(x + aside, y_of(_mean(column))) for x, column in zip(xs, columns, strict=True)]
        parts.append(_path(means, series.colour, 2.5, f"{series.name}, mean"))
    return "".join(parts)


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _ticks(xs: Sequence[float], places: Sequence[float]) -> list[tuple[float, float]]:
    """The places to label and their x, so many that labels do not touch; the last always."""
    kept: list[tuple[float, float]] = []
    for place, x in reversed(list(zip(places, xs, strict=True))):
        if not kept or kept[-1][0] - place >= 34:
            kept.append((place, x))
    return kept


def _legend(series: Sequence[Series], width: float) -> tuple[list[str], float]:
    """The colours' meaning, in as many rows as they need, and the height of these."""
    entries = [(one.name, one.colour, "") for one in series]
    if any(one.reference is not None for one in series):
        entries.append(("dashed: of the other objective's oracle", INK, DASHES))
    parts, x, y = list[str](), LEFT, 16
    for name, colour, dashes in entries:
        long = 50 + 7 * len(name)
        if x > LEFT and x + long > width:
            x, y = LEFT, y + 18
        parts.append(_line((x, y), (x + 18, y), colour, 1 if dashes else 3, dashes))
        parts.append(_text(x + 24, y + 4, name))
        x += long
    return parts, y + 4


@dataclass(frozen=True)
class Strip:
    """One row of dots.

    Attributes:
        label: before it.
        values: one for each dot.
        colour: of the dots.
        names: what each dot is, for a reader who points at it.
    """

    label: str
    values: Sequence[float]
    colour: str = BLUE
    names: Sequence[str] = field(default=())


def strips(rows: Sequence[Strip], label: str, low: float = 0.0, high: float = 1.0) -> str:
    """Rows of dots on one x axis from ``low`` to ``high``, a bar at each row's mean, as SVG."""

    def x_of(value: float) -> float:
        return LABEL + STRIP * (value - low) / (high - low)

    bottom = ROW * len(rows) + 14
    parts = []
    for i in range(5):
        value = low + (high - low) * i / 4
        parts.append(_line((x_of(value), 10), (x_of(value), bottom), FAINT, 1))
        parts.append(_text(x_of(value), bottom + 16, f"{value:g}", anchor="middle"))
    for i, row in enumerate(rows):
        y = 10 + ROW * (i + 0.5)
        parts.append(_text(LABEL - 14, y + 4, row.label, anchor="end"))
        names = row.names or [row.label] * len(row.values)
        parts += [
            _dot((x_of(v), y), row.colour, f"{name}: {v:.3f}")
            for v, name in zip(row.values, names, strict=True)
        ]
        mean = x_of(_mean(row.values))
        parts.append(_line((mean, y - 10), (mean, y + 10), INK, 2))
    parts.append(_text(LABEL + STRIP / 2, bottom + 34, label, anchor="middle"))
    return _svg(LABEL + STRIP + 24, bottom + 44, parts)


# -- marks -----------------------------------------------------------------------------------------


def _svg(width: float, height: float, parts: Sequence[str]) -> str:
    style = f'font-family="sans-serif" font-size="12" fill="{INK}"'
    paper = f'<rect width="100%" height="100%" fill="{PAPER}"/>'
    body = "\n".join([paper, *parts])
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:g}" height="{height:g}"'
        f' viewBox="0 0 {width:g} {height:g}" {style}>\n{body}\n</svg>\n'
    )


def _text(x: float, y: float, text: str, anchor: str = "start", weight: str = "normal") -> str:
    place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-weight="{weight}"'
    return f"<text {place}>{escape(text)}</text>"


def _line(
    start: tuple[float, float],
    end: tuple[float, float],
    colour: str,
    width: float,
    dashes: str = "",
) -> str:
    ends = f'x1="{start[0]:.1f}" y1="{start[1]:.1f}" x2="{end[0]:.1f}" y2="{end[1]:.1f}"'
    dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
    return f'<line {ends} stroke="{colour}" stroke-width="{width:g}"{dashed}/>'


def _dot(at: tuple[float, float], colour: str, title: str) -> str:
    place = f'cx="{at[0]:.1f}" cy="{at[1]:.1f}" r="3.5"'
    look = f'fill="{colour}" fill-opacity="0.45" stroke="{colour}" stroke-width="0.8"'
    return f"<circle {place} {look}><title>{escape(title)}</title></circle>"


def _path(points: Sequence[tuple[float, float]], colour: str, width: float, title: str) -> str:
    """A line through points; it is broken where a value is NaN."""
    commands, pen = [], "M"
    for x, y in points:
        if math.isnan(y):
            pen = "M"
        else:
            commands.append(f"{pen}{x:.1f} {y:.1f}")
            pen = "L"
    look = f'fill="none" stroke="{colour}" stroke-width="{width:g}"'
    return f'<path d="{" ".join(commands)}" {look}><title>{escape(title)}</title></path>'


def short(x: float) -> str:
    """A number as a tick's label: 30000 is 30k, 1500000 is 1.5M."""
    for size, letter in ((1e6, "M"), (1e3, "k")):
        if x >= size:
            return f"{x / size:g}{letter}"
    return f"{x:g}"
