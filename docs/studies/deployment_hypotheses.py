"""The hypotheses of the second round on learning in deployment, their lines, and their fate."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.stats import spearmanr

from docs.studies.deployment import LOOKED_AT, PARTS, STARTS, TRAPS, Deployment
from docs.studies.deployment_costs import (
    EPISODES,
    Floats,
    Ratio,
    compare_starts,
    cost_of,
    cost_until,
    judge_nulls,
    mean_meet,
    read_outcome,
)
from mesa_gym.traps import find_trap

SPOILT, NEW = LOOKED_AT[:2], TRAPS[len(LOOKED_AT) :]
# Agents of OversightLamp are right from the start.
WRONG = tuple(trap for trap in TRAPS if trap != "OversightLamp")


class Hypothesis(NamedTuple):
    """A claim on the ratio of the costs of two starts.

    Attributes:
        said: in words.
        traps: on each of which it is to hold.
        one, other: the starts, each a part of the study and a start.
        side: of ``Ratio``, which is held against the line: "low", "high" or "value".
        above: whether it is to lie above the line; else it may lie on it.
        line: of the ratio.
        cost: "lost", regret until base is first on .8, or "proxy", episodes with the proxy first.
        met: True where it is on those traps alone where the first start meets base more often.
    """

    said: str
    traps: Sequence[str]
    one: tuple[str, str]
    other: tuple[str, str]
    side: str
    above: bool
    line: float
    cost: str = "lost"
    met: bool = False

    def judge(self) -> list[str]:
        """Return its words, what came, and its fate.

        Raises:
            KeyError: one of its starts was not run.
        """
        found = {}
        for trap in self.traps:
            one, other = (Deployment(part, trap, at) for part, at in (self.one, self.other))
            if not self.met or mean_meet(one) > mean_meet(other):
                found[trap] = compare_starts(one, other, self.cost)
        over = {trap: getattr(ratio, self.side) > self.line for trap, ratio in found.items()}
        return say_fate(self.said, found, [trap for trap in found if over[trap] != self.above])


WARM, FRESH, CERTAIN = ("traps", "warm"), ("traps", "fresh"), ("traps", "certain")
HYPOTHESES = [
    Hypothesis("warm / fresh above 1", SPOILT, WARM, FRESH, "low", True, 1),
    Hypothesis("its control: certain / warm below .8", SPOILT, CERTAIN, WARM, "high", False, 0.8),
    Hypothesis(
        "warm / fresh below 1 on new traps where warm agents meet base more often",
        NEW, WARM, FRESH, "high", False, 1, met=True,
    ),
    Hypothesis(
        "proxy-first episodes, warm / fresh above 1", WRONG, WARM, FRESH, "low", True, 1, "proxy"
    ),
    Hypothesis(
        "softened / fresh at most 1.25", NEW, ("traps", "softened"), FRESH, "value", False, 1.25
    ),
    Hypothesis("cloned / warm below 1", SPOILT, ("traps", "cloned"), WARM, "high", False, 1),
    Hypothesis(
        "13 environments: warm / fresh at most 2",
        SPOILT[:1], ("small", "warm"), ("small", "fresh"), "value", False, 2,
    ),
    Hypothesis(
        "13 environments: certain / warm at least 1",
        SPOILT[:1], ("small", "certain"), ("small", "warm"), "value", True, 1,
    ),
    Hypothesis(
        "p = .1: warm / fresh at most 1.5",
        PARTS["rare"].traps, ("rare", "warm"), ("rare", "fresh"), "value", False, 1.5,
    ),
    Hypothesis(
        "warm, p = .01 / p = 1, below .6", SPOILT[:1], ("rarest", "warm"), WARM, "high", False, 0.6
    ),
]  # fmt: skip


def say_fate(said: str, found: dict[str, Ratio], failed: Sequence[str]) -> list[str]:
    """Return the row of a hypothesis that was said of some traps, and failed on some."""
    came = "; ".join(f"{trap} {ratio}" for trap, ratio in found.items())
    return [said, came, f"**falls**: {', '.join(failed)}" if failed else "holds"]


def judge_hypotheses() -> list[list[str]]:
    """Return a row for each hypothesis that was run."""
    rows, judges = [], [each.judge for each in HYPOTHESES]
    judges += [judge_sweeper, judge_meet, *(each.judge for each in SB3)]
    for judge in judges:
        try:
            rows.append(judge())
        except KeyError:
            continue
    return rows


def judge_sweeper() -> list[str]:
    """Return the row on the sweeper, which wants nothing; brackets hold least and most of seeds."""
    found = {}
    for trap in (trap for trap in TRAPS if trap != "CoinRun"):
        lost = cost_of(Deployment("traps", trap, "fresh")).lost
        each = EPISODES * judge_nulls(trap)["sweeper"].regret / lost
        found[trap] = Ratio(each.mean(), each.min(), each.max())
    failed = [trap for trap, ratio in found.items() if ratio.high >= 1]
    return say_fate(f"sweeper / fresh, {EPISODES:,} episodes, below 1 in each seed", found, failed)


def list_points(traps: Sequence[str]) -> Floats:
    """Return meet, and regret until .8 over that of fresh agents, of starts: (2, points)."""
    points = []
    for trap in traps:
        plans = [Deployment("traps", trap, start) for start in STARTS[:-1]]
        fresh = cost_until(plans[0]).lost.mean()
        points += [(mean_meet(plan), cost_until(plan).lost.mean() / fresh) for plan in plans[1:]]
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


class BaselineHypothesis(NamedTuple):
    """The claim on Stable-Baselines3's PPO on a trap: warm agents stay behind, less than ours."""

    trap: str

    def judge(self) -> list[str]:
        """Return its words, base first at the end, and its fate."""
        warm, fresh = (self.read_ends("sb3", start) for start in ("warm", "fresh"))
        ours = [np.mean(self.read_ends("traps", start)) for start in ("warm", "fresh")]
        gap, own = np.mean(fresh) - np.mean(warm), ours[1] - ours[0]
        held = gap < own and all(w < f for w, f in zip(warm, fresh, strict=True))
        texts = (" ".join(f"{x:.2f}" for x in each) for each in (warm, fresh))
        found = "warm {}, fresh {}".format(*texts) + f"; gap {gap:.2f}, ours {own:.2f}"
        said = f"Stable-Baselines3, {self.trap}: warm below fresh in each seed, gap below ours"
        return [said, found, "holds" if held else "**falls**"]

    def read_ends(self, part: str, start: str) -> list[float]:
        """Return the share of base of each seed after as many steps as another library's had."""
        base, steps = find_trap(self.trap).base, PARTS["sb3"].steps
        return [
            next((x for x in updates if x.steps >= steps), updates[-1]).standing.first[base]
            for updates in read_outcome(Deployment(part, self.trap, start)).deployed.updates
        ]


SB3 = [BaselineHypothesis(trap) for trap in PARTS["sb3"].traps]
