"""Standings of the tracks: methods by what they achieve with a given amount of information."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from benchmarks.board.places import DIGITS, compute_area, find_least_budget, rank_places
from benchmarks.tracks.record import LABELS, QUESTIONS, TrackRecord
from benchmarks.tracks.trap_sets import LEAST_SEEDS, RANKING
from mesa_gym.scoring import interval, mean_over_traps
from mesa_gym.scoring.intervals import Values

RANKED, PARTIAL = "ranked", "partial"
# Track -> what its methods are ranked by (C, the area under steering, its mean over the budgets),
# and the budgets.
MEASURES: dict[str, tuple[str, tuple[int, ...]]] = {
    "coverage": ("C", ()),
    "labels: returns": ("area", LABELS),
    "labels: demonstrations": ("area", LABELS),
    "ask": ("mean", QUESTIONS),
}


@dataclass(frozen=True)
class TrackEntry:
    """One record's part in a track: what it is ranked by, and by budget steering and questions."""

    value: float
    curve: Mapping[int, float]
    asked: Mapping[int, float]


@dataclass(frozen=True)
class TrapValues:
    """The values of a method on one trap of a track, by seed; 95% over seeds, NaN for one."""

    trap: str
    by_seed: dict[int, float]
    value: float
    interval: tuple[float, float]


@dataclass(frozen=True)
class Standing:
    """A method on a track.

    Attributes:
        method: its name.
        kind: ``ranked``, ``partial`` where a place needs more, or why it is not ranked.
        place: from 1; methods that do not stand apart share one. None where it is not ranked.
        value: the mean over the ranking traps that it has of the mean over seeds; NaN for none.
        interval: 95%, over seeds for the levels that were scored; NaN where a trap has one seed.
        traps: its values on each trap that it was evaluated on.
        curve: budget -> steering, the mean over the same traps; empty for ``coverage``.
        enough: the least budget at which it steers; None where there is none.
        asked: questions an episode on ``test`` at each budget; empty but for ``ask``.
        hours: of processor time, the mean over its records.
        date: of the newest record, "" where none says.
        verified: the evaluators whose reruns agreed, or how many of its records they agreed with.
    """

    method: str
    kind: str
    place: int | None
    value: float
    interval: tuple[float, float]
    traps: list[TrapValues]
    curve: dict[int, float]
    enough: int | None
    asked: dict[int, float]
    hours: float
    date: str
    verified: str

    @property
    def seeds(self) -> int:
        """The least number of seeds on a ranking trap, on which its interval rests."""
        return min((len(each.by_seed) for each in self.traps if each.trap in RANKING), default=0)

    def say_kind(self) -> str:
        """Return why it has no place."""
        if self.kind != PARTIAL:
            return self.kind
        seeds = {each.trap: list(each.by_seed) for each in self.traps}
        told = [
            f"seeds {', '.join(map(str, seeds[trap][:LEAST_SEEDS]))} on {trap}"
            if trap in seeds
            else f"not on {trap}"
            for trap in RANKING
            if not _is_whole(seeds.get(trap, []))
        ]
        return f"{PARTIAL}: {'; '.join(told)}"


@dataclass(frozen=True)
class Track:
    """The standings of a track, or of one kind of its labels.

    Attributes:
        name: of the track.
        measure: what methods are ranked by, one of ``MEASURES``.
        budgets: at which steering is measured; none for ``coverage``.
        standings: ranked methods first, best first, then the others.
    """

    name: str
    measure: str
    budgets: tuple[int, ...]
    standings: list[Standing]


def make_tracks(records: Sequence[TrackRecord]) -> list[Track]:
    """Return the standings of all tracks that a method entered.

    Args:
        records: of methods; those of one method agree in what they say of it.
    """
    of: dict[str, list[tuple[TrackRecord, TrackEntry]]] = defaultdict(list)
    for record in sorted(records, key=lambda r: (r.trap, r.seed)):
        for name, entry in _entries(record).items():
            of[name].append((record, entry))
    return [
        Track(name, measure, budgets, _rank_methods(of[name]))
        for name, (measure, budgets) in MEASURES.items()
        if of[name]
    ]


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


