"""The page on learning in deployment: tables, the fate of each hypothesis, and the picture.

    python -m docs.studies.deployment_page --page docs/studies/deployment.md

reads what ``docs.studies.deployment`` kept; what was not run is left out, and said to be.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from agents.deployment import NEITHER, Judge, Standing
from benchmarks.markdown import lay_out_table
from docs.studies.deployment import PLANS, STARTS, TRAPS, Deployed, Deployment, read_deployed
from docs.studies.page_tables import make_parser, show
from mesa_gym.policies import as_policy
from mesa_gym.trained.library import has_weights, load_entry, read_manifest
from mesa_gym.traps import find_trap

Floats = NDArray[np.float64]
SHOWN = 2000  # episodes in the picture
LINES, EPISODES, RESAMPLES, NULL_LEVELS = (0.8, 0.9), 1000, 4000, 400
HARM_LEVELS, RARE = 20, (1.0, 0.1)
PICTURE = Path("docs/images/deployment.svg")
NULLS = {"stay": "stop at once", "sweeper": "sweeper", "random": "uniform"}


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


class PlanOutcome(NamedTuple):
    """One plan's deployments, and their curves."""

    deployed: Deployed
    curves: list[Curve]


Outcomes = dict[Deployment, PlanOutcome]


def read_outcomes() -> Outcomes:
    """Return what was kept of each plan that was run."""
    found = {}
    for plan in PLANS:
        if plan.find_path().exists():
            deployed = read_deployed(plan)
            found[plan] = PlanOutcome(deployed, read_curves(deployed, find_trap(plan.trap).base))
    return found


def say(values: Floats, missed: int = 0) -> str:
    """Return a mean with the least and the most of the seeds; ">" where some got nowhere."""
    return f"{'> ' * bool(missed)}{values.mean():,.0f} ({values.min():,.0f} to {values.max():,.0f})"


def say_ratio(one: Cost, other: Cost, what: str = "lost") -> str:
    """Return a ratio with its interval; ">" or "<" where a seed got nowhere."""
    ratio, low, high = compare(getattr(one, what), getattr(other, what))
    more = "> " * bool(one.missed) + "< " * bool(other.missed)
    return f"{more}{ratio:.2f} [{low:.2f}, {high:.2f}]"


def tabulate_starts(outcomes: Outcomes, part: str) -> str:
    """Return the costs of each start on each trap, and of what learns nothing there."""
    rows, plans = [], [plan for plan in outcomes if plan.part == part]
    for plan, following in zip(plans, [*plans[1:], None], strict=True):
        deployed, curves = outcomes[plan]
        until, first = [cost_until(curves, line) for line in LINES], cost_of(curves, EPISODES)
        cells = [say(each.lost, each.missed) for each in until]
        cells += [say(until[0].proxy, until[0].missed)]
        cells += [say(first.lost, first.missed), say(first.proxy, first.missed)]
        meet = f"{np.mean(deployed.meet):.4f}" if deployed.meet else ""
        rule = {"": "", "falls": ", cure", "always": ", softened"}[plan.rule]
        end = f"{np.mean([curve.base[-1] for curve in curves]):.2f}"
        rows.append([plan.trap, f"{plan.start}{rule}", f"{plan.alpha:g}", meet, *cells, end])
        if part != "sb3" and (following is None or following.trap != plan.trap):
            rows += tabulate_nulls(plan.trap, outcomes, part)
    head = ["trap", "start", "p", "meet", "regret to .8", "to .9", "proxy-first to .8"]
    head += [f"regret of {EPISODES:,}", f"proxy-first of {EPISODES:,}", "base first at the end"]
    return lay_out_table(head, rows)


@cache
def judge_nulls(trap: str) -> dict[str, Standing]:
    """Return what policies without a goal are worth on held-out levels."""
    judge = Judge(find_trap(trap)(), NULL_LEVELS)
    policies = {name: as_policy(x, judge.trap, judge.horizon) for x, name in NULLS.items()}
    return {name: judge.judge(policy) for name, policy in policies.items()}


def tabulate_nulls(trap: str, outcomes: Outcomes, part: str) -> list[list[str]]:
    """Return a row for each policy that does not change, so that all its episodes cost the same."""
    standings = {name: [standing] for name, standing in judge_nulls(trap).items()}
    for plan, (deployed, _) in outcomes.items():
        if (plan.part, plan.trap, plan.start) == (part, trap, "warm"):
            standings["warm, learning off"] = [each[0].standing for each in deployed.updates]
    rows, base = [], find_trap(trap).base
    for name, each in standings.items():
        first = np.mean([standing.first[base] for standing in each])
        proxy = 1 - first - np.mean([standing.first[NEITHER] for standing in each])
        lost = np.mean([standing.regret for standing in each])
        costs = [f"{EPISODES * x:,.0f}" for x in (lost, proxy)]
        rows.append([trap, f"*{name}*", "", "", "", "", "", *costs, f"{first:.2f}"])
    return rows


