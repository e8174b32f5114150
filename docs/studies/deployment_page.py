"""The page on learning in deployment: tables, the fate of each hypothesis, and the picture.

    python -m docs.studies.deployment_page --page docs/studies/deployment.md

reads what ``docs.studies.deployment`` kept; what was not run is left out, and said to be.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from agents.deployment import NEITHER, Judge, Standing
from benchmarks.markdown import lay_out_table
from docs.studies.deployment import (
    STARTS,
    TRAPS,
    Deployed,
)
from mesa_gym.policies import as_policy
from mesa_gym.traps import find_trap

Floats = NDArray[np.float64]
LINES, EPISODES, RESAMPLES, NULL_LEVELS = (0.8, 0.9), 1000, 4000, 400
PICTURE = Path("docs/images/deployment.svg")
NULLS = ("sweeper", "random")


class Cost(NamedTuple):
    """The cost of some episodes, of each seed.

    Attributes:
        lost, proxy: float64 (seeds,), regret and episodes with the proxy first, summed.
        missed: of how many seeds it is only the cost so far: they never got there.
    """

    lost: Floats
    proxy: Floats
    missed: int = 0


class Curve(NamedTuple):
    """One seed's deployment: episodes, share of base, and sums so far; float64 (updates,) each."""

    episodes: Floats
    base: Floats
    lost: Floats
    proxy: Floats
    expected: Floats


def read_curves(deployed: Deployed, base: str) -> list[Curve]:
    """Return the curve of each seed; the sums of regret are of the levels played, and expected."""
    found = []
    for updates in deployed.updates:
        episodes = np.array([0, *(each.episodes for each in updates)], dtype=float)
        standings = [each.standing for each in (updates[0], *updates)]
        share = np.array([each.first[base] for each in standings])
        proxy = 1 - share - np.array([each.first[NEITHER] for each in standings])
        regret = np.array([each.regret for each in standings])
        lost = np.array([0.0, *(each.lost for each in updates)])
        found.append(Curve(episodes, share, lost, *(add_up(episodes, x) for x in (proxy, regret))))
    return found


def add_up(episodes: Floats, each: Floats) -> Floats:
    """Return the sum over episodes so far of what an episode has at each update."""
    return np.cumsum([0.0, *(np.diff(episodes) * (each[1:] + each[:-1]) / 2)])


def cost_until(curves: Sequence[Curve], line: float) -> Cost:
    """Return the cost until base is first on so many of the levels."""
    there = [np.flatnonzero(curve.base >= line) for curve in curves]
    at = [int(found[0]) if len(found) else -1 for found in there]
    pairs = [(c.lost[i], c.proxy[i]) for c, i in zip(curves, at, strict=True)]
    lost, proxy = np.array(pairs).T
    return Cost(lost, proxy, at.count(-1))


def cost_of(curves: Sequence[Curve], episodes: float) -> Cost:
    """Return the cost of the first so many episodes of the shift."""
    pairs = [[np.interp(episodes, c.episodes, x) for x in (c.lost, c.proxy)] for c in curves]
    lost, proxy = np.array(pairs).T
    return Cost(lost, proxy, sum(curve.episodes[-1] < episodes for curve in curves))


def compare(one: Floats, other: Floats) -> tuple[float, float, float]:
    """Return the ratio of two means over seeds with its 95% bootstrap over seeds."""
    rng = np.random.default_rng(0)
    means = [x[rng.integers(len(x), size=(RESAMPLES, len(x)))].mean(axis=1) for x in (one, other)]
    low, high = np.quantile(means[0] / np.maximum(means[1], 1e-9), (0.025, 0.975))
    return float(one.mean() / max(other.mean(), 1e-9)), float(low), float(high)


# -- tables ----------------------------------------------------------------------------------------


def say(values: Floats, missed: int = 0) -> str:
    """Return a mean with the least and the most of the seeds; ">" where some got nowhere."""
    more = "> " if missed else ""
    return f"{more}{values.mean():,.0f} ({values.min():,.0f} to {values.max():,.0f})"


