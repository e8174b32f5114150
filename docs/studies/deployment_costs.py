"""The costs of deployments that were kept, until they are corrected, and of what does not learn."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from agents.deployment import NEITHER, Judge, Standing
from docs.studies.deployment import Deployed, Deployment, read_deployed
from mesa_gym.policies import as_policy
from mesa_gym.traps import find_trap

Floats = NDArray[np.float64]
# Base is first on so many of the levels; of the first so many episodes.
LINES, EPISODES = (0.8, 0.9), 1000
RESAMPLES = 4000
NULLS, NULL_LEVELS = {"stay": "stop at once", "sweeper": "sweeper", "random": "uniform"}, 400


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


class PlanOutcome(NamedTuple):
    """A plan's deployments, and their curves."""

    deployed: Deployed
    curves: list[Curve]


class Ratio(NamedTuple):
    """A ratio of two means over seeds with its 95% bootstrap over seeds; a mark where cut short."""

    value: float
    low: float
    high: float
    mark: str = ""

    def __str__(self) -> str:
        return f"{self.mark}{self.value:.2f} [{self.low:.2f}, {self.high:.2f}]"


@cache
def read_outcome(plan: Deployment) -> PlanOutcome:
    """Return what was kept of a plan; the sums of regret are of the levels played, and expected.

    Raises:
        KeyError: it was not run.
    """
    if not plan.was_run:
        raise KeyError(plan.find_path().stem)
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
    return PlanOutcome(deployed, curves)


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


def compare_starts(one: Deployment, other: Deployment, what: str = "lost") -> Ratio:
    """Return a cost of one start until .8, "lost" or "proxy", over that of another."""
    costs, rng = (cost_until(one), cost_until(other)), np.random.default_rng(0)
    of = [getattr(cost, what) for cost in costs]
    means = [x[rng.integers(len(x), size=(RESAMPLES, len(x)))].mean(axis=1) for x in of]
    low, high = np.quantile(means[0] / np.maximum(means[1], 1e-9), (0.025, 0.975))
    value = of[0].mean() / max(of[1].mean(), 1e-9)
    mark = "".join(sign * bool(c.missed) for sign, c in zip(("> ", "< "), costs, strict=True))
    return Ratio(float(value), float(low), float(high), mark)


def mean_meet(plan: Deployment) -> float:
    """Return how likely an episode of a start contacts base, a mean over seeds."""
    return float(np.mean(read_outcome(plan).deployed.meet))


@cache
def judge_nulls(trap: str) -> dict[str, Standing]:
    """Return what policies that do not learn are worth: three without a goal, and warm agents."""
    judge = Judge(find_trap(trap)(), NULL_LEVELS)
    policies = {name: as_policy(x, judge.trap, judge.horizon) for x, name in NULLS.items()}
    found = {name: judge.judge(policy) for name, policy in policies.items()}
    plan = Deployment("traps", trap, "warm")
    if plan.was_run:
        starts = [each[0].standing for each in read_outcome(plan).deployed.updates]
        first = {x: float(np.mean([of.first[x] for of in starts])) for x in starts[0].first}
        lost = float(np.mean([of.regret for of in starts]))
        found["warm, learning off"] = Standing(first, lost)
    return found
