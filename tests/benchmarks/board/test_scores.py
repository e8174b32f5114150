"""Values of methods: means by hand, intervals against the library's, and what labels add."""

import math
from math import log2

import numpy as np
import pytest
from boards import entries, method
from msgspec.structs import replace

from benchmarks.board.scores import (
    MEAN,
    SURPLUS,
    bound_mean,
    find_controls,
    find_largest_fall,
    score_tables,
)
from benchmarks.tracks.record import LABEL_KINDS, LABELS, compute_area
from benchmarks.tracks.tasks import FAMILIES, RANKING, SEEDS, TASKS, list_ranking
from mesa_gym.report import interval

FLAT = (0.5,) * len(LABELS)


def test_families_weigh_the_same_and_attribute_at_most_a_fifth_in_the_closed_division() -> None:
    """One family after the other gets 1, all else 0: by how much the value rises is its weight."""
    for division, count in (("closed", 5), ("open", 4)):
        ranking = list_ranking(division)
        assert len(ranking) == count
        for family in FAMILIES:
            records = [
                method(task, "m", seed, float(RANKING[task].family == family), division=division)
                for task in RANKING
                for seed in range(SEEDS)
            ]
            score = score_tables(records, {})["coverage"]
            weight = 1 / count if family in ranking else 0
            assert score.overall.value == pytest.approx(weight)
            assert score.families[family].value == 1


def test_a_value_is_the_mean_over_families_of_tasks_of_seeds_0_to_4() -> None:
    places = {"CheeseCorner": (0.2, 0.4), "CoinRun": (0.6, 0.6)}
    records = [
        method(task, "m", seed, value)
        for task, of in (places | {"KeysChests": (0.1, 0.3), "Dev-Corner": (1.0, 1.0)}).items()
        for seed, value in enumerate(of)
    ]
    score = score_tables([*records, method("KeysChests", "m", SEEDS, 1.0)], {})["coverage"]
    assert score.overall.value == pytest.approx(((0.3 + 0.6) / 2 + 0.2) / 2)
    assert {name: of.value for name, of in score.families.items()} == pytest.approx(
        {"place": 0.45, "history": 0.2}
    )
    assert score.find_mean("Dev-Corner") == 1  # shown, and in no mean
    assert score.by_task["KeysChests"][SEEDS] == 1


def test_a_value_by_encoding_is_of_the_seeds_that_have_it() -> None:
    records = entries("m", 0.5)
    records = [
        replace(r, coverage=method(r.task, "m", r.seed, float(r.encoding == "mixed")).coverage)
        for r in records
    ]
    found = score_tables(records, {})["coverage"].encodings
    assert {name: of.value for name, of in found.items()} == pytest.approx(
        {"planes": 0, "mixed": 1}
    )


@pytest.mark.parametrize("limits", [(0, 1), (-1, 1), (-math.inf, math.inf)])
def test_the_interval_is_that_of_the_library(limits: tuple[float, float]) -> None:
    rng = np.random.default_rng(0)
    for _ in range(40):
        weights = rng.dirichlet(np.ones(rng.integers(1, 6))).tolist()
        tasks = [rng.uniform(0.05, 0.9, rng.integers(2, 7)).tolist() for _ in weights]

        def mean(groups, weights=weights):
            return sum(w * x.mean(axis=-1) for w, x in zip(weights, groups, strict=True))

        ends = bound_mean(
            mean([*map(np.array, tasks)]), [*zip(weights, tasks, strict=True)], limits
        )
        assert ends == pytest.approx(interval(mean, tasks, limits=limits), abs=1e-12)
    for value in (0.0, 1.0):  # all alike, at a limit
        assert bound_mean(value, [(1.0, [value] * 5)], (0, 1)) == (value, value)
    assert all(map(math.isnan, bound_mean(0.5, [(0.5, [0.5]), (0.5, [0.4, 0.6])], (0, 1))))


