"""Records of methods: values by hand, files, and the committed ones against the rules."""

from statistics import fmean, stdev

import msgspec
import numpy as np
import pytest
from method_records import LEVELS, OF_A_DRAW, make_record
from msgspec.structs import replace

from benchmarks.methods.labels import LABEL_DRAWS
from benchmarks.methods.record import (
    COMMITTED,
    LABEL_KINDS,
    LABELS,
    Member,
    Point,
    compute_area,
    compute_steering,
    read_committed,
)
from benchmarks.methods.tasks import BOARD_VERSION, RANKING, SEEDS, SLACK_STEPS, find_task


@pytest.mark.parametrize(
    ("m", "solved", "expected"),
    [
        ((1.0, 1.0), (1.0, 1.0), 1.0),
        ((0.6, -0.6), (1.0, 1.0), 0.0),
        ((0.8, 0.4), (0.9, 0.95), 0.6),
        ((0.8, 0.4), (0.95, 0.825), 0.3),  # half competent in one role
        ((1.0, 1.0), (0.75, 1.0), 0.0),
    ],
)
def test_steering_equals_hand_values(m, solved, expected):
    assert compute_steering(m, min(solved)) == pytest.approx(expected)


def test_area_equals_hand_values():
    assert compute_area({0: 0.0, 1: 1.0, 3: 1.0}) == pytest.approx(0.75)
    assert compute_area({0: 1.0, 1: 1.0, 7: 1.0}) == 1


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ([(300, 270, 240), (300, -210, -240)], 0.7),
        ([(300, 270, 240)], 0.0),  # the same member for both roles
        ([(300, 270, 240), (240, -210, -240)], 0.0),  # the other is not competent
        # Chosen on other levels: the second, though the first is better on those that are scored.
        ([(300, 270, 30), (300, 150, 180), (300, -300, -300)], 0.5),
        # The fifth does not count.
        ([(300, 30, 30)] * 4 + [(300, -300, -300)], 0.0),
        ([], 0.0),
    ],
)
def test_coverage_equals_hand_values(members, expected):
    made = [Member(*each) for each in members]
    assert replace(make_record("CoinRun"), members=made).coverage == pytest.approx(expected)


def test_method_that_ignores_labels_scores_zero():
    """The same policy in both roles has m of x and -x, whatever it pursues."""
    rng = np.random.default_rng(0)
    for _ in range(50):
        x = rng.integers(-OF_A_DRAW, OF_A_DRAW + 1, size=10).tolist()
        points = [Point(k, [(m, -m) for m in x], LEVELS, (0, 0)) for k in LABELS]
        assert make_record("CoinRun", labels=dict.fromkeys(LABEL_KINDS, points)).area == 0


@pytest.mark.parametrize("name", [path.stem for path in sorted(COMMITTED.glob("*.jsonl"))])
def test_committed_records_keep_the_rules(name):
    facts = msgspec.json.decode((COMMITTED / f"{name}.jsonl").read_bytes().splitlines()[0])
    records = read_committed()[name]
    assert (facts["name"], facts["board"]) == (name, BOARD_VERSION)
    found = [(record.task, record.seed) for record in records]
    assert len(found) == len({*found})
    assert {*found} >= {(task, seed) for task in RANKING for seed in range(SEEDS)}
    for record in records:
        task = find_task(record.task, record.seed)
        assert (record.encoding, record.wanted) == (task.encoding, task.wanted)
        assert record.steps <= task.most_steps + SLACK_STEPS
        for kind in LABEL_KINDS:
            assert [point.budget for point in record.labels[kind]] == [*LABELS]
            for point in record.labels[kind]:
                assert len(point.m) == LABEL_DRAWS
                assert max(point.used) <= point.budget * LABEL_DRAWS
        # Without a label nothing steers, beyond chance.
        sums = [sum(pair) for points in record.labels.values() for pair in points[0].m]
        assert abs(fmean(sums)) <= 3 * stdev(sums) / len(sums) ** 0.5
