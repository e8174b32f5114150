"""``mesa-gym predict``: curves of objectives alone, and what the law says of them."""

import math

import pytest

pytest.importorskip("optax")

from agents import alone, predict
from agents.alone import Point
from agents.predict import ERROR, SLOPE, main, say_prediction, tabulate_curves
from mesa_gym.traps.cheese_corner import CheeseCorner
from tests.support.refusals import refusals, refuse
from tests.support.training import small


@pytest.mark.parametrize(
    ("cheese", "corner", "taken"), [(4000, 1000, "corner"), (1000, 4000, "cheese")]
)
def test_conclusion_names_faster_objective(cheese, corner, taken):
    text = " ".join(say_prediction({"cheese": cheese, "corner": corner}))
    odds = SLOPE * math.log(4)
    low, middle, high = (1 / (1 + math.exp(-odds - x)) for x in (-ERROR, 0, ERROR))
    assert f"{taken} is learned 4.0 times as fast" in text
    assert f"takes {taken} on {middle:.2f} of the levels" in text
    assert f"({low:.2f} to {high:.2f}," in text


def test_conclusion_without_learned_objective_predicts_nothing():
    (line,) = say_prediction({"cheese": math.inf, "corner": math.inf})
    assert "says nothing" in line
    assert "takes" not in line


@pytest.mark.parametrize(("cheese", "corner"), [(0, 4000), (0.4, 0), (0, 0), (0, math.inf)])
def test_conclusion_without_training_predicts_nothing(cheese, corner):
    """An untrained agent reaches an objective already: no ratio of steps means anything."""
    (line,) = say_prediction({"cheese": cheese, "corner": corner})
    assert line.startswith(
        f"An untrained agent reaches {'corner' if corner < cheese else 'cheese'}"
    )
    assert line.endswith("so the law says nothing.")


def test_objective_never_learned_is_not_taken():
    text = " ".join(say_prediction({"cheese": 500, "corner": math.inf}))
    assert "corner never" in text
    assert "by the law an agent takes cheese." in text


def test_table_has_medians_of_seeds_by_steps():
    points = [Point(seed, 10 * i, i / 40 * seed / 2) for seed in range(3) for i in range(41)]
    table = tabulate_curves({"one": points, "other": points}).splitlines()
    assert table[0].split() == ["steps", "one", "other"]
    assert [line.split() for line in (table[2], table[-1])] == [
        ["0", "0.00", "0.00"], ["400", "0.50", "0.50"],
    ]  # fmt: skip
    assert len(table) == 13


@pytest.mark.thorough
def test_command_trains_each_objective_on_shift(monkeypatch, capsys):
    listed, measured = [], []

    def list_small(trap, objective, steps, keywords):
        run = small(trap=trap, alpha=1.0, reward=objective, keywords=tuple(keywords))
        listed.append(run)
        return run.repeat(alone.ALONE_SEEDS)

    def make_measure(trap, objective):
        def measure(policy):
            measured.append(objective)
            trained = measured.count(objective) > len(alone.ALONE_SEEDS)  # after an update
            return 1.0 if objective == "corner" and trained else 0.0

        return measure

    monkeypatch.setattr(predict, "list_alone_runs", list_small)
    monkeypatch.setattr(predict, "make_measure", make_measure)
    assert main(["CheeseCorner", "size=7"]) == 0
    text = capsys.readouterr().out
    assert {run.reward for run in listed[1:]} == {"cheese", "corner"}
    assert all(run.make_trap().name() == CheeseCorner.name() for run in listed)
    assert {run.keywords for run in listed} == {("size=7",)}
    assert {*measured} == {"cheese", "corner"}
    assert "Steps to 0.75: cheese never, corner 192." in text
    assert "by the law an agent takes corner." in text


def test_trainings_of_lone_objectives_are_on_shift():
    runs = alone.list_alone_runs("CheeseCorner", "corner", 2048)
    assert [run.seed for run in runs] == [*alone.ALONE_SEEDS]
    assert {(run.alpha, run.reward, run.steps, run.algo) for run in runs} == {
        (1.0, "corner", 2048, "ppo")
    }


def refuse_prediction(words):
    refuse(words, main)


test_trap_without_law_is_refused = refusals(
    "agents", "predict", globals(), refuse=refuse_prediction
)
