"""The standings of the divisions: places, and what an entry lacks."""

from dataclasses import replace as changed

import pytest
from boards import entries, method
from msgspec.structs import replace

from benchmarks.board.scores import find_controls
from benchmarks.board.standings import Standing, make_divisions
from benchmarks.board.track_columns import say_checks, say_falls
from benchmarks.tracks.record import Origin, TrackRecord, Verified
from benchmarks.tracks.tasks import RANKING

WHOLE = [*entries("good", 0.6), *entries("alike", 0.597), *entries("poor", 0.1)]
OPEN = [task for task in RANKING if RANKING[task].family != "composed"]


def stand(records: list[TrackRecord], division: int = 0) -> dict[str, Standing]:
    return {each.method: each for each in make_divisions(records)[division].standings}


PARTIAL = [
    ("partial: lacks 5 runs", entries("new", 0.9, tasks=[*RANKING][1:])),
    ("partial: lacks 1 run", entries("new", 0.9)[:-1]),
    ("partial: lacks 36 runs", entries("new", 0.9, seeds=(3, 4))),
    ("partial: lacks 50 runs", entries("new", 0.9, tasks=("CoinRun", "CheeseCorner"))),
    ("privileged", entries("new", 0.9, kind="privileged")),
    ("hand-written knowledge", entries("new", 0.9, kind="hand-written knowledge")),
    ("untrained", entries("new", 0.9, kind="untrained")),
    ("check", entries("new", 0.0, seeds=(0,), kind="check")[:1]),
]


@pytest.mark.parametrize(("kind", "records"), PARTIAL, ids=[kind for kind, _ in PARTIAL])
def test_an_entry_without_a_place_changes_no_others(kind: str, records: list[TrackRecord]) -> None:
    alone, beside = stand(WHOLE), stand([*records, *WHOLE])
    new = beside.pop("new")
    assert beside == alone
    places = {name: each.place for name, each in alone.items()}
    assert places == {"good": 1, "alike": 1, "poor": 3}
    assert (new.place, new.say_kind()) == (None, kind)
    assert all(score.place is None for score in new.scores.values())
    whole = stand([*entries("new", 0.9), *WHOLE])["new"]
    assert (whole.place, whole.kind, whole.say_kind()) == (1, "ranked", "")


def test_an_entry_that_is_not_verified_has_a_place_and_changes_no_others() -> None:
    """However good, and however often; neither do controls that others hand in."""
    by = Origin(authors=["A"], code="", commit="", date="2026-11-23")
    told = Verified("B", "2027-01-01", "salt")
    new = entries("new", 0.9, origin=by)
    copies = [replace(record, method=f"copy-{n}") for n in range(5) for record in new]
    alone, beside = stand(WHOLE), stand([*new, *copies, *WHOLE])
    assert {name: beside[name] for name in alone} == alone
    assert {beside[name].place for name in beside if name not in alone} == {1}
    assert beside["new"].say_kind() == "unverified"
    assert stand([*entries("new", 0.0, origin=by), *WHOLE])["new"].place == 4
    half = [replace(record, verified=told if record.seed else None) for record in new]
    assert stand([*half, *WHOLE])["poor"].place == 3
    whole = stand([*(replace(record, verified=told) for record in new), *WHOLE])
    assert [whole[name].place for name in ("new", "good", "poor")] == [1, 2, 4]
    assert whole["new"].say_kind() == ""
    assert find_controls(method(t, "new", 0, labels=(1,) * 6, kind="untrained", origin=by)
                         for t in RANKING) == {}  # fmt: skip


def test_a_partial_entry_shows_what_it_has_below_the_line() -> None:
    closed, _ = make_divisions([*entries("new", 0.9, tasks=("CoinRun",)), *WHOLE])
    assert [each.method for each in closed.standings] == ["good", "alike", "poor", "new"]
    assert [each.method for each in closed.below] == ["new"]
    assert closed.below[0].find_value("coverage") == pytest.approx(0.92)
    assert closed.below[0].say_missing().startswith("CheeseDish, seeds 0, 1, 2, 3, 4; ColourShape")
    placed, others = closed.list_table("coverage")
    assert [[each.method for each in part] for part in (placed, others)] == [
        ["good", "alike", "poor"],
        ["new"],
    ]


