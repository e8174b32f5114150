"""Standings of the tracks against numbers by hand."""

from __future__ import annotations

from math import isnan, log2

import pytest
import scipy.stats
from boards import CORNER, DOORS, method

from benchmarks.leaderboard.standings import area, least_budget, places, tracks


def test_the_area_is_under_steering_over_the_logarithm_of_the_labels() -> None:
    # From log2 2 to log2 65; between k = 1 and k = 4 steering rises from 0 to 1.
    rising = 0.5 * (log2(5) - log2(2)) + (log2(65) - log2(5))
    curve = {16: 1.0, 1: 0.0, 4: 1.0, 64: 1.0}
    assert area(curve) == pytest.approx(rising / (log2(65) - log2(2)))
    assert area(dict.fromkeys((1, 4, 16, 64), -0.25)) == pytest.approx(-0.25)


def test_the_least_budget_is_where_four_of_five_seeds_steer() -> None:
    able = {1: 0.0, 4: 0.5, 16: 0.9, 64: 0.9}
    late = {1: 0.0, 4: 0.49, 16: 0.5, 64: 0.9}
    assert least_budget([able] * 4 + [late]) == 4
    assert least_budget([able] * 3 + [late] * 2) == 16
    # Of three seeds all must: two are a smaller share than four of five.
    assert least_budget([able] * 2 + [late]) == 16
    assert least_budget([dict.fromkeys((1, 4), 0.0)]) is None


def test_methods_that_the_interval_does_not_separate_share_a_place() -> None:
    good, alike = [[0.90, 0.92, 0.94]], [[0.89, 0.91, 0.93]]
    poor, poorer = [[0.10, 0.12, 0.14]], [[0.0, 0.01, 0.02]]
    assert places([good, alike, poor, poorer]) == [1, 1, 3, 4]
    assert places([[[0.9]], [[0.1]]]) == [1, 1]  # one seed separates nothing
    assert places([]) == []


def test_a_value_is_the_mean_over_the_traps_that_all_ranked_methods_have() -> None:
    records = [
        *(method(CORNER, "both", s, coverage=c) for s, c in enumerate((0.2, 0.4))),
        *(method(DOORS, "both", s, coverage=1.0) for s in range(2)),
        *(method(CORNER, "one", s, coverage=0.9) for s in range(2)),
        method(CORNER, "planner", 0, coverage=1.0, kind="privileged"),
        method(DOORS, "elsewhere", 0, coverage=1.0, kind="not ranked"),
        method(CORNER, "shy", 0),  # entered nothing
    ]
    (track,) = tracks(records)
    assert (track.name, track.traps) == ("coverage", [CORNER])
    assert track.lacking == {"elsewhere": [CORNER]}
    one, both, planner = track.standings
    assert [each.method for each in (one, both, planner)] == ["one", "both", "planner"]
    assert (both.value, both.place, both.seeds) == (pytest.approx(0.3), 1, 2)
    assert both.by_trap == {CORNER: {0: 0.2, 1: 0.4}, DOORS: {0: 1.0, 1: 1.0}}
    # One of two seeds is drawn: 0.1 to either side, stretched as Student's t is.
    half = scipy.stats.t.ppf(0.975, 1) / scipy.stats.norm.ppf(0.975) * 0.1
    assert both.interval == pytest.approx((max(0, 0.3 - half), 0.3 + half))
    assert (planner.kind, planner.place) == ("privileged", None)
    assert isnan(planner.interval[0])


def test_labels_are_two_tables_and_questions_one() -> None:
    flat, few = [0.5] * 4, (0.2, 0.4, 0.9)
    returns, demonstrations, ask = tracks(
        [method(CORNER, "cues", s, None, (0, 0, 0, s), flat, few) for s in range(2)]
    )
    names = [track.name for track in (returns, demonstrations, ask)]
    assert names == ["labels: returns", "labels: demonstrations", "ask"]
    (slow,) = returns.standings
    assert slow.curve == {1: 0, 4: 0, 16: 0, 64: 0.5}
    # The mean of 0 and of the last interval's half.
    last = (log2(65) - log2(17)) / 2 / (log2(65) - log2(2))
    assert slow.value == pytest.approx(last / 2)
    assert (slow.enough, demonstrations.standings[0].enough) == (None, 1)
    (asked,) = ask.standings
    assert asked.value == pytest.approx(0.5)
    assert asked.curve == pytest.approx({1: 0.2, 2: 0.4, 4: 0.9})
    assert asked.asked == {1: 0.25, 2: 0.25, 4: 0.25}
