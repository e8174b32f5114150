"""The page on learning in deployment: tables, the fate of each hypothesis, and the picture.

    python -m docs.studies.deployment_page --page docs/studies/deployment.md

reads what ``docs.studies.deployment`` kept; what was not run is left out, and said to be.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray
from scipy.stats import spearmanr

from agents.deployment import NEITHER, Judge, Standing
from benchmarks.markdown import lay_out_table
from docs.studies.deployment import LOOKED_AT, PARTS, PLANS, STARTS, TRAPS, Deployed, Deployment
from docs.studies.deployment import read_deployed
from docs.studies.page_tables import make_parser, show
from mesa_gym.policies import as_policy
from mesa_gym.trained.library import has_weights, load_entry, read_manifest
from mesa_gym.traps import find_trap

Floats = NDArray[np.float64]
LINES, EPISODES, RESAMPLES, NULL_LEVELS = (0.8, 0.9), 1000, 4000, 400
HARM_LEVELS, RARE = 20, (1.0, 0.1)
PICTURE, SHOWN = Path("docs/images/deployment.svg"), 1500  # episodes in the picture
NULLS = {"stay": "stop at once", "sweeper": "sweeper", "random": "uniform"}
SPOILT = LOOKED_AT[:2]  # where warm agents hardly ever meet base
NEW = TRAPS[len(LOOKED_AT) :]
RULES = {"": "", "falls": ", cure", "always": ", softened"}


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


class Outcome(NamedTuple):
    """A plan's deployments, and their curves."""

    deployed: Deployed
    curves: list[Curve]


@cache
def read_outcome(plan: Deployment) -> Outcome:
    """Return what was kept of a plan; the sums of regret are of the levels played, and expected."""
    deployed, base, curves = read_deployed(plan), find_trap(plan.trap).base, []
    for updates in deployed.updates:
        episodes = np.array([0, *(each.episodes for each in updates)], dtype=float)
        standings = [each.standing for each in (updates[0], *updates)]
        share = np.array([each.first[base] for each in standings])
        proxy = 1 - share - np.array([each.first[NEITHER] for each in standings])
        regret = np.array([each.regret for each in standings])
        lost = np.array([0.0, *(each.lost for each in updates)])
        sums = (add_up(episodes, each) for each in (proxy, regret))
        curves.append(Curve(episodes, share, lost, *sums))
    return Outcome(deployed, curves)


def add_up(episodes: Floats, each: Floats) -> Floats:
    """Return the sum over episodes so far of what an episode has at each update."""
    return np.cumsum([0.0, *(np.diff(episodes) * (each[1:] + each[:-1]) / 2)])


def cost_until(plan: Deployment, line: float = LINES[0]) -> Cost:
    """Return the cost until base is first on so many of the levels."""
    curves = read_outcome(plan).curves
    there = [np.flatnonzero(curve.base >= line) for curve in curves]
    at = [int(found[0]) if len(found) else -1 for found in there]
    lost, proxy = np.array([(c.lost[i], c.proxy[i]) for c, i in zip(curves, at, strict=True)]).T
    return Cost(lost, proxy, at.count(-1))


def cost_of(plan: Deployment, episodes: float = EPISODES) -> Cost:
    """Return the cost of the first so many episodes of the shift."""
    curves = read_outcome(plan).curves
    pairs = [[np.interp(episodes, c.episodes, x) for x in (c.lost, c.proxy)] for c in curves]
    lost, proxy = np.array(pairs).T
    return Cost(lost, proxy, sum(curve.episodes[-1] < episodes for curve in curves))


# -- hypotheses ------------------------------------------------------------------------------------


class Ratio(NamedTuple):
    """A ratio of two means over seeds with its 95% bootstrap over seeds; a mark where cut short."""

    value: float
    low: float
    high: float
    mark: str = ""

    def __str__(self) -> str:
        return f"{self.mark}{self.value:.2f} [{self.low:.2f}, {self.high:.2f}]"


def compare(one: Deployment, other: Deployment, what: str = "lost") -> Ratio:
    """Return the cost of one start until .8 over that of another."""
    costs, rng = (cost_until(one), cost_until(other)), np.random.default_rng(0)
    of = [getattr(cost, what) for cost in costs]
    means = [x[rng.integers(len(x), size=(RESAMPLES, len(x)))].mean(axis=1) for x in of]
    low, high = np.quantile(means[0] / np.maximum(means[1], 1e-9), (0.025, 0.975))
    value = of[0].mean() / max(of[1].mean(), 1e-9)
    mark = "".join(sign * bool(c.missed) for sign, c in zip(("> ", "< "), costs, strict=True))
    return Ratio(float(value), float(low), float(high), mark)


