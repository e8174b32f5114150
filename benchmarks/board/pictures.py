"""Pictures for the pages: levels, episodes, and small multiples of training and of budgets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agents.record import AgentRecord
from benchmarks.board.column import figure
from benchmarks.board.standings import Track
from mesa_gym.rendering import render_rgb
from mesa_gym.rendering.png import data_uri
from mesa_gym.report.strip import episode_strip, play_episode
from mesa_gym.scoring import ScoreCard
from mesa_gym.traps import Split, find_trap

TILE = 16  # pixels a cell has, which the style sheet shows larger
# Of a panel, in units of its SVG.
WIDTH, HEIGHT = 200.0, 120.0
LEFT, RIGHT, TOP, BOTTOM = 30.0, 12.0, 8.0, 20.0
Points = Sequence[tuple[float, float]]


def picture(trap: str, split: str) -> str:
    """Return the picture of level 0 of a split."""
    made = find_trap(trap)()
    return _source(render_rgb(made, made.levels(Split(split), [0]), TILE)[0])


def strip(card: ScoreCard) -> list[tuple[str, str]] | str:
    """Return the pictures and captions of a card's episode, or why there are none."""
    try:
        moments = episode_strip(card)
    except ValueError as error:
        return str(error)
    return [(_source(each.picture(TILE)), each.caption) for each in moments]


def film(card: ScoreCard) -> dict[str, Any] | None:
    """Return the frames of a card's episode, one below the other, and what they show.

    None where the card holds no episode that can be played.
    """
    try:
        played = play_episode(card)
    except ValueError:
        return None
    # The end is shown for a second.
    trap, states = played.trap, played.states
    frames = render_rgb(trap, trap.joined([*states, *[states[-1]] * 4]), TILE)
    n, height, width, _ = frames.shape
    return {
        "card": card,
        "source": _source(frames.reshape(n * height, width, 3)),
        "frames": n,
        "height": height,
        "width": width,
        "words": f"{len(states) - 1} steps of {card.policy}, from the start to the end",
    }


def _source(picture: NDArray[np.uint8]) -> Any:
    """Return a picture as the source of an image, which is markup already."""
    from markupsafe import Markup

    return Markup(data_uri(picture))


# -- small multiples -------------------------------------------------------------------------------


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


def training_panels(trained: Mapping[str, Sequence[AgentRecord]]) -> list[ChartPanel]:
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
            _draw_panel(
                trap, dict.fromkeys(lines, "curve"), lines, (low, high), ticks, f"end {words}"
            )
        )
    return found


def track_panels(track: Track, method: str = "") -> list[ChartPanel]:
    """Return a panel for each method or for one: steering over the budgets, above all others'."""
    if not track.budgets:
        return []
    scaled = np.log2(np.array(track.budgets) + 1.0)
    x = ((scaled - scaled[0]) / (scaled[-1] - scaled[0])).tolist()
    ticks = list(zip(x, map(str, track.budgets), strict=True))
    drawn = [each for each in track.standings if each.curve]
    lines = {each.method: list(zip(x, each.curve.values(), strict=True)) for each in drawn}
    low = min([0.0, *(y for line in lines.values() for _, y in line)])
    found = []
    for each in (each for each in drawn if method in ("", each.method)):
        looks = {name: "others" for name in lines if name != each.method} | {each.method: "curve"}
        words = ", ".join(f"{b}: {figure(y)}" for b, y in each.curve.items())
        found.append(_draw_panel(each.method, looks, lines, (low, 1.0), ticks, words))
    return found


def _draw_panel(
    title: str,
    looks: Mapping[str, str],
    lines: Mapping[str, Points],
    limits: tuple[float, float],
    ticks: Sequence[tuple[float, str]],
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