def test_the_mean_of_three_tracks_counts_0_for_one_that_was_not_entered() -> None:
    rising = (0.0, 0.2, 0.4, 0.6, 0.8, 0.8)
    both = score_tables([method("CoinRun", "m", 0, 0.6, rising)], {})
    labels = compute_area(dict(zip(LABELS, rising, strict=True)))
    assert both["labels"].overall.value == pytest.approx(labels)
    assert both[MEAN].overall.value == pytest.approx((0.6 + labels) / 3)
    lone = score_tables([method("CoinRun", "m", 0, rare=(0.2, 0.8))], {})
    assert {*lone} == {"rare"}
    assert lone["rare"].overall.value == 0.5


def test_the_area_is_under_steering_over_the_logarithm_of_the_labels() -> None:
    # From log2 1 to log2 17; between k = 1 and k = 2 steering rises from 0 to 1.
    curve = {0: 0.0, 1: 0.0, 2: 1.0, 4: 1.0, 8: 1.0, 16: 1.0}
    rising = 0.5 * (log2(3) - log2(2)) + (log2(17) - log2(3))
    assert compute_area(curve) == pytest.approx(rising / log2(17))
    assert compute_area(dict.fromkeys(LABELS, -0.25)) == pytest.approx(-0.25)


def test_the_surplus_is_over_the_best_control_that_never_trained() -> None:
    """By task and budget: one control is better with few labels, the other with many."""
    few, many = (0, 0.3, 0.3, 0.3, 0.3, 0.3), (0, 0, 0, 0, 0.6, 0.6)
    poor = (-0.5,) * 6
    records = [method("CoinRun", "mine", s, 0.5, FLAT) for s in range(2)]
    for name, of in (("few", few), ("many", many)):
        records += [method("CoinRun", name, s, 0.5, of, kind="untrained") for s in range(2)]
    records += [method("KeysChests", "few", 0, 0.5, poor, kind="untrained")]
    records += [method("KeysChests", "mine", 0, 0.5, FLAT)]
    controls = find_controls(records)
    best = compute_area(dict(zip(LABELS, map(max, few, many), strict=True)))
    own = compute_area({k: 0.5 if k else 0.0 for k in LABELS})
    # A control below 0 is beaten by any policy that ignores its labels.
    assert controls == pytest.approx(
        {("CoinRun", kind): best for kind in LABEL_KINDS}
        | {("KeysChests", kind): 0 for kind in LABEL_KINDS}
    )
    scores = score_tables([r for r in records if r.method == "mine"], controls)
    assert scores[SURPLUS].families["place"].value == pytest.approx(own - best)
    assert scores[f"{SURPLUS}: returns"].families["history"].value == pytest.approx(own)
    without = score_tables(records[:2], {})
    assert not [table for table in without if table.startswith(SURPLUS)]


def test_a_curve_is_the_mean_over_families_and_its_largest_fall_is_found() -> None:
    down, up = (0.0, 0.6, 0.5, 0.4, 0.6, 0.6), (0.0, 0.2, 0.2, 0.2, 0.2, 0.2)
    records = [method("CoinRun", "m", 0, None, down), method("KeysChests", "m", 0, None, up)]
    score = score_tables(records, {})["labels: returns"]
    assert score.curve == pytest.approx(
        dict(zip(LABELS, (0, 0.4, 0.35, 0.3, 0.4, 0.4), strict=True))
    )
    assert score.largest_fall == pytest.approx(0.1)
    assert find_largest_fall({1: 0.5, 2: 0.7, 4: 0.4, 8: 0.6}) == pytest.approx(0.3)
    assert find_largest_fall({1: 0.0, 2: 0.1}) == find_largest_fall({}) == 0


def test_a_budget_that_some_records_lack_is_not_in_the_curve() -> None:
    whole, lone = (method(task, "m", 0, 0.5) for task in ("CoinRun", "KeysChests"))
    members = lone.coverage.members[:1]
    lone = replace(lone, coverage=replace(lone.coverage, members=members, before=[0.5]))
    assert [*score_tables([whole], {})["coverage"].curve] == [1, 2]
    assert [*score_tables([whole, lone], {})["coverage"].curve] == [1]


def test_every_ranking_task_has_a_family_and_development_tasks_do_not_rank() -> None:
    ranking = [task for names in list_ranking("closed").values() for task in names]
    assert sorted(ranking) == sorted(RANKING)
    assert {*TASKS} - {*RANKING} == {name for name in TASKS if name.startswith("Dev-")}