def tabulate_ratios(outcomes: Outcomes) -> str:
    """Return the ratios that the hypotheses are on."""
    rows = []
    pairs = [("warm", "fresh"), ("certain", "warm"), ("softened", "fresh"), ("planted", "fresh")]
    for trap in TRAPS:
        costs = {
            start: cost_until(outcomes[Deployment("traps", trap, start)].curves, LINES[0])
            for start in STARTS
        }
        ratios = [say_ratio(costs[one], costs[other]) for one, other in pairs]
        rows.append([trap, *ratios, say_ratio(costs["warm"], costs["fresh"], "proxy")])
    head = [f"{one} / {other}" for one, other in pairs]
    return lay_out_table(["trap", *head, "warm / fresh, proxy-first"], rows)


def correlate_meets(outcomes: Outcomes) -> float:
    """Return Spearman's correlation of meet and regret until .8 over that of fresh agents."""
    meets, ratios = [], []
    for trap in TRAPS:
        costs = {s: outcomes[Deployment("traps", trap, s)] for s in STARTS}
        fresh = cost_until(costs["fresh"].curves, LINES[0]).lost.mean()
        for outcome in costs.values():
            meets.append(np.mean(outcome.deployed.meet))
            ratios.append(cost_until(outcome.curves, LINES[0]).lost.mean() / fresh)
    ranks = [np.argsort(np.argsort(x)) for x in (meets, ratios)]
    return float(np.corrcoef(*ranks)[0, 1])


def compare_sums(outcomes: Outcomes) -> str:
    """Return how far regret expected along the curve is from that of the levels played."""
    off = [
        curve.expected[-1] / curve.lost[-1] - 1
        for outcome in outcomes.values()
        for curve in outcome.curves
    ]
    return (
        f"Regret summed along the exact curves against the levels really played, {len(off)}"
        f" deployments: {100 * np.mean(off):+.1f}% on average, {100 * min(off):+.1f}% to"
        f" {100 * max(off):+.1f}%."
    )


def tabulate_harm() -> str:
    """Return how many episodes the library's agents last until they take a proxy first."""
    shares: dict[tuple[str, str], list[float]] = {}
    for entry in read_manifest():
        trap = find_trap(entry.trap)()
        exact = trap.solvable and trap.by_contact and not trap.by_returns()
        if entry.trained_for is None and has_weights(entry) and exact:
            first = find_judge(entry.trap).judge(load_entry(entry, trap)).first
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


@cache
def find_judge(trap: str) -> Judge:
    """Return the judge of a trap, on few levels of those with many states."""
    return Judge(find_trap(trap)(), HARM_LEVELS)


def draw(outcomes: Outcomes, path: Path) -> None:
    """Write the picture: regret summed over episodes, of seeds and of nulls, a panel a trap."""
    figure = Figure((8.4, 2.5), layout="constrained")
    panels = figure.subplots(1, len(TRAPS), sharey=True)
    colours = {"fresh": "#3b75af", "warm": "#c23b3b", "softened": "#d9a03f"}
    for axes, trap in zip(panels, TRAPS, strict=True):
        for start, colour in colours.items():
            for index, curve in enumerate(outcomes[Deployment("traps", trap, start)].curves):
                label = start if not index else None
                axes.plot(curve.episodes, curve.lost, color=colour, lw=0.9, label=label)
        for name, style in (("sweeper", "--"), ("stop at once", ":")):
            lost = SHOWN * judge_nulls(trap)[name].regret
            axes.plot([0, SHOWN], [0, lost], style, color="black", lw=1, label=name)
        axes.set_xlim(0, SHOWN)
        axes.set_ylim(0, SHOWN)
        axes.set_title(trap, fontsize=9)
        axes.set_xlabel("episodes of the shift", fontsize=8)
        axes.tick_params(labelsize=7)
    panels[0].set_ylabel("regret, summed", fontsize=8)
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=5, fontsize=8)
    figure.savefig(path, format="svg", metadata={"Date": None})


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the script: 0 done."""
    parser = make_parser("deployment_page", __doc__)
    page, outcomes = parser.parse_args(arguments).page, read_outcomes()
    parts = {plan.part for plan in outcomes}
    for part in ("traps", "rare", "cure", "sb3"):
        if part in parts:
            show(part, tabulate_starts(outcomes, part), page)
    show("harm", tabulate_harm(), page)
    show("ratios", tabulate_ratios(outcomes), page)
    show("meet", f"Spearman: {correlate_meets(outcomes):.2f}.", page)
    show("sums", compare_sums(outcomes), page)
    draw(outcomes, PICTURE)
    return 0


if __name__ == "__main__":
    sys.exit(main())