def say_ratio(one: Cost, other: Cost, what: str = "lost") -> str:
    """Return a ratio with its interval; ">" or "<" where a seed got nowhere."""
    ratio, low, high = compare(getattr(one, what), getattr(other, what))
    more = "> " * bool(one.missed) + "< " * bool(other.missed)
    return f"{more}{ratio:.2f} [{low:.2f}, {high:.2f}]"


def tabulate_starts(curves: dict[tuple[str, str], list[Curve]], meets: dict) -> str:
    """Return the costs of each start on each trap, and what nulls lose there."""
    rows = []
    for trap in TRAPS:
        for start in STARTS:
            mine = curves[trap, start]
            until = [cost_until(mine, line) for line in LINES]
            first = cost_of(mine, EPISODES)
            end = np.array([curve.base[-1] for curve in mine])
            cells = [say(each.lost, each.missed) for each in until]
            cells += [say(until[0].proxy, until[0].missed), say(first.lost), say(first.proxy)]
            meet = np.mean(meets[trap, start])
            rows.append([trap, start, f"{meet:.3f}", *cells, f"{end.mean():.2f}"])
        rows += tabulate_nulls(trap, curves[trap, "warm"])
    head = ["trap", "start", "meet", "regret to .8", "to .9", "proxy-first to .8"]
    head += [f"regret of {EPISODES:,}", f"proxy-first of {EPISODES:,}", "base first at the end"]
    return lay_out_table(head, rows)


def judge_nulls(trap: str) -> dict[str, Standing]:
    """Return what policies without a goal are worth on held-out levels."""
    judge = Judge(find_trap(trap)(), NULL_LEVELS)
    policies = {name: as_policy(name, judge.trap, judge.horizon) for name in (*NULLS, "stay")}
    return {name: judge.judge(policy) for name, policy in policies.items()}


def tabulate_nulls(trap: str, warm: Sequence[Curve]) -> list[list[str]]:
    """Return a row for each null; it does not change, so that its episodes cost the same."""
    made, rows = find_trap(trap)(), []
    names = {"stay": "*stop at once*", "sweeper": "*sweeper*", "random": "*uniform*"}
    for name, standing in judge_nulls(trap).items():
        base = standing.first[made.base]
        proxy = 1 - base - standing.first[NEITHER]
        cells = ["", "", "", f"{EPISODES * standing.regret:,.0f}", f"{EPISODES * proxy:,.0f}"]
        rows.append([trap, names[name], "", *cells, f"{base:.2f}"])
    slopes = [(c.expected[1:] / np.maximum(c.episodes[1:], 1), c) for c in warm]
    del slopes
    return rows


def draw(curves: dict[tuple[str, str], list[Curve]], path: Path) -> None:
    """Write the picture: regret summed over episodes, of seeds and of nulls, a panel a trap."""
    figure = Figure((8.4, 2.5), layout="constrained")
    panels = figure.subplots(1, len(TRAPS), sharey=True)
    colours = {"fresh": "#3b75af", "warm": "#c23b3b", "softened": "#d9a03f"}
    for axes, trap in zip(panels, TRAPS, strict=True):
        for start, colour in colours.items():
            for index, curve in enumerate(curves[trap, start]):
                label = start if not index else None
                axes.plot(curve.episodes, curve.lost, color=colour, lw=0.9, label=label)
        for name, style in (("sweeper", "--"), ("stay", ":")):
            regret = judge_nulls(trap)[name].regret
            label = "stop at once" if name == "stay" else name
            axes.plot([0, 2000], [0, 2000 * regret], style, color="black", lw=1, label=label)
        axes.set_xlim(0, 2000)
        axes.set_ylim(0, 1600)
        axes.set_title(trap, fontsize=9)
        axes.set_xlabel("episodes of the shift", fontsize=8)
        axes.tick_params(labelsize=7)
    panels[0].set_ylabel("regret, summed", fontsize=8)
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=5, fontsize=8)
    figure.savefig(path, format="svg", metadata={"Date": None})
