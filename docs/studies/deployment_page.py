"""The page on learning in deployment: tables, the fate of each hypothesis, and the picture.

    python -m docs.studies.deployment_page --page docs/studies/deployment.md

reads what ``docs.studies.deployment`` kept; what was not run is left out.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from agents.deployment import NEITHER, Judge
from benchmarks.markdown import lay_out_table
from docs.studies.deployment import LOOKED_AT, PARTS, PLANS, STARTS, TRAPS, Deployment
from docs.studies.deployment_costs import (
    EPISODES,
    LINES,
    Floats,
    cost_of,
    cost_until,
    judge_nulls,
    read_outcome,
)
from docs.studies.deployment_hypotheses import judge_hypotheses, list_points
from docs.studies.page_tables import make_parser, show
from mesa_gym.trained.library import has_weights, load_entry, read_manifest
from mesa_gym.traps import find_trap

HARM_LEVELS, RARE = 20, (1.0, 0.1)
PICTURE, SHOWN = Path("docs/images/deployment.svg"), 1500  # episodes in the picture
LEAST = (1e-4, 0.05)  # of what the picture shows: meet, and a ratio
RULES = {"": "", "falls": ", cure", "always": ", softened"}


def say(values: Floats, missed: int = 0) -> str:
    """Return a mean with the least and the most of the seeds; ">" where some got nowhere."""
    mark = f"> ({missed}) " if missed else ""
    return f"{mark}{values.mean():,.0f} ({values.min():,.0f} to {values.max():,.0f})"


def tabulate_part(part: str) -> str:
    """Return the costs of each start on each trap, and of what learns nothing there."""
    rows = []
    for trap in PARTS[part].traps:
        plans = [p for p in PLANS if (p.part, p.trap) == (part, trap) and p.was_run]
        for plan in plans:
            deployed, curves = read_outcome(plan)
            until, first = [cost_until(plan, line) for line in LINES], cost_of(plan)
            cells = [say(each.lost, each.missed) for each in until]
            cells += [say(until[0].proxy, until[0].missed)]
            cells += [say(first.lost, first.missed), say(first.proxy, first.missed)]
            meet = f"{np.mean(deployed.meet):.4f}" if deployed.meet else ""
            end = f"{np.mean([curve.base[-1] for curve in curves]):.2f}"
            rows.append([trap, plan.start + RULES[plan.rule], meet, *cells, end])
        for name, standing in judge_nulls(trap).items() if part not in ("small", "sb3") else ():
            first_base = standing.first[find_trap(trap).base]
            proxy = 1 - first_base - standing.first[NEITHER]
            costs = [f"{EPISODES * each:,.0f}" for each in (standing.regret, proxy)]
            rows.append([trap, f"*{name}*", *[""] * 4, *costs, f"{first_base:.2f}"])
    head = ["trap", "start", "meet", "regret to .8", "to .9", "proxy-first to .8"]
    head += [f"regret of {EPISODES:,}", f"proxy-first of {EPISODES:,}", "base first at the end"]
    return lay_out_table(head, rows)


def tabulate_harm() -> str:
    """Return how many episodes the library's agents last until they take a proxy first."""
    judge = cache(lambda name: Judge(find_trap(name)(), HARM_LEVELS))
    shares: dict[tuple[str, str], list[float]] = {}
    for entry in read_manifest():
        trap = find_trap(entry.trap)()
        exact = trap.solvable and trap.by_contact and not trap.by_returns()
        if entry.trained_for is None and has_weights(entry) and exact:
            first = judge(entry.trap).judge(load_entry(entry, trap)).first
            paid = "" if entry.reward == trap.base else f", {entry.reward} paid"
            training = f"{entry.kind}, alpha {entry.alpha:g}{paid}"
            proxy = sum(first[x] for x in trap.proxies)
            shares.setdefault((entry.trap, training), []).append(proxy)
    rows = []
    for (name, training), each in shares.items():
        lasts = [[1 / (p * max(share, 1e-12)) - 1 for share in each] for p in RARE]
        cells = [f"{min(x):,.1f} to {max(x):,.1f}" for x in lasts]
        share = f"{min(each):.4f} to {max(each):.4f}"
        rows.append([name.partition("-v")[0], training, str(len(each)), share, *cells])
    head = ["trap", "training", "agents", "proxy first", *(f"episodes, p = {p:g}" for p in RARE)]
    return lay_out_table(head, rows)


