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

RANKED, PARTIAL = "ranked", "partial"
CHECKS = ("check", "chance")  # policies that use no information
# Tables that have places of their own.
PLACED = (MEAN, *TABLES, LABELS_MEAN)


@dataclass(frozen=True)
class Standing:
    """A method in its division.

    Attributes:
        method: its name.
        kind: ``ranked``, ``partial`` where a place needs more, or why it is not ranked.
        missing: ranking task -> the seeds that a place needs besides.
        scores: table -> its values there.
        hours: of processor time, of all its records.
        date: of the newest record, "" where none says.
        verified: the evaluators whose reruns agreed, or how many of its records they agreed with.
    """

    method: str
    kind: str
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
        """Return why it has no place; "" where it is ranked."""
        if self.kind != PARTIAL:
            return "" if self.kind == RANKED else self.kind
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
    seeds: dict[str, set[int]] = defaultdict(set)
    for record in records:
        seeds[record.task].add(record.seed)
    missing = find_missing(seeds, first.division)
    return Standing(
        first.method,
        PARTIAL if first.kind == RANKED and missing else first.kind,
        missing,
        scores,
        sum(record.seconds for record in records) / 3600,
        max((record.origin.date for record in records if record.origin), default=""),
        _say_verified(records),
    )


def _rank_methods(division: Division, standings: Sequence[Standing]) -> list[Standing]:
    """Return the standings in order, with their places.

    Only whole entries are compared with each other: a partial one changes nothing for the others.
    """
    found = {each.method: each for each in standings}
    families = [*list_ranking(division).values()]
    for table in PLACED:
        whole = [each for each in found.values() if _is_whole(each, table, division)]
        whole.sort(key=lambda each: _order(each, table))
        values = [
            [
                [weight * value for value in seeds]
                for weight, seeds in gather(families, each.scores[table].by_task)
            ]
            for each in whole
        ]
        for each, place in zip(whole, rank_places(values), strict=True):
            placed = replace(each.scores[table], place=place)
            found[each.method] = replace(each, scores=each.scores | {table: placed})
    return sorted(found.values(), key=lambda each: _order(each, MEAN))


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
