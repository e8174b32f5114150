"""Curves over agents as SVG, by matplotlib; every seed is seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

# Told apart in grey as well: dark, middle, pale.
BLUE, ORANGE, GREY = "#1e50a0", "#e68c28", "#9a9aa2"
COLUMNS, WIDTH, HEIGHT = 3, 4.2, 3.2  # panels side by side, inches of one


@dataclass(frozen=True)
class Series:
    """Numbers of each seed along a curve.

    Attributes:
        name: for the legend.
        colour: of its lines.
        lines: seed -> one value for each x of the panel; NaN where there is none.
        reference: a value to compare with, drawn dashed.
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
        logarithmic: whether x is, from its least positive value on.
    """

    title: str
    label: str
    xs: Sequence[float]
    series: Sequence[Series]
    logarithmic: bool = False


def draw(panels: Sequence[Panel], path: Path) -> bool:
    """Write panels with one range of y and one legend: a thin line a seed, a thick one their mean.

    Returns:
        Whether it was written; False where matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError:
        return False
    columns = min(COLUMNS, len(panels))
    rows = -(-len(panels) // columns)
    figure = Figure((WIDTH * columns, HEIGHT * rows + 0.4), layout="constrained")
    grid = figure.subplots(rows, columns, squeeze=False, sharey=True)
    for axes, panel in zip(grid.flat, panels, strict=False):
        axes.set(title=panel.title, xlabel=panel.label)
        if panel.logarithmic:
            axes.set_xscale("symlog", linthresh=min((x for x in panel.xs if x > 0), default=1.0))
        for series in panel.series:
            means = np.mean([*series.lines.values()], axis=0)
            for seed, line in series.lines.items():
                gid = f"{series.name}, seed {seed}"
                axes.plot(panel.xs, line, ".-", color=series.colour, alpha=0.4, lw=0.7, gid=gid)
            axes.plot(panel.xs, means, color=series.colour, lw=2.2, label=series.name)
            if series.reference is not None:
                axes.axhline(series.reference, color=series.colour, ls="--", lw=1)
    for axes in [*grid.flat][len(panels) :]:
        axes.remove()
    handles, names = grid[0, 0].get_legend_handles_labels()
    dashed = "dashed: of the other objective's oracle"
    figure.legend(handles, names, loc="outside upper left", ncols=len(names), title=dashed)
    figure.savefig(path)
    return True