def compare_sums() -> str:
    """Return how far regret expected along the curve is from that of the levels played."""
    plans = [plan for plan in PLANS if plan.part == "traps" and plan.was_run]
    off = [c.expected[-1] / c.lost[-1] - 1 for plan in plans for c in read_outcome(plan).curves]
    low, middle, high = 100 * np.quantile(off, (0.025, 0.5, 0.975))
    return (
        f"Regret summed along the exact curves against the levels really played, {len(off)}"
        f" deployments: median {middle:+.1f}%, 95% within {low:+.1f}% to {high:+.1f}%; within 5%:"
        f" {np.mean(abs(np.array(off)) < 0.05):.2f} of them."
    )


def draw(path: Path) -> None:
    """Write the picture: regret summed over episodes on one trap, and ratios against meet."""
    figure = Figure((8.4, 3.2), layout="constrained")
    left, right = figure.subplots(1, 2)
    draw_sums(left, TRAPS[0])
    marks = dict(zip(STARTS[1:-1], "osD^", strict=True))
    colours = dict(zip(TRAPS, [f"C{i}" for i in range(len(TRAPS))], strict=True))
    for trap, colour in colours.items():
        points = np.maximum(list_points([trap]).T, LEAST)
        for (meet, ratio), mark in zip(points, marks.values(), strict=True):
            fill = colour if trap in LOOKED_AT else "none"
            right.plot(meet, ratio, mark, color=colour, mfc=fill, ms=5)
        right.plot([], [], "s", color=colour, label=trap)
    for start, mark in marks.items():
        right.plot([], [], mark, color="black", mfc="none", label=start)
    right.set(xscale="log", yscale="log", xlabel="chance that an episode of the start meets base")
    right.set_ylabel("regret until .8, over fresh agents'")
    right.axhline(1, color="black", lw=0.6)
    right.legend(fontsize=6, ncols=2, loc="lower left")
    figure.savefig(path, format="svg", metadata={"Date": None})


def draw_sums(axes: Axes, trap: str) -> None:
    """Draw regret summed over episodes: means of starts with least and most, and nulls."""
    at = np.linspace(0, SHOWN, 31)
    for start, colour in {"fresh": "#3b75af", "warm": "#c23b3b", "certain": "#8a8a8a"}.items():
        curves = read_outcome(Deployment("traps", trap, start)).curves
        lost = [np.interp(at, curve.episodes, curve.lost, right=np.nan) for curve in curves]
        axes.plot(at, np.mean(lost, axis=0), color=colour, label=start)
        axes.fill_between(at, np.min(lost, axis=0), np.max(lost, axis=0), color=colour, alpha=0.2)
    for name, style in (("sweeper", "--"), ("stop at once", ":")):
        axes.plot(at, at * judge_nulls(trap)[name].regret, style, color="black", lw=1, label=name)
    axes.set(xlabel=f"episodes of the shift, {trap}", ylabel="regret, summed")
    axes.legend(fontsize=7)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the script: 0 done."""
    page = make_parser("deployment_page", __doc__).parse_args(arguments).page
    show("hypotheses", lay_out_table(["said", "found", "fate"], judge_hypotheses()), page)
    for part in PARTS:
        if any(plan.part == part and plan.was_run for plan in PLANS):
            show(part, tabulate_part(part), page)
    show("sums", compare_sums(), page)
    show("harm", tabulate_harm(), page)
    draw(PICTURE)
    return 0


if __name__ == "__main__":
    sys.exit(main())
