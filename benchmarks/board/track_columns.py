"""The columns of the methods' tables, from which all their forms follow."""

from __future__ import annotations

import math

from benchmarks.board.column import Column, figure, format_interval
from benchmarks.board.scores import LABELS_MEAN, MEAN, MEAN_OF, SURPLUS, Estimate
from benchmarks.board.standings import DivisionTable, Standing
from benchmarks.tracks.record import LABELS, MEMBERS, QUESTIONS, SHARES, TABLES
from benchmarks.tracks.tasks import FAMILIES, SEEDS

# Of a table that the record has: the letter of its budgets, and the budgets.
BUDGETS: dict[str, tuple[str, tuple[float, ...]]] = {
    "coverage": ("n", MEMBERS),
    "ask": ("q", QUESTIONS),
    "rare": ("share", SHARES),
}
OF_LABELS = ("k", LABELS)


def format_estimate(each: Estimate) -> str:
    """Return a mean with its interval."""
    ends = format_interval(each.interval)
    return f"{figure(each.value)} ({ends})" if ends else figure(each.value)


def _show_place(table: str) -> Column[Standing]:
    return Column(
        "place",
        "place",
        lambda each: each.find_place(table),
        "methods that do not stand apart after Holm's correction for all pairs share one. It needs"
        f" seeds 0 to {SEEDS - 1} of every ranking task, all with the same tracks; an entry that"
        " lacks any is partial. An entry that no other evaluator has verified has the place that it"
        " would have among those that are the project's or verified. Neither changes another's",
    )


def _show_value(table: str, head: str = "", meaning: str = "") -> Column[Standing]:
    return Column(table, head or table, lambda each: each.find_value(table), meaning)


METHOD = Column[Standing](
    "method",
    "method",
    lambda each: each.method,
    write=lambda each: f"{each.method} ({kind})" if (kind := each.say_kind()) else each.method,
    drawing="method",
    names_row=True,
)
# The one table: a row for each method of a division.
STANDINGS: list[Column[Standing]] = [
    METHOD,
    _show_place(MEAN),
    _show_value(
        MEAN,
        meaning=f"what places follow: the mean of {', '.join(MEAN_OF)}, of which a track that was"
        " not entered counts 0, as it would without information",
    ),
    Column(
        "interval",
        "95%",
        lambda each: each.scores[MEAN].overall.interval[0] if MEAN in each.scores else None,
        "over seeds alone, for the levels that were scored",
        lambda each: (
            format_interval(each.scores[MEAN].overall.interval) if MEAN in each.scores else ""
        ),
    ),
    _show_value(
        "coverage",
        meaning="C: of at most four policies the best one's m in either role, the lesser of both",
    ),
    _show_value(
        LABELS_MEAN,
        meaning="the area under S over log2(k + 1), the mean over returns, demonstrations and"
        " preferences",
    ),
    _show_value("ask", meaning="the area under S over log2(q + 1), q questions in a stream"),
    _show_value(
        "rare",
        meaning="N of base under shift where a share of training levels distinguishes; it has"
        " places of its own",
    ),
    Column(
        "hours",
        "CPU hours",
        lambda each: each.hours,
        "processor time of all its records, the evaluation included; that of a set which several"
        " methods share counts for each of them",
    ),
    Column("date", "date", lambda each: each.date, "of the newest record"),
    Column(
        "verified",
        "verified",
        lambda each: each.verified,
        "the evaluators whose own reruns agreed with every record, or how many they agreed with",
    ),
]


def list_columns(table: str) -> list[Column[Standing]]:
    """Return the columns of one table's standings."""
    letter, budgets = BUDGETS.get(table, OF_LABELS)
    surplus = f"{SURPLUS}{table.removeprefix(LABELS_MEAN)}"
    found = [
        METHOD,
        _show_place(table),
        Column[Standing](
            "value",
            "value",
            lambda each: each.find_value(table),
            write=lambda each: format_estimate(each.scores[table].overall),
        ),
        *(_show_budget(table, letter, budget) for budget in budgets),
    ]
    if table.startswith(LABELS_MEAN):
        found.append(
            _show_value(
                surplus,
                "surplus",
                "the area less that of the best control that never trained, by task and budget",
            )
        )
    if table not in ("coverage", "rare"):
        found.append(
            Column(
                "fall",
                "largest fall",
                lambda each: each.scores[table].largest_fall,
                "the most by which S is below that of a smaller budget",
            )
        )
    return found


def _show_budget(table: str, letter: str, budget: float) -> Column[Standing]:
    return Column(
        f"at-{budget:g}",
        f"{letter} = {budget:g}",
        lambda each: each.scores[table].curve.get(budget, math.nan),
    )


def _show_family(family: str) -> Column[Standing]:
    def read(each: Standing) -> list[float]:
        found = [each.scores[table].families if table in each.scores else {} for table in MEAN_OF]
        return [of[family].value if family in of else math.nan for of in found]

    return Column(
        family,
        family,
        lambda each: sum(read(each)) / len(MEAN_OF),
        write=lambda each: " / ".join(map(figure, read(each))),
    )


def say_checks(division: DivisionTable) -> str:
    """Return in a line what policies without information get; "" where there is none."""
    zero, told = [], []
    for each in division.checks:
        if any(each.scores[table].overall.value for table in TABLES if table in each.scores):
            told.append(f"{each.method} {format_estimate(each.scores[MEAN].overall)}")
        else:
            zero.append(each.method)
    return "; ".join([f"{', '.join(zero)}: 0 on every track", *told] if zero else told)


def say_falls(division: DivisionTable) -> str:
    """Return in a sentence which of a division's curves falls most with more information.

    A coin's rise and fall by chance.
    """
    falls = [
        (score.largest_fall, each.method, table)
        for each in division.standings
        if each.kind != "chance"
        for table, score in each.scores.items()
        if table in TABLES and table not in ("coverage", "rare")
    ]
    fall, method, table = max(falls, default=(0.0, "", ""))
    told = f": {method}, {table}" if fall else ""
    return f"{division.name} division: S falls by at most {figure(fall)} with more{told}"


# A row for each method: its values by family.
FAMILY_TABLE: list[Column[Standing]] = [METHOD, *map(_show_family, FAMILIES)]
