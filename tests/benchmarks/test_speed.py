"""The benchmarks of speed: their arithmetic with a clock by hand, and rough runs."""

import sys

import pytest

from agents.ppo import Learner
from benchmarks.speed import competence, throughput, timing
from benchmarks.speed.competence import Measured, find_shortest
from benchmarks.speed.timing import Work
from mesa_gym.traps import find_trap

CHEESE = find_trap("CheeseCorner")()


def test_rates_are_medians_of_measurements_taken_in_turns():
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
    rates = timing.measure_rates(works, 3, 1.0, lambda: clock[0])
    assert rates == pytest.approx({"even": 100.0, "jumpy": 5.0})
    # A second holds 10 steps of 0.1 s, three times the least of 3; slow work is done once.
    tried = [("even", 3)] * 2 + [("jumpy", 3)] * 2
    assert calls == [*tried, *[("even", 9), ("jumpy", 3)] * 3]


def test_the_command_prints_a_row_for_each_size_and_kind_of_levels(monkeypatch, capsys):
    assert throughput.main(["--quick", "--traps", "CheeseCorner"]) == 0
    lines = capsys.readouterr().out.splitlines()[2:]
    assert [line.split("  ")[0] for line in lines] == [throughput.MINIGRID, *[repr(CHEESE)] * 2]
    assert ("1,024" in lines[1], "always new" in lines[2]) == (True, True)
    monkeypatch.setitem(sys.modules, "minigrid", None)
    assert throughput.main(["--quick"]) == 2
    assert 'pip install "mesa-gym[leaderboard]"' in capsys.readouterr().err


@pytest.mark.parametrize(
    ("enough", "found", "tried"),
    [
        (100, 100, [400, 200, 100, 50]),  # halved until one fails
        (1, 25, [400, 200, 100, 50, 25]),  # or until it is the shortest
        (1500, 1600, [400, 800, 1600]),  # doubled until one succeeds
        (9999, None, [400, 800, 1600, 3200]),  # or until it is too long
    ],
)
def test_the_shortest_schedule_is_looked_for(enough, found, tried):
    lengths = []

    def measure(steps):
        lengths.append(steps)
        return Measured(steps, 1.0 if steps >= enough else 0.5, "base", 1.0, {})

    best = find_shortest(measure, 400, 3200, least=25)
    assert (best.steps if best else None, lengths) == (found, tried)


@pytest.mark.slow
def test_the_parts_of_a_training_are_timed_and_the_classes_left_as_they_were(monkeypatch):
    update = Learner.update
    monkeypatch.setattr(competence, "LEVELS", 10)
    found = competence.measure_training(CHEESE, "ppo", 0, 4096)
    assert Learner.update is update
    assert list(found.parts) == list(competence.PARTS)
    assert 0.5 < sum(found.parts.values()) <= 1
    assert competence.measure_training(CHEESE, "sb3-ppo", 0, 4096).parts == {}
