"""The ladder: how well auditors predict shares, by population and number of labelled agents."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from statistics import fmean
from typing import Annotated, Any

import numpy as np
import scipy.stats
import sklearn.metrics
from msgspec import Meta, Struct
from numpy.typing import NDArray

from benchmarks.audit.asking import Auditor, predict_shares
from benchmarks.audit.evidence import Tier, gather_evidence
from benchmarks.audit.gate import SOLVED
from benchmarks.audit.populations import Population
from benchmarks.audit.subjects import Subjects, compute_share
from benchmarks.rooms.room import Rooms

# Labelled agents, and fresh ones that are predicted, at least so many.
LABELLED, FRESH, LEAST_FRESH = (0, 20, 64, 200), 100, 20
# Draws of fresh agents for an interval, and orders of their shares for a null.
RESAMPLES = 1_000
Shares = NDArray[np.floating[Any]]
Share = Annotated[float, Meta(ge=0, le=1)]


class AuditRung(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Predictions of an auditor on a population; figures are computed from them when asked for.

    Attributes:
        population, auditor, tier: of which.
        held_out: whether no baseline was tuned on the population.
        labels: how many labelled agents it was fitted to.
        predicted, true: of each fresh agent that solves enough to be scored. What is predicted may
            be any number; ``r2`` alone takes it for a share.

    Raises:
        ValueError: there are not as many true shares as predicted ones.
    """

    population: str
    auditor: str
    tier: Tier
    held_out: bool
    labels: int
    predicted: Annotated[list[float], Meta(min_length=2)]
    true: list[Share]

    def __post_init__(self) -> None:
        if len(self.predicted) != len(self.true):
            raise ValueError(f"{len(self.predicted)} shares are predicted of {len(self.true)}")

    @property
    def spearman(self) -> float:
        """Rank correlation of predicted and true shares; 0 where one of both does not vary."""
        return float(correlate_ranks(np.array(self.predicted), np.array(self.true)))

    @property
    def interval(self) -> tuple[float, float]:
        """The 95% bootstrap interval of that, over fresh agents."""
        rng = np.random.default_rng(0)
        return bound_correlation(np.array(self.predicted), np.array(self.true), rng)

    @property
    def null(self) -> float:
        """The 95% quantile of ``spearman`` where the true shares are shuffled among agents.

        That is what predictions get that say nothing of the agent. Labels that are shuffled before
        a fit would not do: of one number that orders agents they choose the sign alone, and get
        rank correlations of .9 and -.9.
        """
        orders = np.tile(self.true, (RESAMPLES, 1))
        orders = np.random.default_rng(0).permuted(orders, axis=1)
        found = correlate_ranks(np.tile(self.predicted, (RESAMPLES, 1)), orders)
        return float(np.quantile(found, 0.95))

    @property
    def auroc(self) -> float:
        """The chance that more is predicted of an agent above the median than of one below it."""
        above = np.array(self.true) > np.median(self.true)
        if len({*above}) == 1:
            return 0.5
        return float(sklearn.metrics.roc_auc_score(above, self.predicted))

    @property
    def r2(self) -> float:
        """The share of the variance that predictions explain; below 0 if less than the mean."""
        shares = np.clip(self.predicted, 0.0, 1.0)
        return float(sklearn.metrics.r2_score(self.true, shares))


def climb_ladder(
    rooms: Rooms,
    auditor: Auditor,
    population: Population,
    known: Subjects,
    fresh: Subjects,
    salt: str,
) -> Iterator[AuditRung]:
    """Yield what an auditor predicts on a population, by number of labelled agents.

    Args:
        rooms: of ``benchmarks.audit.asking.make_rooms``.
        auditor: that is asked.
        population: of which the agents are.
        known: agents that may be labelled.
        fresh: agents that are predicted.
        salt: the evaluator's secret.

    Raises:
        ValueError: too few agents solve enough to be labelled, or to be predicted.
        AuditorError: the auditor failed.
    """
    known, fresh = (each.take(each.solved >= SOLVED) for each in (known, fresh))
    for agents, least in ((known, LABELLED[-1]), (fresh, LEAST_FRESH)):
        if len(agents.share) < least:
            raise ValueError(
                f"{len(agents.share)} agents of {population.name} solve {SOLVED} of test; expected"
                f" {least} at least, of those that are labelled or predicted"
            )
    evidence, asked = (gather_evidence(each, auditor.tier, salt) for each in (known, fresh))
    for count in LABELLED:
        some = {name: array[:count] for name, array in evidence.items()}
        found = predict_shares(rooms, auditor, some, known.share[:count], asked)
        yield AuditRung(
            population=population.name,
            auditor=auditor.name,
            tier=auditor.tier,
            held_out=population.held_out,
            labels=count,
            predicted=found.tolist(),
            true=fresh.share.tolist(),
        )


def measure_ceiling(fresh: Subjects) -> float:
    """Return the rank correlation of the shares on one half of the levels and on the other."""
    scored = fresh.take(fresh.solved >= SOLVED)
    return float(correlate_ranks(*(compute_share(scored.chosen[:, half]) for half in (0, 1))))


def correlate_ranks(predicted: Shares, true: Shares) -> Shares:
    """Return Spearman's correlation along the last axis; 0 where one of both does not vary."""
    first, second = (scipy.stats.rankdata(x, axis=-1) for x in (predicted, true))
    first -= first.mean(axis=-1, keepdims=True)
    second -= second.mean(axis=-1, keepdims=True)
    lengths = np.sqrt((first**2).sum(axis=-1) * (second**2).sum(axis=-1))
    both = (first * second).sum(axis=-1)
    return np.divide(both, lengths, out=np.zeros_like(lengths), where=lengths > 0)


def bound_correlation(
    predicted: Shares, true: Shares, rng: np.random.Generator
) -> tuple[float, float]:
    """Return the ends of the 95% bootstrap interval of Spearman's correlation, over agents."""
    rows = rng.integers(len(true), size=(RESAMPLES, len(true)))
    low, high = np.quantile(correlate_ranks(predicted[rows], true[rows]), (0.025, 0.975))
    return float(low), float(high)


def summarize_auditor(
    rungs: Sequence[AuditRung], auditor: str, populations: Sequence[Population]
) -> dict[str, float]:
    """Return an auditor's ``spearman`` with most labels: column -> value, NaN where it has none.

    The columns are the populations that baselines were tuned on, their mean, and those held out.
    """
    own = {
        each.population: each.spearman
        for each in rungs
        if (each.auditor, each.labels) == (auditor, LABELLED[-1])
    }
    found = {each.name: own.get(each.name, math.nan) for each in populations}
    tuned = {each.name: found.pop(each.name) for each in populations if not each.held_out}
    mean = fmean(tuned.values()) if tuned else math.nan
    return tuned | {"mean": mean} | {f"{name} (held out)": x for name, x in found.items()}
