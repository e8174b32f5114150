"""Steps a second: arithmetic with fake clocks, and rows that are printed one by one."""

import pytest

from benchmarks import speed
from benchmarks.speed import Work


def test_rates_are_medians_of_three_measurements(monkeypatch):
    clock, calls = [0.0], []
    pace = iter((9, 0.1, 0.1, 50, 0.2))  # warm-up, trial, then three measurements

    def take(steps):
        calls.append(steps)
        clock[0] += steps * next(pace)
        return 10 * steps

    monkeypatch.setattr(speed, "perf_counter", lambda: clock[0])
    monkeypatch.setattr(speed, "process_time", lambda: clock[0] / 2)
    rates = speed.measure_rates(Work(take, 3), 3, 1.0)
    assert rates == pytest.approx((50.0, 100.0))
    # A second holds 10 steps of 0.1 s, three times the least of 3.
    assert calls == [3, 3, 9, 9, 9]


def test_speed_prints_rows_one_by_one(monkeypatch, capsys):
    shown = []

    def measure(work, *rest):
        shown.append(capsys.readouterr().out)
        assert work.take(2 * work.least) > 0
        return speed.Rates(2e6, 3000.0)

    monkeypatch.setattr(speed, "measure_rates", measure)
    monkeypatch.setattr(speed, "ENVIRONMENT_COUNTS", (2, 4))
    assert speed.main(["--traps", "CheeseCorner", "--torch"]) == 0
    rows = ["".join(shown), capsys.readouterr().out]
    assert [text.split()[0] for text in shown] == [
        "steps",
        speed.MINIGRID,
        *["CheeseCorner-v0"] * 4,
    ]
    assert rows[1].split() == ["CheeseCorner-v0", "torch", "4", "2.00", "M", "3.0", "k"]
