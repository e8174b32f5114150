"""Plots in characters, for where there can be no picture."""

from __future__ import annotations

import math
from itertools import accumulate, pairwise

from mesa_gym.report.parts import Bars, Dot, Dots, Plane, Plot
from mesa_gym.report.words import number
from mesa_gym.terminal import printable

BAR = 30
FILLS = {"base": "█", "proxy-a": "▓", "proxy-b": "▒", "proxy-c": "▚", "rest": "░"}
AXIS = 41
ACROSS, DOWN = 41, 17
LETTERS = "BPA"


def characters(plot: Plot) -> str:
    """Return the plot as lines of text, to be shown in letters of one width."""
    match plot:
        case Bars():
            return _bars(plot)
        case Dots():
            return _dots(plot)
        case Plane():
            return _plane(plot)


def _bars(plot: Bars) -> str:
    width = max(map(len, plot.bars))
    lines = []
    for name, parts in plot.bars.items():
        shares = [0.0 if math.isnan(share) else share for share in parts.values()]
        # Rounding sums and not shares keeps bars of equal sums equally long.
        ends = [round(BAR * end) for end in accumulate(shares, initial=0.0)]
        fills = [FILLS[plot.tones[part]] for part in parts]
        steps = zip(fills, pairwise(ends), strict=True)
        bar = "".join(fill * (end - start) for fill, (start, end) in steps)
        figures = " / ".join(number(share, 2) for share in parts.values())
        lines.append(f"{printable(name):{width}}  |{bar:{BAR}}|  {figures}")
    if any(len(parts) > 1 for parts in plot.bars.values()):
        legend = [f"{FILLS[tone]} {printable(part)}" for part, tone in plot.tones.items()]
        lines.append(f"{'':{width}}   {'  '.join(legend)}")
    return "\n".join(lines)


def _dots(plot: Dots) -> str:
    groups = max(map(len, plot.groups))
    entries = max(map(len, plot.tones))
    lines = []
    for group, dots in plot.groups.items():
        for name, dot in dots.items():
            alone = name == group
            head = f"{printable(group):{groups}}  {'' if alone else printable(name):{entries}}"
            lines.append(f"{head}  {_axis(plot, dot)}  {number(dot.value, 2):>5}")
    values = ", ".join(f"{value:g}" for value in sorted(plot.lines))
    return "\n".join([*lines, f"lines at {values}"])


def _axis(plot: Dots, dot: Dot) -> str:
    low, high = plot.span

    def column(value: float) -> int:
        return round((value - low) / (high - low) * (AXIS - 1))

    cells = [" "] * AXIS
    for value in plot.lines:
        cells[column(value)] = "|" if value == round(value) else ":"
    if not math.isnan(dot.value):
        first, last = map(column, dot.ends)
        cells[first : last + 1] = "-" * (last + 1 - first)
        cells[column(dot.value)] = "o"
    return "".join(cells)


def _plane(plot: Plane) -> str:
    low, high = plot.span

    def place(value: float, cells: int) -> int:
        return round((value - low) / (high - low) * (cells - 1))

    grid = [[" "] * ACROSS for _ in range(DOWN)]
    for value in (0.0, 1.0):
        grid[DOWN - 1 - place(value, DOWN)] = ["·"] * ACROSS
        for row in grid:
            row[place(value, ACROSS)] = "·"
    legend = []
    for letter, (name, (x, y)) in zip(LETTERS, plot.points.items(), strict=True):
        legend.append(f"{letter} {printable(name)} ({number(x, 2)}, {number(y, 2)})")
        if not (math.isnan(x) or math.isnan(y)):
            grid[DOWN - 1 - place(y, DOWN)][place(x, ACROSS)] = letter
    lines = ["".join(row).rstrip() for row in grid]
    axes = f"across: N of {printable(plot.x)}, up: N of {printable(plot.y)}; dots at 0 and 1"
    return "\n".join([*lines, axes, *legend])
