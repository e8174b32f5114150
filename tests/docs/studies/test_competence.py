"""Time to competence: how the shortest schedule is looked for, and what is timed."""

import pytest

from agents.ppo import Learner
from docs.studies import competence
from docs.studies.competence import Measured, find_shortest
from mesa_gym.traps import find_trap

CHEESE = find_trap("CheeseCorner")()


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
