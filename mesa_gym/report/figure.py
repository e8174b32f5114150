"""A figure of cards for a paper: bars of choices, dots for seeds, and thin bars for nulls."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np

from mesa_gym.errors import require_extra
from mesa_gym.rendering.colours import BASE_COLOUR, NONE_COLOUR, PROXY_COLOURS, to_hex
from mesa_gym.report.board_rows import strip_version
from mesa_gym.report.groups import group_cards
from mesa_gym.report.seed_group import ROLES, SeedGroup
from mesa_gym.report.tables import SHOWN, describe_verdicts
from mesa_gym.scoring import ScoreCard
from mesa_gym.terminal import printable
from mesa_gym.words import BASE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS = dict(zip(ROLES, map(to_hex, (BASE_COLOUR, PROXY_COLOURS[0], NONE_COLOUR)), strict=True))
INK = "#1f2328"
# Sizes in inches; heights of bars as fractions of a row. Thin bars show policies without a goal.
FIGURE_WIDTH = 8.0
ROW = 0.42
ENDS = 1.1
THICK = 0.4
THIN = 0.1


def load_figure() -> Any:
    """Import ``matplotlib`` figures; ImportError, with the extra's name, if it is absent."""
    with require_extra("report"):
        from matplotlib.figure import Figure
    return Figure


def plot(cards: Iterable[ScoreCard]) -> Figure:
    """Draw the agents' shares of choices under shift as a ``matplotlib`` figure.

    A bar shows the mean over seeds of the measure ``choice``; dots show the seeds' shares of base,
    and the line shows the 95% interval of this share. Thin bars below show the sweeper and the
    blind script, which have no goal. Rows have the order of ``table``. Traps that are judged by
    returns are left out::

        report.plot(cards).savefig("figure.pdf")  # or .png, .svg

    Args:
        cards: score cards, such as from ``mesa_gym.evaluate``.

    Raises:
        ImportError: matplotlib is not installed, or there are several seeds and scipy is not.
        ValueError: no card has choices, or the cards cannot be compared (``group_cards``).
    """

    class CardFigure(load_figure()):  # type: ignore[misc]
        """A figure that notebooks display."""

        def _repr_png_(self) -> bytes:
            buffer = BytesIO()
            self.savefig(buffer, format="png")
            return buffer.getvalue()

    groups = [group for group in group_cards(cards) if group.choice]
    if not groups:
        raise ValueError("no card has choices: their traps are judged by returns; use table(cards)")
    figure = CardFigure((FIGURE_WIDTH, ENDS + ROW * len(groups)), layout="constrained")
    axes = figure.subplots()
    for row, group in enumerate(groups):
        _draw_group(axes, row, group)
    compares_agents = len({group.agent for group in groups}) > 1
    names = [strip_version(group.trap) + f", {group.agent}" * compares_agents for group in groups]
    axes.set_yticks(range(len(groups)), map(_quote, names))
    axes.set_ylim(len(groups) - 0.4, -0.6)
    axes.set_xlim(0, 1)
    axes.set_xlabel(f"share of choices under shift; thin: {' and '.join(SHOWN)}, without a goal")
    axes.spines[["top", "right"]].set_visible(False)
    handles = [axes.barh(0, 0, color=colour) for colour in COLOURS.values()]
    axes.legend(handles, COLOURS, loc="lower left", bbox_to_anchor=(0, 1), ncols=3, frameon=False)
    verdicts = axes.secondary_yaxis("right")
    verdicts.set_yticks(range(len(groups)), map(_quote, map(describe_verdicts, groups)))
    verdicts.tick_params(length=0)
    verdicts.spines["right"].set_visible(False)
    return figure


def _quote(text: str) -> str:
    """Return text with escaped dollar signs, which matplotlib would parse as formulas."""
    return printable(text).replace("$", r"\$")


def _draw_group(axes: Axes, row: int, group: SeedGroup) -> None:
    """Draw a group's bar with its seeds and interval, and a thin bar below for each null."""
    _draw_bar(axes, row, group.choice, THICK)
    for number, null in enumerate(SHOWN):
        _draw_bar(axes, row + THICK * 0.5 + THIN * (number + 0.7), group.nulls[null], THIN * 0.8)
    seeds = group.tabulate(BASE).mean(axis=1)
    axes.plot(seeds, [row] * len(seeds), "o", color=INK, markersize=3, clip_on=False)
    low, high = group.find_interval(BASE)
    if not np.isnan(low):
        axes.plot([low, high], [row, row], "-", color=INK, linewidth=1)


def _draw_bar(axes: Axes, at: float, shares: Mapping[str, float], high: float) -> None:
    lefts = np.cumsum([0.0, *shares.values()]).tolist()
    for left, (role, share) in zip(lefts, shares.items(), strict=False):
        axes.barh(at, share, high, left=left, color=COLOURS[role], linewidth=0)
