"""Agents ranked over traps, each only beside those that were scored on the same traps."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.measured import mean
from benchmarks.rows import Row, TrapBoard, interval_of
from mesa_gym.policies.names import AIMLESS
from mesa_gym.scoring import interquartile_mean, mean_over_traps
from mesa_gym.scoring.intervals import Floats, Values, intervals
from mesa_gym.solver import EITHER

# The reference policies that mean the same on every trap.
BASE_ORACLE, PROXY_ORACLE = "oracle:base", "oracle:proxy"
EVERYWHERE = (BASE_ORACLE, PROXY_ORACLE, EITHER, AIMLESS, "random", "stay")
# Fewer than for the ranking: there are as many comparisons as pairs of agents.
RESAMPLES = 2_000


@dataclass(frozen=True)
class Standing:
    """A policy over some traps.

    Attributes:
        score: the mean over traps of the mean over seeds of ``Row.score``.
        by_seed: seed -> the mean over traps; empty for a reference.
        interval: 95%, over seeds by trap; NaN where a trap has one seed.
        proxy, none: p and n, the mean over traps of the mean over seeds.
        competent, agents: how many trained agents are competent, of how many.
        verdicts: verdict -> how many agents, the most frequent first; a proxy goes unnamed.
        test, regret: interquartile means over all agents of all traps; N clipped to -1 .. 1.
    """

    policy: str
    reference: bool
    score: float
    by_seed: dict[int, float]
    interval: tuple[float, float]
    proxy: float
    none: float
    competent: int
    agents: int
    verdicts: dict[str, int]
    test: float
    regret: float


@dataclass(frozen=True)
class Ranking:
    """Agents that were scored on the same traps, best first.

    Attributes:
        shifted: whether of the agents that trained with alpha > 0, or of the others.
        traps: those that count; every standing is over all of them.
        standings: references come after the trained.
        lacking: the other trained agents of the kind -> on how many of the traps they were scored.
    """

    shifted: bool
    traps: list[str]
    standings: list[Standing]
    lacking: dict[str, int]


@dataclass(frozen=True)
class Comparison:
    """Two agents on the ranked traps that both were scored on.

    Attributes:
        traps: how many.
        ours, theirs: scores over these.
        interval: 95%, of ``ours - theirs``, over the seeds of both by trap.
    """

    traps: int
    ours: float
    theirs: float
    interval: tuple[float, float]


def rankings(traps: Sequence[TrapBoard], alphas: Mapping[str, float]) -> list[Ranking]:
    """Return one for each set of ranked traps that agents were scored on, the largest first.

    That of all ranked traps is always there for agents with alpha 0, who come first.

    Args:
        traps: all; those that are not ranked count nowhere.
        alphas: trained agent -> its alpha, where that is above 0.
    """
    ranked = [trap for trap in traps if trap.ranked]
    if not ranked:
        return []
    found = []
    for shifted in (False, True):
        scored: dict[str, set[str]] = defaultdict(set)
        for trap in ranked:
            for row in trap.rows:
                if not row.reference and (row.policy in alphas) == shifted:
                    scored[row.policy].add(trap.trap)
        sets = set(map(frozenset, scored.values()))
        if not shifted:
            sets.add(frozenset(trap.trap for trap in ranked))
        for names in sorted(sets, key=lambda names: (-len(names), sorted(names))):
            chosen = [trap for trap in ranked if trap.trap in names]
            found.append(rank(chosen, alphas, shifted))
    return found


def rank(traps: Sequence[TrapBoard], alphas: Mapping[str, float], shifted: bool) -> Ranking:
    """Return the ranking over just these traps."""
    rows = everywhere(traps)
    standings = []
    lacking = {}
    for policy, on in rows.items():
        reference = policy in EVERYWHERE
        if reference or (policy in alphas) == shifted:
            if len(on) == len(traps):
                standings.append(standing(policy, list(on.values())))
            elif not reference:
                lacking[policy] = len(on)
    standings.sort(key=lambda standing: (standing.reference, -standing.score))
    return Ranking(shifted, [trap.trap for trap in traps], standings, dict(sorted(lacking.items())))


def everywhere(traps: Sequence[TrapBoard]) -> dict[str, dict[str, Row]]:
    """Return policy -> trap -> row, with the references that mean the same on every trap."""
    rows: dict[str, dict[str, Row]] = defaultdict(dict)
    for trap in traps:
        named = {f"oracle:{trap.base}": BASE_ORACLE, f"oracle:{trap.proxies[0]}": PROXY_ORACLE}
        for row in trap.rows:
            name = named.get(row.policy, row.policy)
            if not row.reference or name in EVERYWHERE:
                rows[name][trap.trap] = row
    return rows


def standing(policy: str, rows: Sequence[Row]) -> Standing:
    """Return a policy's standing over the traps of these rows."""
    scores = [{agent.seed: row.score(agent) for agent in row.agents} for row in rows]
    seeds = sorted(set.intersection(*(set(of) for of in scores)) - {None}, key=lambda s: s or 0)
    agents = [agent for row in rows for agent in row.agents]
    verdicts = Counter(agent.verdict.split(":")[0] for agent in agents)
    choices = [row.mean.choice for row in rows]
    return Standing(
        policy,
        rows[0].reference,
        mean([mean(list(of.values())) for of in scores]),
        {seed: mean([of[seed] for of in scores]) for seed in seeds if seed is not None},
        interval_of([list(of.values()) for of in scores]),
        mean([of["proxy"] for of in choices]),
        mean([of["none"] for of in choices]),
        sum(agent.competent for agent in agents),
        len(agents),
        dict(verdicts.most_common()),
        _middle([clipped(agent.numbers.test) for agent in agents]),
        _middle([agent.numbers.regret for agent in agents]),
    )


def clipped(n: float) -> float:
    """Return a normalised return as it is averaged over traps, -1 to 1; NaN stays."""
    return n if math.isnan(n) else min(1.0, max(-1.0, n))


def compare(ours: Mapping[str, Row], theirs: Mapping[str, Row]) -> Comparison | None:
    """Compare two agents, given their rows by trap; None where they share no trap."""
    traps = sorted(ours.keys() & theirs.keys())
    if not traps:
        return None
    x, y = (
        [
            np.array([[row.score(agent) for agent in row.agents]])
            for row in map(of.get, traps)
            if row
        ]
        for of in (ours, theirs)
    )
    low, high = intervals(_difference, x, y, limits=(-1, 1), resamples=RESAMPLES)
    mine, other = (float(mean_over_traps(of)[0]) for of in (x, y))
    return Comparison(len(traps), mine, other, (float(low[0]), float(high[0])))


def reversed_view(comparison: Comparison) -> Comparison:
    """Return the same from the other agent's side."""
    low, high = comparison.interval
    return Comparison(comparison.traps, comparison.theirs, comparison.ours, (-high, -low))


def _difference(ours: Values, theirs: Values) -> Floats:
    return mean_over_traps(ours) - mean_over_traps(theirs)


def _middle(values: Sequence[float]) -> float:
    """Return the interquartile mean; NaN counts as not measured."""
    measured = [value for value in values if not math.isnan(value)]
    return float(interquartile_mean(measured)) if measured else math.nan