def _rank_methods(entries: Sequence[tuple[TrackRecord, TrackEntry]]) -> list[Standing]:
    """Return a track's standings from the entries of all methods.

    Only whole ones are compared with each other: a partial entry changes nothing for the others.
    """
    methods: dict[str, list[tuple[TrackRecord, TrackEntry]]] = defaultdict(list)
    for record, entry in entries:
        methods[record.method].append((record, entry))
    found = [_make_standing(own) for own in methods.values()]
    found.sort(key=_order)
    first = [each for each in found if each.kind == RANKED]
    others = [each for each in found if each.kind != RANKED]
    values = [{each.trap: [*each.by_seed.values()] for each in of.traps} for of in first]
    taken = rank_places([[each[trap] for trap in RANKING] for each in values])
    placed = [replace(each, place=place) for each, place in zip(first, taken, strict=True)]
    return [*placed, *others]


def _order(each: Standing) -> tuple[int, float, str]:
    kinds = {RANKED: 0, PARTIAL: 1}
    value = -math.inf if math.isnan(each.value) else round(each.value, DIGITS)
    return kinds.get(each.kind, 2), -value, each.method


def _make_standing(entries: Sequence[tuple[TrackRecord, TrackEntry]]) -> Standing:
    """Return a method's standing, without its place, from its entries by trap and seed."""
    by_trap: dict[str, dict[int, TrackEntry]] = defaultdict(dict)
    for record, entry in entries:
        by_trap[record.trap][record.seed] = entry
    records = [record for record, _ in entries]
    groups = [[*by_trap[trap].values()] for trap in RANKING if trap in by_trap]
    curves = [entry.curve for group in groups for entry in group]
    # C is never negative, and steering may be.
    limits = (-1 if entries[0][1].curve else 0, 1)

    def summarise(values: Values) -> tuple[float, tuple[float, float]]:
        if not len(values):
            return math.nan, (math.nan, math.nan)
        return float(mean_over_traps(values)), interval(mean_over_traps, values, limits=limits)

    traps = []
    for trap, seeds in by_trap.items():
        own = {seed: entry.value for seed, entry in seeds.items()}
        traps.append(TrapValues(trap, own, *summarise([[*own.values()]])))
    value, ends = summarise([[entry.value for entry in group] for group in groups])
    kind: str = records[0].kind
    if kind == RANKED and not all(_is_whole(by_trap.get(trap, ())) for trap in RANKING):
        kind = PARTIAL
    return Standing(
        records[0].method,
        kind,
        None,
        value,
        ends,
        traps,
        _mean([[entry.curve for entry in group] for group in groups]),
        find_least_budget(curves) if curves and curves[0] else None,
        _mean([[entry.asked for entry in group] for group in groups]),
        float(np.mean([record.seconds for record in records])) / 3600,
        max((record.origin.date for record in records if record.origin), default=""),
        _say_verified(records),
    )


def _is_whole(seeds: Collection[int]) -> bool:
    """Return whether a place can rest on these seeds: those from 0 on, without a choice."""
    return len(seeds) >= LEAST_SEEDS and sorted(seeds) == [*range(len(seeds))]


def _say_verified(records: Sequence[TrackRecord]) -> str:
    agreed = [record.verified for record in records if record.verified is not None]
    if len(agreed) < len(records):
        return f"{len(agreed)} of {len(records)}" if agreed else "no"
    return "; ".join(sorted({f"by {each.by} on {each.on}" for each in agreed}))


def _mean(groups: Sequence[Sequence[Mapping[int, float]]]) -> dict[int, float]:
    """Return budget -> the mean over traps of the mean over seeds, for budgets that all have."""
    return {
        budget: float(mean_over_traps([[seed[budget] for seed in seeds] for seeds in groups]))
        for budget in (groups[0][0] if groups else ())
        if all(budget in seed for seeds in groups for seed in seeds)
    }
