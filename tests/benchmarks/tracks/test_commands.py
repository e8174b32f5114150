"""Tests of the table that a rerun prints."""

from __future__ import annotations

from boards import method

from benchmarks.tracks.commands import tabulate_record


def test_a_number_that_rounds_to_zero_has_no_sign() -> None:
    record = method("CheeseCorner", "mine", 0, labels=[-0.002] * 6)
    steering = {p.steering for _, points, _ in record.list_curves() for p in points}
    assert all(-0.005 < value <= 0 for value in steering)
    assert min(steering) < 0
    assert {row[2] for row in tabulate_record(record)} == {"S 0.00"}
