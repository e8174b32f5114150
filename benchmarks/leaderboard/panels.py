"""Small multiples for the pages: lines on axes, of training and of budgets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.leaderboard.columns import figure
from benchmarks.leaderboard.results import Training
from benchmarks.leaderboard.standings import Track

WIDTH, HEIGHT = 200.0, 120.0
LEFT, RIGHT, TOP, BOTTOM = 30.0, 12.0, 8.0, 20.0
Points = Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Line:
    """A line: coordinates as SVG has them, how it looks (a class), and what it is."""

    points: str
    look: str
    title: str


@dataclass(frozen=True)
class Panel:
    """One set of axes.

    Attributes:
        title: above it.
        lines: the last lie on top.
        ys: (place, text) of the horizontal rules.
        xs: (place, text) below the axis.
        words: the same for those who cannot see it.
    """

    title: str
    lines: list[Line]
    ys: list[tuple[float, str]]
    xs: list[tuple[float, str]]
    words: str


def training_panels(trained: Mapping[str, Sequence[Training]]) -> list[Panel]:
    """Return a panel for each trap with the learning curve of each seed, on one scale of y."""
    drawn = {
        trap: [(each.seed, each.curve) for each in group if len(each.curve) > 1]
        for trap, group in trained.items()
    }
    returns = [y for group in drawn.values() for _, curve in group for _, y in curve]
    low, high = min([0.0, *returns]), max([1.0, *returns])
    found = []
    for trap, group in drawn.items():
        if not group:
            continue
        last = max(curve[-1][0] for _, curve in group) or 1.0
        lines = {f"seed {s}": [(x / last, y) for x, y in curve] for s, curve in group}
        words = ", ".join(f"seed {seed}: {curve[-1][1]:.2f}" for seed, curve in group)
        ticks = [(0.0, "0"), (1.0, f"{last:,.0f} steps")]
        found.append(
            _panel(trap, dict.fromkeys(lines, "curve"), lines, (low, high), ticks, f"end {words}")
        )
    return found


def track_panels(track: Track) -> list[Panel]:
    """Return a panel for each method, its steering over the budgets above those of all others."""
    if not track.budgets:
        return []
    scaled = np.log2(np.array(track.budgets) + 1.0)
    x = (scaled - scaled[0]) / (scaled[-1] - scaled[0])
    ticks = [(float(at), str(budget)) for at, budget in zip(x, track.budgets, strict=True)]
    lines = {
        each.method: [(float(at), each.curve[b]) for at, b in zip(x, track.budgets, strict=True)]
        for each in track.standings
    }
    low = min([0.0, *(y for line in lines.values() for _, y in line)])
    found = []
    for each in track.standings:
        looks = {name: "others" for name in lines if name != each.method} | {each.method: "curve"}
        words = ", ".join(f"{b}: {figure(y)}" for b, y in each.curve.items())
        found.append(_panel(each.method, looks, lines, (low, 1.0), ticks, words))
    return found


def _panel(
    title: str,
    looks: Mapping[str, str],
    lines: Mapping[str, Points],
    limits: tuple[float, float],
    ticks: Sequence[tuple[float, str]],
    words: str,
) -> Panel:
    """Return a panel; x of lines and ticks is a share of the axis, y lies between the limits."""
    low, high = limits

    def across(x: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * x

    def up(y: float) -> float:
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * (y - low) / (high - low)

    drawn = [
        Line(" ".join(f"{across(x):.1f},{up(y):.1f}" for x, y in lines[name]), look, name)
        for name, look in looks.items()
    ]
    # A label just below that of 0 would cover it.
    told = {0.0, high} | ({low} if low < -0.1 * high else set())
    ys = [(up(value), f"{value:.3g}") for value in sorted(told)]
    return Panel(title, drawn, ys, [(across(x), text) for x, text in ticks], words)
