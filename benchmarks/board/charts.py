"""Small multiples: learning curves of agents, and curves of methods over their budgets."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmarks.board.column import figure
from benchmarks.board.scores import LABELS_MEAN
from benchmarks.board.standings import DivisionTable, Standing
from mesa_gym.trained.record import AgentRecord

# Of a panel, in units of its SVG.
WIDTH, HEIGHT = 200.0, 120.0
LEFT, RIGHT, TOP, BOTTOM = 30.0, 12.0, 8.0, 20.0
# Table -> what its budgets are.
CURVES = {"coverage": "members", LABELS_MEAN: "k", "ask": "q"}
# Of the other methods the best are drawn.
DRAWN = 12
Points = Sequence[tuple[float, float]]
Ticks = Sequence[tuple[float, str]]


@dataclass(frozen=True)
class ChartPanel:
    """One set of axes.

    Attributes:
        title: above it.
        lines: coordinates as SVG has them, how it looks (a class), what it is; the last on top.
        ys: (place, text) of the horizontal rules.
        xs: (place, text) below the axis.
        words: the same for those who cannot see it.
    """

    title: str
    lines: list[tuple[str, str, str]]
    ys: list[tuple[float, str]]
    xs: list[tuple[float, str]]
    words: str


def draw_training(trained: Mapping[str, Sequence[AgentRecord]]) -> list[ChartPanel]:
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
        looks = dict.fromkeys(lines, "curve")
        found.append(_draw_panel(trap, looks, lines, (low, high), ticks, f"end {words}"))
    return found


def draw_curves(division: DivisionTable, own: Sequence[Standing]) -> list[ChartPanel]:
    """Return a panel for each track: curves of some methods before the best ones of a division.

    Args:
        division: of the others.
        own: methods that stand out, at most three, each with a look of its own.
    """
    found = []
    for table, budget in CURVES.items():
        curves = {
            each.method: each.scores[table].curve
            for each in (*division.standings[:DRAWN], *own)
            if table in each.scores and len(each.scores[table].curve) > 1
            if each.place or each in own
        }
        if any(each.method in curves for each in own):
            found.append(_draw_table(f"{table}, by {budget}", curves, [x.method for x in own]))
    return found


def _draw_table(
    title: str, curves: Mapping[str, Mapping[float, float]], own: Sequence[str]
) -> ChartPanel:
    budgets = sorted({budget for curve in curves.values() for budget in curve})
    first, last = (math.log2(budgets[end] + 1) for end in (0, -1))
    x = {budget: (math.log2(budget + 1) - first) / (last - first) for budget in budgets}
    lines = {name: [(x[k], y) for k, y in curve.items()] for name, curve in curves.items()}
    looks = {name: "others" for name in lines if name not in own}
    looks |= {name: f"curve line-{n}" for n, name in enumerate(own) if name in lines}
    words = "; ".join(
        f"{name} {', '.join(f'{k:g}: {figure(y)}' for k, y in curves[name].items())}"
        for name in own
        if name in curves
    )
    values = [y for curve in curves.values() for y in curve.values()]
    low, high = min([0.0, *values]), 0.5 if max(values) < 0.5 else 1.0
    ticks = [(place, f"{budget:g}") for budget, place in x.items()]
    return _draw_panel(title, looks, lines, (low, high), ticks, words)


def _draw_panel(
    title: str,
    looks: Mapping[str, str],
    lines: Mapping[str, Points],
    limits: tuple[float, float],
    ticks: Ticks,
    words: str,
) -> ChartPanel:
    """Return a panel; x of lines and ticks is a share of the axis, y lies between the limits."""
    low, high = limits

    def across(x: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * x

    def up(y: float) -> float:
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * (y - low) / (high - low)

    drawn = [
        (" ".join(f"{across(x):.1f},{up(y):.1f}" for x, y in lines[name]), look, name)
        for name, look in looks.items()
    ]
    # A label just below that of 0 would cover it.
    told = {0.0, high} | ({low} if low < -0.1 * high else set())
    ys = [(up(value), f"{value:.3g}") for value in sorted(told)]
    return ChartPanel(title, drawn, ys, [(across(x), text) for x, text in ticks], words)
