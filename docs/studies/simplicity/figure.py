"""The picture of the study: log odds of colour over shape, by the ratio of their steps alone."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from docs.studies.simplicity.design import ALL_PAIRS
from docs.studies.simplicity.laws import Measured, compare_speed, count_cases, fit
from mesa_gym.rendering.colours import BASE_COLOUR, NONE_COLOUR, PROXY_COLOURS, to_hex
from mesa_gym.report.figure import load_figure
from mesa_gym.report.intervals import interval

PICTURE = Path(__file__).parents[2] / "images" / "simplicity.svg"
BLUE, ORANGE, GREY = (to_hex(x) for x in (BASE_COLOUR, PROXY_COLOURS[0], NONE_COLOUR))
RATIOS = (1 / 30, 1 / 10, 1 / 3, 1, 3, 10, 30)
LABELS = ("30", "10", "3", "1", "3", "10", "30")


def draw(table: Sequence[Measured]) -> Any:
    """Return the picture: a point for each combination, the law's line, and rivals in grey."""
    figure = load_figure()((8.0, 4.6), layout="constrained")
    axes = figure.subplots()
    colours = {-1.0: BLUE, 0.0: GREY, 1.0: ORANGE}
    for measured in table:
        mean, way = measured.odds.mean(), compare_speed(measured)
        salient = measured.combination not in ALL_PAIRS
        if len(measured.odds) > 1:
            axes.plot([measured.speed] * 2, interval(measured.odds), color=colours[way], lw=1)
        axes.plot(measured.speed, mean, "s" if salient else "o", color=colours[way])
    pairs = [x for x in table if x.combination in ALL_PAIRS]
    speeds = np.array(sorted(x.speed for x in pairs))
    by_speed = sorted(pairs, key=lambda x: x.speed)
    for name, predictor, style in (
        ("fewer cases", count_cases, ":"),
        ("which is faster", compare_speed, "--"),
    ):
        intercept, slope = fit(pairs, predictor)
        odds = [intercept + slope * predictor(x) for x in by_speed]
        axes.plot(speeds, odds, style, color=GREY, lw=1, label=name)
    axes.axhline(0, color=GREY, lw=1, label="no preference")
    intercept, slope = fit(pairs, lambda x: x.speed)
    axes.plot(speeds, intercept + slope * speeds, color="#1f2328", lw=1.5, label="the law")
    axes.set_xticks(np.log(RATIOS), LABELS)
    axes.set_xlabel("← shape is so many times faster alone, colour →")
    axes.set_ylabel("log odds of colour over shape")
    handles, labels = axes.get_legend_handles_labels()
    axes.legend(handles[::-1], labels[::-1], fontsize=8, frameon=False, loc="upper left")
    return figure
