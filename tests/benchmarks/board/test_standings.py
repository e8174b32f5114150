"""The standings of the tracks: values by hand, and what an entry lacks."""

from dataclasses import replace as changed
from math import isnan, log2

import pytest
from boards import CORNER, DISH, DOORS, SHAPE, method, of_two
from msgspec.structs import replace

from benchmarks.board.standings import Standing, make_tracks
from benchmarks.tracks.record import Origin, TrackRecord, Verified
from benchmarks.tracks.trap_sets import DEVELOPMENT, RANKING
from mesa_gym.traps import find_trap


def entries(name: str, value: float, seeds=range(3), traps=RANKING, **more) -> list[TrackRecord]:
    """Return records of ``coverage`` whose values differ by seed."""
    return [method(t, name, s, coverage=value + s / 100, **more) for t in traps for s in seeds]


def stand(records: list[TrackRecord]) -> dict[str, Standing]:
    (track,) = make_tracks(records)
    return {each.method: each for each in track.standings}


def test_the_traps_of_the_tracks_are_a_choice_of_places_that_training_can_make_a_proxys() -> None:
    assert len({*RANKING, *DEVELOPMENT}) == len(RANKING) + len(DEVELOPMENT)
    for cls in map(find_trap, RANKING + DEVELOPMENT):
        assert cls.solvable
        assert cls.by_contact
        assert cls.expected == "proxy"


WHOLE = [*entries("good", 0.6), *entries("alike", 0.59), *entries("poor", 0.1)]
PARTIAL = [
    ("partial: not on ColourShape-v0", entries("new", 0.9, traps=(DISH, DOORS, CORNER))),
    ("partial: seeds 0, 1 on RedBlueDoors-v0", entries("new", 0.9)[:-1]),
    (
        f"partial: {'; '.join(f'seeds 3, 4, 5 on {trap}' for trap in RANKING)}",
        entries("new", 0.9, seeds=(3, 4, 5, 6)),  # the best of seven
    ),
    (
        f"partial: {'; '.join(f'not on {trap}' for trap in RANKING)}",
        entries("new", 0.9, traps=(CORNER,)),
    ),
    ("privileged", entries("new", 0.9, kind="privileged")),
    ("not ranked", entries("new", 0.9, kind="not ranked")[:1]),
]


@pytest.mark.parametrize(("kind", "records"), PARTIAL)
def test_an_entry_without_a_place_changes_no_others(kind: str, records: list[TrackRecord]) -> None:
    alone, beside = stand(WHOLE), stand([*records, *WHOLE])
    new = beside.pop("new")
    assert beside == alone
    assert [(name, each.place) for name, each in alone.items()] == [
        ("good", 1),
        ("alike", 1),
        ("poor", 3),
    ]
    assert (new.place, new.say_kind()) == (None, kind)
    whole = stand([*entries("new", 0.9), *WHOLE])["new"]
    assert (whole.place, whole.kind) == (1, "ranked")


def test_a_partial_entry_shows_what_it_has() -> None:
    records = [*entries("new", 0.6, traps=(DISH, CORNER)), *entries("new", 0.3, traps=(SHAPE,))]
    new = stand(records)["new"]
    assert new.value == pytest.approx((0.61 + 0.31) / 2)  # the ranking traps that it has
    assert {each.trap: round(each.value, 2) for each in new.traps} == {
        CORNER: 0.61,
        DISH: 0.61,
        SHAPE: 0.31,
    }
    (only,) = stand(entries("new", 0.6, traps=(CORNER,))).values()
    assert isnan(only.value)
    assert isnan(only.interval[0])
    assert only.traps[0].by_seed == {0: 0.6, 1: pytest.approx(0.61), 2: pytest.approx(0.62)}


def test_a_value_is_the_mean_over_the_ranking_traps() -> None:
    records = [
        method(trap, "cues", s, coverage=c)
        for trap, of in zip(RANKING, ((0.2, 0.4), (0.2, 0.4), (0.2, 0.4)), strict=True)
        for s, c in enumerate(of)
    ]
    each = stand([*records, *entries("cues", 0.9, traps=(CORNER,))])["cues"]
    assert each.value == pytest.approx(0.3)
    assert each.traps[1].interval == pytest.approx(of_two(0.2, 0.4))
    assert each.seeds == 2


def test_an_entry_says_its_hours_newest_day_and_who_verified_it() -> None:
    first, second = (
        replace(
            method(trap, "new", 0, coverage=0.5),
            seconds=seconds,
            origin=Origin(authors=["A"], code="", commit="", date=date),
        )
        for trap, seconds, date in ((DISH, 3600.0, "2026-11-23"), (SHAPE, 1800.0, "2026-12-01"))
    )
    told = Verified("B", "2027-01-01", "salt")
    new = stand([first, second])["new"]
    assert (new.hours, new.date, new.verified) == (0.75, "2026-12-01", "no")
    half = stand([first, replace(second, verified=told)])["new"]
    assert half == changed(new, verified="1 of 2")
    both = stand([replace(each, verified=told) for each in (first, second)])["new"]
    assert both == changed(new, verified="by B on 2027-01-01")


def test_labels_are_two_tables_and_questions_one() -> None:
    flat, few = [0.5] * 4, (0.2, 0.4, 0.9)
    returns, demonstrations, ask = make_tracks(
        [method(DISH, "cues", s, None, (0, 0, 0, s), flat, few) for s in range(2)]
    )
    names = [track.name for track in (returns, demonstrations, ask)]
    assert names == ["labels: returns", "labels: demonstrations", "ask"]
    (slow,), (asked,) = returns.standings, ask.standings
    assert slow.curve == {1: 0, 4: 0, 16: 0, 64: 0.5}
    # The mean of 0 and of the last interval's half.
    last = (log2(65) - log2(17)) / 2 / (log2(65) - log2(2))
    assert slow.value == pytest.approx(last / 2)
    assert (slow.enough, demonstrations.standings[0].enough) == (None, 1)
    assert asked.value == pytest.approx(0.5)
    assert asked.curve == pytest.approx({1: 0.2, 2: 0.4, 4: 0.9})
    assert asked.asked == {1: 0.25, 2: 0.25, 4: 0.25}
