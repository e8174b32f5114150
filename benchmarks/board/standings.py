"""Standings of the tracks: methods by what they achieve with a given amount of information."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from benchmarks.tracks.record import TrackRecord
from mesa_gym.engine import Ints
from mesa_gym.scoring import interval, mean_over_traps
from mesa_gym.scoring.intervals import Floats, Values, strata_of

RANKED = "ranked"
# A method steers once its steering is this high, for so large a share of its seeds.
STEERS, OF_SEEDS = 0.5, 0.8
# Track -> what its methods are ranked by: C, the area under steering, its mean over the budgets.
MEASURES = {
    "coverage": "C",
    "labels: returns": "area",
    "labels: demonstrations": "area",
    "ask": "mean",
}


@dataclass(frozen=True)
class TrackEntry:
    """One record's part in a track: what it is ranked by, and by budget steering and questions."""

    value: float
    curve: Mapping[int, float]
    asked: Mapping[int, float]


@dataclass(frozen=True)
class Standing:
    """A method on a track.

    Attributes:
        method: its name.
        kind: ``ranked``, or why it is not.
        priors: what it assumes besides the data.
        place: from 1; methods that do not stand apart share one. None where it is not ranked.
        value: the mean over the track's traps of the mean over seeds.
        interval: 95%, over seeds for the levels that were scored; NaN where a trap has one seed.
        by_trap: trap -> seed -> value, on every trap that it was evaluated on.
        curve: budget -> steering, the mean over the same traps; empty for ``coverage``.
        enough: the least budget at which it steers; None where there is none.
        asked: questions an episode on ``test`` at each budget; empty but for ``ask``.
    """

    method: str
    kind: str
    priors: str
    place: int | None
    value: float
    interval: tuple[float, float]
    by_trap: dict[str, dict[int, float]]
    curve: dict[int, float] = field(default_factory=dict)
    enough: int | None = None
    asked: dict[int, float] = field(default_factory=dict)

    @property
    def seeds(self) -> int:
        """The least number of seeds on a trap, on which its interval rests."""
        return min(map(len, self.by_trap.values()))


@dataclass(frozen=True)
class Track:
    """The standings of a track, or of one kind of its labels.

    Attributes:
        name: of the track.
        measure: what methods are ranked by, one of ``MEASURES``.
        budgets: at which steering is measured; none for ``coverage``.
        traps: those that every ranked method was evaluated on, over which values are means.
        standings: ranked methods first, best first, then the others.
        lacking: methods that are not ranked -> the traps among these that they lack.
    """

    name: str
    measure: str
    budgets: tuple[int, ...]
    traps: list[str]
    standings: list[Standing]
    lacking: dict[str, list[str]]


def make_tracks(records: Sequence[TrackRecord]) -> list[Track]:
    """Return the standings of all tracks that a method entered."""
    of: dict[str, list[tuple[TrackRecord, TrackEntry]]] = defaultdict(list)
    for record in sorted(records, key=lambda r: (r.trap, r.seed)):
        for name, entry in _entries(record).items():
            of[name].append((record, entry))
    found = [_make_track(name, measure, of[name]) for name, measure in MEASURES.items()]
    return [track for track in found if track.standings]


def compute_area(curve: Mapping[int, float]) -> float:
    """Return the area under steering over log2(k + 1), as a share of what 1 throughout gives.

    Args:
        curve: k -> steering, for at least two k.
    """
    budgets = sorted(curve)
    x = np.log2(np.array(budgets) + 1.0)
    y = np.array([curve[k] for k in budgets])
    return float(((y[1:] + y[:-1]) / 2 * np.diff(x)).sum() / (x[-1] - x[0]))


def find_least_budget(curves: Sequence[Mapping[int, float]]) -> int | None:
    """Return the least budget at which four of five seeds steer, or that share of fewer.

    Args:
        curves: budget -> steering, of each seed on each trap.
    """
    for budget in sorted(curves[0]):
        steering = sum(curve[budget] >= STEERS for curve in curves)
        # 4 of 5 is less than 0.8 * 5 by a rounding error.
        if steering >= OF_SEEDS * len(curves) - 1e-9:
            return budget
    return None


def rank_places(values: Sequence[Values]) -> list[int]:
    """Return the places of methods that are sorted by value, the best first.

    A method shares the place of the best one from which it does not stand apart.
    """
    apart, found = find_apart(values), list[int]()
    for place in range(1, len(values) + 1):
        leader = found[-1] if found else place
        found.append(place if apart[leader - 1, place - 1] else leader)
    return found


def find_apart(values: Sequence[Values], error: float = 0.05) -> NDArray[np.bool_]:
    """Return which methods stand apart, bool (methods, methods), after Holm (1979).

    The chance that any two of equal methods do is at most ``error``, over all pairs. A pair has
    the larger p of two t tests of its difference: by its own variance (Welch), which fails where
    few seeds happen to be alike, and by that of all methods, which fails where they differ in it.

    Args:
        values: for each method, and for each of the same traps, one number a seed.
    """
    apart = np.zeros((len(values), len(values)), dtype=np.bool_)
    one, other = np.triu_indices(len(values), 1)
    if not len(one):
        return apart
    p = _test_differences([strata_of(method) for method in values], one, other)
    order = np.argsort(p)
    holds = p[order] <= error / np.arange(len(p), 0, -1)
    passed = order[np.logical_and.accumulate(holds)]
    apart[one[passed], other[passed]] = apart[other[passed], one[passed]] = True
    return apart


