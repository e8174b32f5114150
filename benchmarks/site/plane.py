"""The plane of two returns under shift: every agent's mean, its seeds, and the oracles' corners."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from benchmarks.site.marks import percent
from benchmarks.site.markup import text
from mesa_gym.report.svg import element, marker
from mesa_gym.solver import ANY

At = tuple[float, float]
ROOM = 0.06  # beyond the outermost points
# Everything is placed in shares of what room there is, so that letters keep their size.
AREA: dict[str, str | float] = {
    "x": "11%",
    "y": "5%",
    "width": "85%",
    "height": "83%",
    "overflow": "visible",
    "class": "area",
}
CROSS = '<path d="M-4 -4l8 8m0 -8l-8 8" class="cross"></path>'
BELOW = ("stay", f"oracle:{ANY}")  # these often lie where another reference does


@dataclass(frozen=True)
class Point:
    """A policy in the plane.

    Attributes:
        name: of the policy.
        key: what the script calls it.
        at: its mean, (N of base, N of the proxy).
        seeds: where each seed is; empty for a reference.
        label: what stands in the mark of an agent, or beside that of a reference.
        tone: how a reference's mark looks; "" for an agent.
    """

    name: str
    key: str
    at: At
    seeds: Mapping[int, At] = field(default_factory=dict)
    label: str = ""
    tone: str = ""


def span_of(points: Sequence[At]) -> At:
    """Axes that hold these points and the oracles, in quarters."""
    values = [value for point in points for value in point if not math.isnan(value)]
    low, high = min([0.0, *values]), max([1.0, *values])
    return math.floor(4 * low) / 4 - ROOM, math.ceil(4 * high) / 4 + ROOM


def plane(title: str, points: Sequence[Point], span: At, axes: tuple[str, str]) -> str:
    """The plane as one ``<svg>``; references lie under the agents.

    Args:
        title: what it shows.
        points: of agents and references.
        span: both axes, from and to.
        axes: what is along x and y.
    """
    low, high = span
    drawn = [point for point in points if not any(map(math.isnan, point.at))]
    inner = _grid(span)
    inner += [_reference(point, span) for point in drawn if point.tone]
    agents = [point for point in reversed(drawn) if not point.tone]
    marks = "".join(_agent(point, span) for point in agents)
    inner.append(element("g", {"class": "marks"}, marks))
    area = AREA | {"data-low": repr(low), "data-high": repr(high)}
    parts = [
        element("title", {}, text(title)),
        element("svg", area, "".join(inner)),
        _words(axes[0] + " →", "96%", "88%", "end", dy=36),
        _words("↑ " + axes[1], "0", "5%", "start", dy=-8),
    ]
    return element("svg", {"role": "img", "class": "plane"}, "".join(parts))


def _at(point: At, span: At) -> tuple[str, str]:
    """Where a point lies, as shares of the area."""
    x, y = ((value - span[0]) / (span[1] - span[0]) for value in point)
    return percent(x), percent(1 - y)


def _grid(span: At) -> list[str]:
    parts = [element("rect", {"width": "100%", "height": "100%", "class": "frame"})]
    for half in range(math.ceil(2 * span[0]), math.floor(2 * span[1]) + 1):
        x, y = _at((half / 2, half / 2), span)
        parts += [
            element("line", {"x1": x, "x2": x, "y1": "0", "y2": "100%", "class": "line"}),
            element("line", {"x1": "0", "x2": "100%", "y1": y, "y2": y, "class": "line"}),
            _words(f"{half / 2:g}", x, "100%", "middle", dy=16),
            _words(f"{half / 2:g}", "0", y, "end", dx=-6, dy=4),
        ]
    return parts


def _reference(point: Point, span: At) -> str:
    """The oracles by the marks of their objectives, the others by a cross; its name beside it."""
    x, y = _at(point.at, span)
    mark = CROSS if point.tone == "rest" else marker((0, 0), point.tone)
    left = point.at[0] > 0.5
    words = _words(
        point.label,
        "0",
        "0",
        "end" if left else "start",
        dx=-9 if left else 9,
        dy=17 if point.name in BELOW else -7,
    )
    given = {"x": x, "y": y, "overflow": "visible", "class": "reference"}
    return element("svg", {**given, "data-policy": point.key}, mark + words)


def _agent(point: Point, span: At) -> str:
    """A numbered ring, tied to a small dot for each seed; the script moves them."""
    x, y = _at(point.at, span)
    parts = [element("title", {}, text(said(point)))]
    for at in point.seeds.values():
        sx, sy = _at(at, span)
        parts.append(element("line", {"x1": x, "y1": y, "x2": sx, "y2": sy, "class": "tie"}))
        parts.append(element("circle", {"cx": sx, "cy": sy, "r": 3, "class": "seed"}))
    parts.append(element("circle", {"cx": x, "cy": y, "r": 9, "class": "place"}))
    words = {"x": x, "y": y, "dy": "0.35em", "text-anchor": "middle", "class": "place"}
    parts.append(element("text", words, text(point.label)))
    return element("g", {"class": "agent", "data-policy": point.key}, "".join(parts))


def said(point: Point) -> str:
    """A point in words."""
    return f"{point.name}: N base {point.at[0]:.2f}, N proxy {point.at[1]:.2f}"


def _words(words: str, x: str, y: str, anchor: str, dx: float = 0, dy: float = 0) -> str:
    return element("text", {"x": x, "y": y, "dx": dx, "dy": dy, "text-anchor": anchor}, text(words))
