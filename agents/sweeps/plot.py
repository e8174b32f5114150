"""The picture of a sweep: a curve over one axis, a heat map over two, panels for more.

A cell whose agents fail is grey, because its shares say nothing about a goal. Each panel also shows
the shares of policies without a goal.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np

from agents.sweeps.table import SCRIPTS, Sweep, SweepRow
from mesa_gym.files import write_bytes
from mesa_gym.rendering.colours import BASE_COLOUR, NONE_COLOUR, PROXY_COLOURS, to_hex
from mesa_gym.report.figure import load_figure
from mesa_gym.words import BASE, FAILS_TASK, PROXY, write_word

TONES = {BASE: to_hex(BASE_COLOUR), PROXY: to_hex(PROXY_COLOURS[0])}
FAILS = to_hex(NONE_COLOUR)
PANEL = 3.6, 2.9  # inches
LONGEST_LABEL = 24  # characters of a tick
PICTURE_MARK = "mesa_gym sweep"
SHORT_LABEL = 8  # characters of a tick label that is not rotated


def plot_sweep(table: Sweep) -> Any:
    """Return the picture, a ``matplotlib`` figure.

    Raises:
        ImportError: matplotlib is not installed.
        ValueError: the sweep has no axis, or its traps are judged by returns.
    """
    figure_class = load_figure()
    if not table.axes:
        raise ValueError("the sweep has no axis to draw; give one two values, or several --algo")
    if not all(row.group.choice for row in table.rows):
        raise ValueError("the sweep has a trap that is judged by returns; read its cells.csv")
    panels: dict[tuple[Any, ...], list[SweepRow]] = {}
    outer = table.axes[2:]  # the first two are drawn inside a panel
    for row in table.rows:
        place = (row.cell.trap, *(table.read(row, axis) for axis in outer))
        panels.setdefault(place, []).append(row)
    wide = min(len(panels), 3)
    high = -(-len(panels) // wide)
    figure = figure_class((PANEL[0] * wide + 0.6, PANEL[1] * high + 0.7), layout="constrained")
    grid = figure.subplots(high, wide, squeeze=False)
    draw = draw_heat_map if len(table.axes) > 1 else draw_curve
    for axes, (place, rows) in zip(grid.flat, panels.items(), strict=False):
        draw(axes, table, rows)
        named = [f"{x} {y}" for x, y in zip(outer, place[1:], strict=True)]
        axes.set_title(", ".join([place[0].removesuffix("-v0"), *named]), fontsize=10)
    for axes in grid.flat[len(panels) :]:
        axes.set_visible(False)
    nulls = "Dashed: {}, dotted: {} (scripts).".format(*SCRIPTS)
    curve = f"Share reached first under the shift.\nLine: 95%, from five seeds on. {nulls}"
    caption = "In a cell: base / proxy.\nColour: base less proxy." if len(table.axes) > 1 else curve
    handles = [axes.plot([], [], "o", color=colour)[0] for colour in (*TONES.values(), FAILS)]
    labels = [*TONES, write_word(FAILS_TASK)]
    figure.legend(handles, labels, loc="outside upper center", ncols=3, frameon=False)
    figure.supxlabel(caption, fontsize=8)
    return figure


def save_picture(figure: Any, path: Path) -> None:
    """Write a picture as SVG with our mark; equal pictures give equal bytes."""
    from matplotlib import rc_context

    data = io.BytesIO()
    with rc_context({"svg.hashsalt": PICTURE_MARK}):
        figure.savefig(data, format="svg", metadata={"Creator": PICTURE_MARK, "Date": None})
    write_bytes(path, data.getvalue())


def draw_curve(axes: Any, table: Sweep, rows: list[SweepRow]) -> None:
    """Draw the shares of base and proxy over the only axis, with evenly spaced values."""
    (axis,) = table.axes
    at = np.arange(len(rows))
    for role, colour in TONES.items():
        means = [row.group.choice[role] for row in rows]
        if axis != "algo":  # algorithms have no order
            axes.plot(at, means, "-", color=colour, alpha=0.5, linewidth=1)
        for style, null in zip(("--", ":"), SCRIPTS, strict=True):
            shares = [row.measured[f"{null} {role}"] for row in rows]
            axes.plot(at, shares, style, color=colour, linewidth=0.8)
        for place, row, mean in zip(at, rows, means, strict=True):
            tone = colour if row.competent else FAILS
            seeds = row.group.tabulate(role).mean(axis=1)
            axes.plot([place] * len(seeds), seeds, ".", color=tone, markersize=3)
            axes.plot(place, mean, "o", color=tone)
            if row.measured[f"{role} low"] != "":
                ends = [row.measured[f"{role} {end}"] for end in ("low", "high")]
                axes.plot([place, place], ends, color=tone)
    names = [_name(table.read(row, axis)) for row in rows]
    axes.set_xticks(at, names, fontsize=8)
    if max(map(len, names)) > SHORT_LABEL:
        axes.tick_params("x", rotation=30)
        for label in axes.get_xticklabels():
            label.set_ha("right")
    axes.set_ylim(-0.03, 1.03)
    axes.set_xlim(-0.5, len(rows) - 0.5)
    axes.set_xlabel(axis, fontsize=9)
    axes.spines[["top", "right"]].set_visible(False)


def draw_heat_map(axes: Any, table: Sweep, rows: list[SweepRow]) -> None:
    """Draw the base share minus the proxy share over two axes; cells of failing agents are grey."""
    down, across = table.axes[:2]
    values = [list(dict.fromkeys(table.read(row, axis) for row in rows)) for axis in (down, across)]
    from matplotlib.colors import LinearSegmentedColormap
    from matplotlib.patches import Rectangle

    colours = LinearSegmentedColormap.from_list("", [TONES[PROXY], "#ffffff", TONES[BASE]])
    for row in rows:
        y, x = (
            places.index(table.read(row, axis))
            for places, axis in zip(values, (down, across), strict=True)
        )
        base, proxy = (row.group.choice[role] for role in TONES)
        colour = colours((base - proxy + 1) / 2) if row.competent else FAILS
        axes.add_patch(Rectangle((x - 0.5, y - 0.5), 1, 1, facecolor=colour, edgecolor="white"))
        text = f"{base:.2f} / {proxy:.2f}" if row.competent else f"{row.group.competent} competent"
        dark = row.competent and abs(base - proxy) > 0.6
        axes.text(x, y, text, ha="center", va="center", fontsize=8, color="w" if dark else "k")
    axes.set_xlim(-0.5, len(values[1]) - 0.5)
    axes.set_ylim(len(values[0]) - 0.5, -0.5)
    axes.set_xticks(range(len(values[1])), map(_name, values[1]), fontsize=8)
    axes.set_yticks(range(len(values[0])), map(_name, values[0]), fontsize=8)
    nulls = ", ".join(f"{null} {rows[0].write_null(null)}" for null in SCRIPTS)
    axes.set_xlabel(f"{across}\n{nulls}", fontsize=9)
    axes.set_ylabel(down, fontsize=9)


def _name(value: Any) -> str:
    """Return a value as a tick label; dollar signs are escaped, because they start a formula."""
    return str(value).rpartition(":")[2][:LONGEST_LABEL].replace("$", r"\$")
