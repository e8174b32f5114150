"""Standings: methods of a division by what they achieve with a given amount of information."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

from benchmarks.board.places import DIGITS, rank_places
from benchmarks.board.scores import (
    LABELS_MEAN,
    MEAN,
    TableScore,
    find_controls,
    find_missing,
    gather,
    score_tables,
)
from benchmarks.tracks.record import TABLES, TrackRecord
from benchmarks.tracks.tasks import DIVISIONS, Division, list_ranking

RANKED, PARTIAL, UNVERIFIED = "ranked", "partial", "unverified"
CHECKS = ("check", "chance")  # policies that use no information
# Tables that have places of their own.
PLACED = (MEAN, *TABLES, LABELS_MEAN)


@dataclass(frozen=True)
class Standing:
    """A method in its division.

    Attributes:
        method: its name.
        kind: ``ranked``, ``partial`` where a place needs more, or why it is not ranked.
        guest: whether it is another's, and not every record of it is verified. It then has the
            place that it would have among those that are, and changes no other's.
        missing: ranking task -> the seeds that a place needs besides.
        scores: table -> its values there.
        hours: of processor time, of all its records.
        date: of the newest record, "" where none says.
        verified: the evaluators whose reruns agreed, or how many of its records they agreed with.
    """

    method: str
    kind: str
    guest: bool
    missing: dict[str, list[int]]
    scores: dict[str, TableScore]
    hours: float
    date: str
    verified: str

    @property
    def place(self) -> int | None:
        """The place in the division, by the mean of three tracks."""
        return self.find_place(MEAN)

    def find_place(self, table: str) -> int | None:
        """Return the place in a table; None for none."""
        return self.scores[table].place if table in self.scores else None

    def find_value(self, table: str) -> float:
        """Return the value in a table; NaN where it did not enter it."""
        return self.scores[table].overall.value if table in self.scores else math.nan

    def say_kind(self) -> str:
        """Return why it has no place, or one of its own alone; "" where it is ranked."""
        if self.kind == RANKED:
            return UNVERIFIED if self.guest else ""
        if self.kind != PARTIAL:
            return self.kind
        lacking = sum(map(len, self.missing.values()))
        return f"{PARTIAL}: lacks {lacking} run{'s' * (lacking > 1)}"

    def say_missing(self) -> str:
        """Return which runs a place needs besides."""
        return "; ".join(
            f"{task}, seeds {', '.join(map(str, seeds))}" for task, seeds in self.missing.items()
        )


@dataclass(frozen=True)
class DivisionTable:
    """The methods of a division: ranked ones first, best first, then the others."""

    name: Division
    standings: list[Standing]

    @property
    def above(self) -> list[Standing]:
        """Methods above the line: those with a place."""
        return [each for each in self.standings if each.place]

    @property
    def below(self) -> list[Standing]:
        """Methods below the line."""
        return [each for each in self.standings if not each.place and each.kind not in CHECKS]

    @property
    def checks(self) -> list[Standing]:
        """Policies that use no information."""
        return [each for each in self.standings if each.kind in CHECKS]

    def list_table(self, table: str) -> tuple[list[Standing], list[Standing]]:
        """Return the methods that entered a table: those with a place there, and those without."""
        entered = [
            each for each in self.standings if table in each.scores and each.kind not in CHECKS
        ]
        entered.sort(key=lambda each: _order(each, table))
        placed = [each for each in entered if each.find_place(table)]
        return placed, [each for each in entered if not each.find_place(table)]


def make_divisions(records: Sequence[TrackRecord]) -> list[DivisionTable]:
    """Return the standings of both divisions.

    Args:
        records: of methods; those of one method agree in what they say of it.
    """
    methods: dict[str, list[TrackRecord]] = defaultdict(list)
    for record in sorted(records, key=lambda each: (each.method, each.task, each.seed)):
        methods[record.method].append(record)
    controls = find_controls(records)
    found: dict[Division, list[Standing]] = {division: [] for division in DIVISIONS}
    for own in methods.values():
        found[own[0].division].append(_make_standing(own, score_tables(own, controls)))
    return [DivisionTable(name, _rank_methods(name, found[name])) for name in DIVISIONS]


def _make_standing(records: Sequence[TrackRecord], scores: dict[str, TableScore]) -> Standing:
    """Return a method's standing, without its places."""
    first = records[0]
    tracks = {table for record in records for table in record.list_values()}
    seeds: dict[str, set[int]] = defaultdict(set)
    for record in records:
        # Of a track that only some records entered, those may be left out that would lower it.
        if tracks == {*record.list_values()}:
            seeds[record.task].add(record.seed)
    missing = find_missing(seeds, first.division)
    return Standing(
        first.method,
        PARTIAL if first.kind == RANKED and missing else first.kind,
        not all(record.origin is None or record.verified for record in records),
        missing,
        scores,
        sum(record.seconds for record in records) / 3600,
        max((record.origin.date for record in records if record.origin), default=""),
        _say_verified(records),
    )


def _rank_methods(division: Division, standings: Sequence[Standing]) -> list[Standing]:
    """Return the standings in order, with their places.

    Only whole entries are compared with each other, and guests with those that are none: neither
    partial entries nor guests change anything for others.
    """
    found = {each.method: each for each in standings}
    for table in PLACED:
        whole = [each for each in found.values() if _is_whole(each, table, division)]
        hosts = [each for each in whole if not each.guest]
        places = _find_places(hosts, table, division)
        for guest in (each for each in whole if each.guest):
            of_all = _find_places([*hosts, guest], table, division)
            places[guest.method] = of_all[guest.method]
        for method, place in places.items():
            each = found[method]
            placed = replace(each.scores[table], place=place)
            found[method] = replace(each, scores=each.scores | {table: placed})
    return sorted(found.values(), key=lambda each: _order(each, MEAN))


def _find_places(entries: Sequence[Standing], table: str, division: Division) -> dict[str, int]:
    """Return the places of entries that are compared with each other, by method."""
    ordered = sorted(entries, key=lambda each: _order(each, table))
    families = [*list_ranking(division).values()]
    values = [
        [
            [weight * value for value in seeds]
            for weight, seeds in gather(families, each.scores[table].by_task)
        ]
        for each in ordered
    ]
    return {each.method: place for each, place in zip(ordered, rank_places(values), strict=True)}


def _is_whole(each: Standing, table: str, division: Division) -> bool:
    """Return whether a method is compared with others in a table."""
    entered = each.scores.get(table)
    return (
        each.kind == RANKED and entered is not None and not find_missing(entered.by_task, division)
    )


def _order(each: Standing, table: str) -> tuple[int, float, str]:
    kinds, value = {RANKED: 0, PARTIAL: 1}, each.find_value(table)
    return (
        kinds.get(each.kind, 2),
        math.inf if math.isnan(value) else -round(value, DIGITS),
        each.method,
    )


def _say_verified(records: Sequence[TrackRecord]) -> str:
    agreed = [record.verified for record in records if record.verified is not None]
    if len(agreed) < len(records):
        return f"{len(agreed)} of {len(records)}" if agreed else "no"
    return "; ".join(sorted({f"by {each.by} on {each.on}" for each in agreed}))
