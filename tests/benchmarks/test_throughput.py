"""The throughput benchmark: its arithmetic with a clock by hand, and one rough run."""

import json
import sys

import gymnasium
import numpy as np
import pytest

from benchmarks.speed import measurements as speed
from benchmarks.speed import throughput
from benchmarks.speed.learning import Stub
from benchmarks.speed.measurements import (
    BANK,
    COUNTS,
    WIDE_COUNTS,
    Effort,
    Learning,
    Report,
    Steps,
)
from benchmarks.speed.throughput import STEPS, checks
from mesa_gym import make_sb3
from mesa_gym.traps import all_traps

CHEESE = "CheeseCorner-v0(size=13x13)"
CHEESE_ID = "MesaGym/CheeseCorner-v0"


def test_rates_are_medians_of_measurements_taken_in_turns(monkeypatch):
    clock = [0.0]
    monkeypatch.setattr(speed.time, "perf_counter", lambda: clock[0])
    calls = []

    def work(name, seconds_a_step):
        pace = iter(seconds_a_step)

        def take(steps):
            calls.append((name, steps))
            clock[0] += steps * next(pace)
            return 10 * steps

        return take

    # Warm-up, trial, then three measurements.
    found = speed.rates(
        {
            "steady": (work("steady", [9, 0.1, 0.1, 0.1, 0.1]), 3),
            "jumpy": (work("jumpy", [9, 2, 1, 50, 2]), 3),
        },
        Effort(repeats=3, seconds=1.0, whole=True),
    )
    assert found == pytest.approx({"steady": 100.0, "jumpy": 5.0})
    # A second holds 10 steps of 0.1 s, three times the least of 3; slow work is done once.
    assert calls == [
        *[("steady", 3)] * 2,
        *[("jumpy", 3)] * 2,
        *[("steady", 9), ("jumpy", 3)] * 3,
    ]


def report(**changes):
    given = {
        "copying": 20e9,
        "minigrid": 10e3,
        "steps": [Steps(CHEESE, BANK, {1: 40e3, 1024: 7.5e6})],
        "learning": [Learning(CHEESE_ID, 85.0, 100.0, 90.0)],
        "importing": 0.4,
        "first_step": 0.6,
    }
    return Report(**{**given, **changes})


def test_targets_are_scaled_with_the_memory_and_compared():
    found = {check.what.split(": ")[-1]: check for check in checks(report())}
    steps = found["M steps/s at 1,024"]
    assert (steps.value, steps.target, steps.met) == (7.5, 7.0, True)
    single = found["one, times Minigrid"]
    assert (single.value, single.target, single.met) == (4.0, 3.0, True)
    learning = found["SB3 PPO, share of the stub's frames/s"]
    assert (learning.met, learning.answer) == (False, "NO, 94.4% of it")
    assert found["import, seconds"].met
    assert (found["import to first step, seconds"].met, found["import, seconds"].bound) == (
        False,
        "<=",
    )
    faster = report(copying=40e9)
    assert not next(c for c in checks(faster) if "M steps/s" in c.what).met


def test_works_count_every_environment():
    assert speed.batch(CHEESE_ID, 8, num_levels=4)(100) == 800
    assert speed.single(CHEESE_ID)(100) == 100
    assert speed.copying()(2) == 16 * 2**20


def test_the_stub_with_a_limit_cuts_episodes_off():
    stub = Stub(make_sb3(CHEESE_ID, 3), limit=5)
    ended = np.stack([stub.step(np.zeros(3, np.int64))[2] for _ in range(12)])
    assert [row.nonzero()[0].tolist() for row in ended.T] == [[0, 5, 10], [1, 6, 11], [2, 7]]
    assert stub.step(np.zeros(3, np.int64))[3][2]["TimeLimit.truncated"]


@pytest.mark.slow
def test_a_rough_run_measures_all(tmp_path, capsys):
    path = tmp_path / "speed.json"
    assert throughput.main(["--quick", "--json", str(path)]) == 0
    printed = capsys.readouterr().out
    found = json.loads(path.read_text())
    assert {int(n) for row in found["steps"] for n in row["rates"]} == {*COUNTS, *WIDE_COUNTS}
    assert {(row["trap"], row["levels"]) for row in found["steps"]} >= set(STEPS)
    assert all(rate > 0 for row in found["steps"] for rate in row["rates"].values())
    checked = [check["what"] for check in found["checks"] if "M steps/s" in check["what"]]
    assert all(any(what.startswith(name) for what in checked) for name in all_traps())
    assert found["versions"]["gymnasium"] == gymnasium.__version__
    for shown in ("MiniGrid-Empty-8x8-v0", "SB3 PPO", "Copying 8 MB", "import to first step"):
        assert shown in printed


def test_a_missing_extra_is_named(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "minigrid", None)
    assert throughput.main(["--quick"]) == 2
    assert 'pip install "mesa-gym[leaderboard]"' in capsys.readouterr().err