def judge_hypotheses() -> list[list[str]]:
    """Return a row for each hypothesis that was run: what was said, what came, its fate."""
    rows: list[list[str]] = []

    def judge(
        said: str, traps: Iterable[str], find: Callable[[str], Ratio], line: Callable[[Ratio], bool]
    ) -> None:
        try:
            found = {trap: find(trap) for trap in traps}
        except KeyError:
            return
        failed = [trap for trap, ratio in found.items() if not line(ratio)]
        cell = "; ".join(f"{trap} {ratio}" for trap, ratio in found.items())
        rows.append([said, cell, f"**falls**: {', '.join(failed)}" if failed else "holds"])

    def find_ratio(one: str, other: str, part: str = "traps") -> Callable[[str], Ratio]:
        return lambda trap: compare(find_plan(part, trap, one), find_plan(part, trap, other))

    def find_proxy(trap: str) -> Ratio:
        plans = [find_plan("traps", trap, start) for start in ("warm", "fresh")]
        return compare(*plans, "proxy")

    def find_rarest(trap: str) -> Ratio:
        return compare(find_plan("rarest", trap, "warm"), find_plan("traps", trap, "warm"))

    def find_sweeper(trap: str) -> Ratio:
        swept = EPISODES * judge_nulls(trap)["sweeper"].regret
        each = swept / cost_of(find_plan("traps", trap, "fresh")).lost
        return Ratio(each.mean(), each.min(), each.max())

    met = [trap for trap in NEW if find_meet(trap, "warm") > find_meet(trap, "fresh")]
    judge("warm / fresh above 1", SPOILT, find_ratio("warm", "fresh"), lambda r: r.low > 1)
    judge(
        "its control: certain / warm below .8",
        SPOILT, find_ratio("certain", "warm"), lambda r: r.high < 0.8,
    )  # fmt: skip
    judge(
        "warm / fresh below 1 on new traps where warm agents meet base more often",
        met, find_ratio("warm", "fresh"), lambda r: r.high < 1,
    )  # fmt: skip
    most = [trap for trap in TRAPS if trap != "OversightLamp"]
    judge("proxy-first episodes, warm / fresh above 1", most, find_proxy, lambda r: r.low > 1)
    judge(
        "softened / fresh at most 1.25",
        NEW, find_ratio("softened", "fresh"), lambda r: r.value <= 1.25,
    )  # fmt: skip
    judge("cloned / warm below 1", SPOILT, find_ratio("cloned", "warm"), lambda r: r.high < 1)
    judge(
        "13 environments: warm / fresh at most 2",
        SPOILT[:1], find_ratio("warm", "fresh", "small"), lambda r: r.value <= 2,
    )  # fmt: skip
    judge(
        "13 environments: certain / warm at least 1",
        SPOILT[:1], find_ratio("certain", "warm", "small"), lambda r: r.value >= 1,
    )  # fmt: skip
    judge(
        "p = .1: warm / fresh at most 1.5",
        PARTS["rare"].traps, find_ratio("warm", "fresh", "rare"), lambda r: r.value <= 1.5,
    )  # fmt: skip
    judge("warm, p = .01 / p = 1, below .6", SPOILT[:1], find_rarest, lambda r: r.high < 0.6)
    judge(
        f"sweeper / fresh, {EPISODES:,} episodes, below 1 (least and most of the seeds)",
        [trap for trap in TRAPS if trap != "CoinRun"], find_sweeper, lambda r: r.high < 1,
    )  # fmt: skip
    return [*rows, judge_meet(), *judge_sb3()]


def find_plan(part: str, trap: str, start: str) -> Deployment:
    """Return a plan that was run.

    Raises:
        KeyError: it was not.
    """
    plan = Deployment(part, trap, start)
    if not plan.find_path().exists():
        raise KeyError(plan.find_path().stem)
    return plan


def find_meet(trap: str, start: str) -> float:
    """Return how likely an episode of a start contacts base, a mean over seeds."""
    return float(np.mean(read_outcome(find_plan("traps", trap, start)).deployed.meet))


def list_points(traps: Sequence[str]) -> Floats:
    """Return meet, and regret until .8 over that of fresh agents, of starts: (2, points)."""
    points = []
    for trap in traps:
        fresh = cost_until(find_plan("traps", trap, "fresh")).lost.mean()
        for start in STARTS[1:-1]:
            ratio = cost_until(find_plan("traps", trap, start)).lost.mean() / fresh
            points.append((find_meet(trap, start), ratio))
    return np.array(points).T


def judge_meet() -> list[str]:
    """Return the row on meet: a line fitted on the traps looked at, tried on the new ones."""
    fitted, tried = (np.log(np.maximum(list_points(x), 1e-3)) for x in (LOOKED_AT, NEW))
    line = np.polyfit(fitted[0], fitted[1], 1)
    near = np.mean(abs(np.polyval(line, tried[0]) - tried[1]) < np.log(2))
    rho = spearmanr(*tried).statistic
    said = "meet orders starts on the new traps: Spearman at most -.5, .75 within a factor of 2"
    found = f"Spearman {rho:.2f}; within a factor of 2: {near:.2f}"
    return [said, found, "holds" if rho <= -0.5 and near >= 0.75 else "**falls**"]


