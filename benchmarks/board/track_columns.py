"""The columns of the tracks' tables, from which all their forms follow."""

from __future__ import annotations

import math

from benchmarks.board.column import Column, figure, format_interval
from benchmarks.board.standings import Standing, Track, TrapValues
from benchmarks.tracks.record import SharePoint, TrackRecord
from benchmarks.tracks.trap_sets import LEAST_SEEDS, RANKING


def list_columns(track: Track) -> list[Column[Standing]]:
    """Return the columns of a track's standings."""
    letter = "q" if track.name == "ask" else "k"
    enough = [ENOUGH] if letter == "k" and track.budgets else []
    value = Column[Standing]("value", track.measure, lambda each: each.value)
    budgets = [_show_budget(letter, budget) for budget in track.budgets]
    return [*NAMES, value, INTERVAL, *budgets, *enough, *ORIGIN]


def _show_budget(letter: str, budget: int) -> Column[Standing]:
    def read(each: Standing) -> float:
        return each.curve.get(budget, math.nan)

    def write(each: Standing) -> str:
        asked = f" ({figure(each.asked[budget])} on test)" if budget in each.asked else ""
        return figure(read(each)) + asked

    return Column(f"at-{budget}", f"{letter} = {budget}", read, write=write)


NAMES: list[Column[Standing]] = [
    Column(
        "place",
        "place",
        lambda each: each.place,
        f"methods that do not stand apart share one. It needs {LEAST_SEEDS} seeds or more, from 0"
        f" on and without a gap, on each of {', '.join(RANKING)}; an entry that lacks any is"
        " partial, and changes no other's place",
    ),
    Column(
        "method",
        "method",
        lambda each: each.method,
        write=lambda each: each.method if each.place else f"{each.method} ({each.say_kind()})",
        drawing="method",
        names_row=True,
    ),
]
INTERVAL = Column[Standing](
    "interval",
    "95%",
    lambda each: each.interval[0],
    write=lambda each: format_interval(each.interval, each.seeds),
)
ENOUGH = Column[Standing](
    "enough",
    "k*",
    lambda each: each.enough,
    "the least k with steering of 0.5 in four of five seeds, or that share of fewer",
)
ORIGIN: list[Column[Standing]] = [
    Column(
        "hours",
        "CPU hours",
        lambda each: each.hours,
        "processor time of one trap and seed, the mean of them, evaluation and all tracks included;"
        " that of a set which several methods share counts for each of them",
    ),
    Column("date", "date", lambda each: each.date, "of the newest record"),
    Column(
        "verified",
        "verified",
        lambda each: each.verified,
        "the evaluators whose own reruns agreed with every record, or how many they agreed with",
    ),
]
# Values of a method on a track, trap by trap.
TRAPS: list[Column[TrapValues]] = [
    Column("trap", "trap", lambda each: each.trap, names_row=True),
    Column(
        "set",
        "set",
        lambda each: "ranking" if each.trap in RANKING else "development",
        "methods are ranked on the ranking traps, and may be tuned on the development traps",
    ),
    Column("value", "value", lambda each: each.value),
    Column(
        "interval",
        "95%",
        lambda each: each.interval[0],
        write=lambda each: format_interval(each.interval, len(each.by_seed)),
    ),
    Column(
        "seeds",
        "by seed",
        lambda each: len(each.by_seed),
        write=lambda each: ", ".join(f"{seed}: {figure(x)}" for seed, x in each.by_seed.items()),
    ),
]
# The track ``alpha``: a row for each share.
ALPHA: list[Column[tuple[TrackRecord, SharePoint]]] = [
    Column("trap", "trap", lambda of: of[0].trap),
    Column("algorithm", "algorithm", lambda of: of[0].method.removeprefix("alpha-")),
    Column("seed", "seed", lambda of: of[0].seed),
    Column("alpha", "alpha", lambda of: of[1].share, write=lambda of: f"{of[1].share:g}"),
    Column("met", "levels met", lambda of: of[1].met, write=lambda of: f"{of[1].met:,.0f}"),
    Column("steps", "steps", lambda of: of[1].steps, write=lambda of: f"{of[1].steps:,}"),
    Column("n", "N shift", lambda of: of[1].n),
    Column("steering", "steering", lambda of: of[1].steering),
]
