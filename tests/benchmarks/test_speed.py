"""Steps a second: their arithmetic with a clock by hand, and a rough run."""

import sys

import pytest

from benchmarks import speed
from benchmarks.speed import Work
from mesa_gym.traps import find_trap

CHEESE = find_trap("CheeseCorner")()


def test_rates_are_medians_of_alternating_measurements(monkeypatch):
    clock, calls = [0.0], []

    def work(name, *seconds_a_step):
        pace = iter(seconds_a_step)

        def take(steps):
            calls.append((name, steps))
            clock[0] += steps * next(pace)
            return 10 * steps

        return Work(take, 3)

    # Warm-up, trial, then three measurements.
    works = {"even": work("even", 9, 0.1, 0.1, 0.1, 0.1), "jumpy": work("jumpy", 9, 2, 1, 50, 2)}
    monkeypatch.setattr(speed, "perf_counter", lambda: clock[0])
    rates = speed.measure_rates(works, 3, 1.0)
    assert rates == pytest.approx({"even": 100.0, "jumpy": 5.0})
    # A second holds 10 steps of 0.1 s, three times the least of 3; slow work is done once.
    tried = [("even", 3)] * 2 + [("jumpy", 3)] * 2
    assert calls == [*tried, *[("even", 9), ("jumpy", 3)] * 3]


def test_speed_prints_a_row_for_each_size(monkeypatch, capsys):
    assert speed.main(["--quick", "--traps", "CheeseCorner"]) == 0
    lines = capsys.readouterr().out.splitlines()[2:]
    assert [line.split("  ")[0] for line in lines] == [speed.MINIGRID, *[repr(CHEESE)] * 2]
    assert ("1,024" in lines[1], "always new" in lines[2]) == (True, True)
    monkeypatch.setitem(sys.modules, "minigrid", None)
    assert speed.main(["--quick"]) == 2
    assert "mesa-gym[leaderboard]" in capsys.readouterr().err
