"""Records of methods: what they count, what they refuse, and that they survive the disk."""

import msgspec
import numpy as np
import pytest
from msgspec.structs import replace
from track_records import LEVELS, OF_A_DRAW, make_method, make_record

from benchmarks.tracks.record import LABEL_KINDS, LABELS, Member, Point, compute_area
from benchmarks.tracks.record_files import COMMITTED, read_method, read_methods
from benchmarks.tracks.scores import score_methods
from benchmarks.tracks.tasks import RANKING, SEEDS


def test_values_by_hand():
    record = make_record("CoinRun", steering=0.5)
    assert record.coverage == 0.8
    assert record.list_steering("returns") == {0: 0.0} | dict.fromkeys(LABELS[1:], 0.5)
    assert record.area == pytest.approx(compute_area(record.list_steering("returns")))


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
def test_coverage_by_hand(members, expected):
    made = [Member(*each) for each in members]
    assert replace(make_record("CoinRun"), members=made).coverage == pytest.approx(expected)


def test_what_ignores_its_labels_gets_exactly_nothing():
    """The same policy in both roles has m of x and -x, whatever it pursues."""
    rng = np.random.default_rng(0)
    for _ in range(50):
        x = rng.integers(-OF_A_DRAW, OF_A_DRAW + 1, size=10).tolist()
        points = [Point(k, [(m, -m) for m in x], LEVELS, (0, 0)) for k in LABELS]
        record = make_record("CoinRun", labels=dict.fromkeys(LABEL_KINDS, points))
        assert record.area == 0
        record.require_no_leak()


@pytest.mark.parametrize(
    ("m", "told"),
    [
        ([(15, -9)] * 10, True),
        ([(15, -15)] * 10, False),
        # The mean is compared with what draws differ by, so that chance alone does no harm.
        ([(15, 3), (-18, 6), (3, -9), (12, -15), (-6, 3)] * 2, False),
        ([(30, -20), (30, -21)] * 5, True),
        ([(15, -7), (15, -11)] * 5, True),  # nine standard errors of the mean, three of a draw
    ],
)
def test_a_record_that_steers_without_a_label_is_refused(m, told):
    points = [Point(k, m, LEVELS, (0, 0)) for k in LABELS]
    record = make_record("CoinRun", labels=dict.fromkeys(LABEL_KINDS, points))
    if told:
        with pytest.raises(ValueError, match="without a label it already steers, by 0"):
            record.require_no_leak()
    else:
        record.require_no_leak()


def point(**changes):
    """Change one point of a record."""
    record = make_record("CoinRun")
    points = [*record.labels["returns"]]
    points[1] = replace(points[1], **changes)
    return {"labels": record.labels | {"returns": points}}


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"labels": {}}, "expected .*'returns', 'demonstrations', 'preferences'"),
        ({"members": [Member(301, 0, 0)]}, "a member has 301 of 300 levels"),
        ({"members": [Member(300, -301, 0)]}, "a member has -301 of 300 levels"),
        (point(budget=3), r"budgets are \(0, 3, 2, 4, 8, 16\)"),
        (point(used=(11, 0)), "11 of 10 labels were used"),
        (point(m=[(0, 0)] * 9), "9 draws; expected 10"),
        (point(m=[(31, 0)] * 10), "returns has 310 of 300 levels"),
        (point(solved=301), "returns has 301 of 300 levels"),
    ],
)
def test_counts_that_cannot_be_are_refused(changes, told):
    with pytest.raises(ValueError, match=told):
        replace(make_record("CoinRun"), **changes)


def test_a_file_says_what_was_saved(tmp_path):
    method, path = make_method("mine.Mine", 0.3), tmp_path / "mine.Mine.jsonl"
    method.save(path)
    again = read_method(path)
    assert again.facts == method.facts
    assert {*map(msgspec.json.encode, again.records)} == {*map(msgspec.json.encode, method.records)}
    assert len(path.read_text().splitlines()) == 1 + len(method.records)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda lines: [*lines, lines[1]], "seed 0 of .* stands there twice"),
        (lambda lines: [lines[0].replace(b'"2.0"', b'"1.0"')], "version '1.0' of the board"),
        (lambda lines: [lines[0], lines[1][:-1]], "after 0 records"),
        (lambda lines: [lines[0].replace(b"mine.Mine", b"../mine")], "after 0 records"),
        (lambda lines: [], "after 0 records"),
    ],
)
def test_damaged_files_are_named(change, told, tmp_path):
    path = tmp_path / "mine.jsonl"
    make_method("mine.Mine", 0.3).save(path)
    path.write_bytes(b"\n".join(change(path.read_bytes().splitlines())))
    with pytest.raises(ValueError, match=f"mine.jsonl.*{told}"):
        read_method(path)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"encoding": "planes", "seed": 0}, "encoding is 'planes'; seed 0 of CoinRun has 'mixed'"),
        ({"wanted": ("far_end", "coin")}, "wanted is .*has ..coin., .far_end.."),
        ({"steps": 4_000_000}, "4,000,000 steps; at most 3,300,000 are allowed"),
        ({"task": "CoinRu"}, "Did you mean 'CoinRun'"),
    ],
)
def test_records_that_break_a_rule_are_refused(changes, told, tmp_path):
    path, method = tmp_path / "m.jsonl", make_method("m", 0.3)
    record = replace(make_record("CoinRun"), **changes)
    replace(method, records=[record]).save(path)
    with pytest.raises(ValueError, match=told):
        read_method(path)


def test_two_methods_of_one_name_are_refused(tmp_path):
    paths = [tmp_path / "a.jsonl", tmp_path / "b.jsonl"]
    make_method("Mine", 0.3).save(paths[0])
    make_method("mine", 0.4).save(paths[1])
    with pytest.raises(ValueError, match="are both of mine; rename one"):
        read_methods(paths)


def test_the_committed_records_are_whole_and_more_labels_make_none_worse():
    """That each is of its task is a law of reading."""
    committed = read_methods(sorted(COMMITTED.glob("*.jsonl")))
    for method in committed:
        found = {(record.task, record.seed) for record in method.records}
        assert found >= {(task, seed) for task in RANKING for seed in range(SEEDS)}
    for score in score_methods(committed):
        curve = [*score.groups["all"].curve.values()]
        assert max(a - b for i, a in enumerate(curve) for b in curve[i:]) <= 0.01
