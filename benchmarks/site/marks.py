"""Small drawings inside tables: verdicts, shares as bars, seeds as dots on a line."""

from __future__ import annotations

import math
from collections.abc import Mapping

from benchmarks.measured import Numbers
from benchmarks.site.markup import Cell, text
from benchmarks.tables import figure, interval, parts
from mesa_gym.report.svg import element

TONES = {"base": "base", "proxy": "proxy-a", "none": "rest"}


def number(value: float | None) -> Cell:
    """Return a number as a cell; a dash that sorts last for None and NaN."""
    value = math.nan if value is None else value
    return Cell(figure(value), None if math.isnan(value) else value)


def verdicts(shares: Mapping[str, float], brittle: bool = False) -> str:
    """Return badges of verdict -> share of seeds."""
    badges = [_badge(name, share) for name, share in shares.items()]
    if brittle:
        badges.append('<span class="badge">brittle</span>')
    return " ".join(badges)


def _badge(verdict: str, share: float) -> str:
    kind = verdict.split(":")[0]
    words = verdict if share == 1 else f"{verdict} {share:.0%}"
    return f'<span class="badge {kind}">{text(words)}</span>'


def choice(numbers: Numbers) -> Cell:
    """Return b, p and n over a bar; without exact solver the position between references."""
    if not math.isnan(numbers.between):
        shares = between(numbers.between)
        return Cell(f"r {figure(numbers.between)}{bar(shares)}", numbers.between)
    return Cell(f"{parts(numbers)}{bar(numbers.choice)}", number(numbers.choice["base"]).value)


def between(place: float) -> dict[str, float]:
    """Return a position between the reference policies as shares of base and proxy."""
    return {"base": place, "proxy": 1 - place, "none": 0.0}


def key() -> str:
    """Return a legend of the parts of a bar."""
    entries = "".join(
        f'<li><svg class="swatch" aria-hidden="true"><rect width="100%" height="100%"'
        f' class="{tone}"></rect></svg> {name}</li>'
        for name, tone in TONES.items()
    )
    return f'<ul class="legend">{entries}</ul>'


def bar(shares: Mapping[str, float]) -> str:
    """Draw shares of base, proxy and none side by side; the figures stand beside it."""
    x, drawn = 0.0, ""
    for name, tone in TONES.items():
        if shares[name] > 0:
            size = {"x": f"{100 * x:.1f}%", "width": f"{100 * shares[name]:.1f}%", "height": "100%"}
            drawn += element("rect", {**size, "class": tone})
            x += shares[name]
    return element("svg", {"class": "bar", "aria-hidden": "true"}, drawn)


def spread(
    mean: float, seeds: Mapping[int, float], ends: tuple[float, float], what: str = "b"
) -> Cell:
    """Draw an interval with the mean and every seed's dot, on an axis from 0 to 1.

    It is sorted by the lower end of the interval, which is what an agent can be held to.

    Args:
        mean: over seeds.
        seeds: seed -> value; NaN where that was not measured.
        ends: of the interval; NaN where there is none.
        what: the values are.
    """
    there = {seed: value for seed, value in seeds.items() if not math.isnan(value)}
    said = ", ".join(f"seed {seed}: {figure(value)}" for seed, value in there.items())
    label = f"{what} {figure(mean)}; {said}" if said else f"{what} {figure(mean)}"
    lines = "".join(_rule(at) for at in (0.0, 0.5, 1.0))
    marks = element("g", {"class": "marks"}, _marks(mean, list(there.values()), ends))
    inner = element("svg", {"x": "5%", "width": "90%", "overflow": "visible"}, lines + marks)
    drawn = element("svg", {"class": "spread", "role": "img", "aria-label": label}, inner)
    words = interval(ends) or "no interval"
    return Cell(
        f'{drawn}<span class="ends">{words}</span>', None if math.isnan(ends[0]) else ends[0]
    )


def percent(share: float) -> str:
    """Return a place along an axis from 0 to 1."""
    return f"{100 * share:.2f}%"


def _rule(at: float) -> str:
    ends = {"x1": percent(at), "x2": percent(at), "y1": "0", "y2": "100%", "class": "line"}
    return element("line", ends)


def _marks(mean: float, values: list[float], ends: tuple[float, float]) -> str:
    low, high = ends
    whisker = {"x1": percent(low), "x2": percent(high), "y1": "50%", "y2": "50%", "class": "ends"}
    parts = [] if math.isnan(low) else [element("line", whisker)]
    for value in values:
        dot = {"cx": percent(value), "cy": "50%", "r": "3.5", "class": "seed"}
        parts.append(element("circle", dot))
    if not math.isnan(mean):
        at = {"x1": percent(mean), "x2": percent(mean), "y1": "15%", "y2": "85%", "class": "mean"}
        parts.append(element("line", at))
    return "".join(parts)