def test_composed_tasks_rank_in_the_closed_division_alone() -> None:
    records = entries("m", 0.5, tasks=OPEN)
    assert stand(records)["m"].kind == "partial"
    (opened,) = stand([replace(r, division="open") for r in records], 1).values()
    assert (opened.kind, opened.place) == ("ranked", 1)
    composed = [replace(r, division="open") for r in entries("m", 0.9) if r.task not in OPEN]
    more = stand([*composed, *(replace(r, division="open") for r in records)], 1)["m"]
    assert more.find_value("coverage") == opened.find_value("coverage")
    assert more.scores["coverage"].families["composed"].value == pytest.approx(0.92)


def test_divisions_are_ranked_apart() -> None:
    opened = [replace(r, division="open") for r in entries("other", 0.9)]
    assert stand([*WHOLE, *opened]) == stand(WHOLE)
    assert stand([*WHOLE, *opened], 1)["other"].place == 1


def test_each_table_has_places_of_those_that_entered_it_everywhere() -> None:
    flat = (0.0, 0.5, 0.5, 0.5, 0.5, 0.5)
    labels = [method(t, "told", s, None, flat) for t in RANKING for s in range(5)]
    rare = [method(t, "rare", s, rare=(0.1, 0.2)) for t in RANKING for s in range(5)]
    some = [replace(r, labels=labels[0].labels if not n else None)
            for n, r in enumerate(entries("some", 0.9))]  # fmt: skip
    found = stand([*WHOLE, *labels, *rare, *some])
    assert [found["told"].find_place(x) for x in ("labels", "labels: returns", "coverage")] == [
        *(1, 1, None)
    ]
    # A track is entered with all records or none: those are left out that would lower a mean.
    assert {found["some"].find_place(table) for table in ("coverage", "labels", "mean")} == {None}
    assert found["some"].say_kind() == "partial: lacks 59 runs"
    assert (found["rare"].place, found["rare"].find_place("rare")) == (None, 1)
    assert found["rare"].say_kind() == ""


def test_an_entry_says_its_hours_newest_day_and_who_verified_it() -> None:
    first, second = (
        replace(
            method(task, "new", 0, coverage=0.5),
            seconds=seconds,
            origin=Origin(authors=["A"], code="", commit="", date=date),
        )
        for task, seconds, date in (
            ("CoinRun", 3600.0, "2026-11-23"),
            ("KeysChests", 1800.0, "2026-12-01"),
        )
    )
    told = Verified("B", "2027-01-01", "salt")
    new = stand([first, second])["new"]
    assert (new.hours, new.date, new.verified) == (1.5, "2026-12-01", "no")
    half = stand([first, replace(second, verified=told)])["new"]
    assert half == changed(new, verified="1 of 2")
    both = stand([replace(each, verified=told) for each in (first, second)])["new"]
    assert both == changed(new, verified="by B on 2027-01-01", guest=False)


def test_checks_are_one_line_and_the_largest_fall_is_named() -> None:
    down = (0.0, 0.5, 0.4, 0.5, 0.5, 0.5)
    records = [method("CoinRun", name, 0, 0.0, (0,) * 6, kind="check") for name in ("a", "b")]
    records += [method("CoinRun", "falling", 0, 0.2, down), method("CoinRun", "up", 0, 0.2)]
    closed, opened = make_divisions(records)
    assert say_checks(closed) == "a, b: 0 on every track"
    assert [each.method for each in closed.below] == ["falling", "up"]
    assert say_falls(closed).startswith("closed division: S falls by at most 0.10 with more: fall")
    assert say_falls(opened) == "open division: S falls by at most 0.00 with more"