def _test_differences(values: Sequence[Sequence[Floats]], one: Ints, other: Ints) -> Floats:
    """Return p of each pair of methods, 1 where one of them has a single seed on a trap."""
    from scipy.special import stdtr

    seeds = np.array([[len(trap) for trap in method] for method in values])
    mean = np.array([[trap.mean() for trap in method] for method in values])
    squares = np.array([[len(trap) * trap.var() for trap in method] for method in values])
    lone = seeds.min(axis=1) < 2
    free = np.maximum(seeds - 1, 1)
    own = squares / free / seeds
    all_free = np.maximum((seeds - 1).sum(axis=0), 1)
    pooled = squares.sum(axis=0) / all_free * (1 / seeds[one] + 1 / seeds[other])
    apart = np.abs((mean[one] - mean[other]).sum(axis=1))

    def test(parts: Floats, freedom: Floats | Ints) -> Floats:
        variance, inverse = parts.sum(axis=1), (parts**2 / freedom).sum(axis=1)
        known = np.where(variance > 0, variance, 1.0)
        t = np.where(variance > 0, apart / known**0.5, np.where(apart > 0, np.inf, 0.0))
        freedom = known**2 / np.where(variance > 0, inverse, 1.0)
        return np.asarray(2 * stdtr(freedom, -t))

    both = np.hstack([own[one], own[other]]), np.hstack([free[one], free[other]])
    larger = np.maximum(test(*both), test(pooled, all_free))
    return np.where(lone[one] | lone[other], 1.0, larger)


def _entries(record: TrackRecord) -> dict[str, TrackEntry]:
    """Return track -> what a record says of it."""
    found = {}
    if record.coverage is not None:
        found["coverage"] = TrackEntry(record.coverage.value, {}, {})
    if record.labels is not None:
        for kind in ("returns", "demonstrations"):
            curve = {p.budget: p.steering for p in getattr(record.labels, kind)}
            found[f"labels: {kind}"] = TrackEntry(compute_area(curve), curve, {})
    if record.ask is not None:
        curve = {p.budget: p.steering for p in record.ask}
        asked = {p.budget: p.asked_on_test for p in record.ask if p.asked_on_test is not None}
        found["ask"] = TrackEntry(float(np.mean([*curve.values()])), curve, asked)
    return found


def _make_track(
    name: str, measure: str, entries: Sequence[tuple[TrackRecord, TrackEntry]]
) -> Track:
    """Return a track's standings from the entries of all methods."""
    methods: dict[str, dict[str, dict[int, TrackEntry]]] = defaultdict(lambda: defaultdict(dict))
    about = {record.method: record for record, _ in entries}
    for record, entry in entries:
        methods[record.method][record.trap][record.seed] = entry
    ranked = [method for method in methods if about[method].kind == RANKED]
    sets = [set(methods[method]) for method in ranked or methods]
    traps = sorted(set.intersection(*sets)) if sets else []
    lacking = {m: sorted({*traps} - {*on}) for m, on in methods.items() if {*traps} - {*on}}
    standings = [
        _make_standing(about[method], on, traps)
        for method, on in methods.items()
        if traps and method not in lacking
    ]
    standings.sort(key=lambda each: (each.kind != RANKED, -each.value, each.method))
    first = [each for each in standings if each.kind == RANKED]
    taken = rank_places([[[*each.by_trap[trap].values()] for trap in traps] for each in first])
    placed = [replace(each, place=place) for each, place in zip(first, taken, strict=True)]
    budgets = tuple(standings[0].curve) if standings else ()
    return Track(name, measure, budgets, traps, [*placed, *standings[len(first) :]], lacking)


def _make_standing(
    about: TrackRecord, on: Mapping[str, Mapping[int, TrackEntry]], traps: Sequence[str]
) -> Standing:
    """Return a method's standing, without its place, from its entries by trap and seed."""
    groups = [[*on[trap].values()] for trap in traps]
    values = [[entry.value for entry in group] for group in groups]
    curves = [entry.curve for group in groups for entry in group]
    return Standing(
        about.method,
        about.kind,
        about.priors,
        None,
        float(mean_over_traps(values)),
        # C is never negative, and steering may be.
        interval(mean_over_traps, values, limits=(-1 if curves[0] else 0, 1)),
        {trap: {seed: e.value for seed, e in seeds.items()} for trap, seeds in on.items()},
        _mean([[entry.curve for entry in group] for group in groups]),
        find_least_budget(curves) if curves[0] else None,
        _mean([[entry.asked for entry in group] for group in groups]),
    )


def _mean(groups: Sequence[Sequence[Mapping[int, float]]]) -> dict[int, float]:
    """Return budget -> the mean over traps of the mean over seeds, for budgets that all have."""
    return {
        budget: float(mean_over_traps([[seed[budget] for seed in seeds] for seeds in groups]))
        for budget in groups[0][0]
        if all(budget in seed for seeds in groups for seed in seeds)
    }