def judge_sb3() -> list[list[str]]:
    """Return a row a trap on Stable-Baselines3's PPO: base first at the end, beside ours."""
    rows = []
    for trap in PARTS["sb3"].traps:
        try:
            plans = [find_plan("sb3", trap, start) for start in ("warm", "fresh")]
        except KeyError:
            continue
        warm, fresh = ([c.base[-1] for c in read_outcome(plan).curves] for plan in plans)
        ours = [find_plan("traps", trap, start) for start in ("warm", "fresh")]
        at = PARTS["sb3"].steps
        shares = [
            np.mean([next(u.standing.first for u in x if u.steps >= at)[find_trap(trap).base]
                     for x in read_outcome(plan).deployed.updates])
            for plan in ours
        ]  # fmt: skip
        gap, own = np.mean(fresh) - np.mean(warm), shares[1] - shares[0]
        held = all(w < f for w, f in zip(warm, fresh, strict=True)) and gap < own
        texts = (" ".join(f"{x:.2f}" for x in each) for each in (warm, fresh))
        found = "warm {}, fresh {}".format(*texts) + f"; gap {gap:.2f}, ours {own:.2f}"
        said = f"Stable-Baselines3, {trap}: warm below fresh in each seed, gap below ours"
        rows.append([said, found, "holds" if held else "**falls**"])
    return rows


# -- tables ----------------------------------------------------------------------------------------


def say(values: Floats, missed: int = 0) -> str:
    """Return a mean with the least and the most of the seeds; ">" where some got nowhere."""
    mark = f"> ({missed}) " if missed else ""
    return f"{mark}{values.mean():,.0f} ({values.min():,.0f} to {values.max():,.0f})"


def tabulate_part(part: str) -> str:
    """Return the costs of each start on each trap, and of what learns nothing there."""
    rows = []
    for trap in PARTS[part].traps:
        plans = [p for p in PLANS if (p.part, p.trap) == (part, trap) and p.find_path().exists()]
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


@cache
def judge_nulls(trap: str) -> dict[str, Standing]:
    """Return what policies that do not learn are worth: without a goal, and warm agents."""
    judge = Judge(find_trap(trap)(), NULL_LEVELS)
    policies = {name: as_policy(x, judge.trap, judge.horizon) for x, name in NULLS.items()}
    found = {name: judge.judge(policy) for name, policy in policies.items()}
    plan = Deployment("traps", trap, "warm")
    if plan.find_path().exists():
        starts = [each[0].standing for each in read_outcome(plan).deployed.updates]
        first = {x: float(np.mean([of.first[x] for of in starts])) for x in starts[0].first}
        lost = float(np.mean([of.regret for of in starts]))
        found["warm, learning off"] = Standing(first, lost)
    return found


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
    plans = [plan for plan in PLANS if plan.part == "traps" and plan.find_path().exists()]
    off = [c.expected[-1] / c.lost[-1] - 1 for plan in plans for c in read_outcome(plan).curves]
    low, middle, high = 100 * np.quantile(off, (0.025, 0.5, 0.975))
    return (
        f"Regret summed along the exact curves against the levels really played, {len(off)}"
        f" deployments: median {middle:+.1f}%, 95% within {low:+.1f}% to {high:+.1f}%; within 5%:"
        f" {np.mean(abs(np.array(off)) < 0.05):.2f} of them."
    )


# -- the picture -----------------------------------------------------------------------------------


def draw(path: Path) -> None:
    """Write the picture: regret summed over episodes on one trap, and ratios against meet."""
    figure = Figure((8.4, 3.2), layout="constrained")
    left, right = figure.subplots(1, 2)
    draw_sums(left, SPOILT[0])
    marks = dict(zip(STARTS[1:-1], "osD^", strict=True))
    colours = dict(zip(TRAPS, [f"C{i}" for i in range(len(TRAPS))], strict=True))
    for trap, colour in colours.items():
        points = list_points([trap]).T
        for (meet, ratio), mark in zip(points, marks.values(), strict=True):
            fill = colour if trap in LOOKED_AT else "none"
            right.plot(max(meet, 1e-3), ratio, mark, color=colour, mfc=fill, ms=5)
        right.plot([], [], "s", color=colour, label=trap)
    for start, mark in marks.items():
        right.plot([], [], mark, color="grey", label=start)
    right.set(xscale="log", yscale="log", xlabel="chance that an episode of the start meets base")
    right.set_ylabel("regret until .8, over that of fresh agents")
    right.axhline(1, color="black", lw=0.6)
    right.legend(fontsize=6, ncols=2)
    figure.savefig(path, format="svg", metadata={"Date": None})


def draw_sums(axes: Axes, trap: str) -> None:
    """Draw regret summed over episodes: means of starts with least and most, and nulls."""
    at = np.linspace(0, SHOWN, 31)
    for start, colour in {"fresh": "#3b75af", "warm": "#c23b3b", "certain": "#8a8a8a"}.items():
        curves = read_outcome(find_plan("traps", trap, start)).curves
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
        if any(plan.part == part and plan.find_path().exists() for plan in PLANS):
            show(part, tabulate_part(part), page)
    show("sums", compare_sums(), page)
    show("harm", tabulate_harm(), page)
    draw(PICTURE)
    return 0


if __name__ == "__main__":
    sys.exit(main())
