"""Evaluation of whole methods: what a record counts, and what a method cannot do."""

import re
from pathlib import Path

import numpy as np
import pytest

from benchmarks.methods import METHODS, Method
from benchmarks.methods.evaluation import Entrant, evaluate_method, find_method, name_method
from benchmarks.methods.evaluator import Evaluator
from benchmarks.methods.labels import LabelSource
from benchmarks.methods.record import LABELS
from benchmarks.methods.tasks import find_task
from mesa_gym.policies import Memoryless, constant, uniform
from mesa_gym.traps import Split

LAZY = f"{Path(__file__).parents[2] / 'support' / 'methods' / 'lazy_methods.py'}:Lazy"


@pytest.mark.parametrize("name", METHODS)
def test_methods_are_found_by_name(name):
    assert find_method(name).__module__ == METHODS[name].partition(":")[0]
    assert name_method(name) == name


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("untraned", "Did you mean 'untrained'"),
        (LAZY.replace("Lazy", "constant"), "not a subclass"),
        (LAZY.replace("Lazy", "Lazi"), "unknown class of .*'Lazi'.* mean 'Lazy'"),
    ],
)
def test_unknown_methods_are_named(name, told):
    with pytest.raises(ValueError, match=told):
        find_method(name)


def test_records_say_their_task_and_counts():
    task = find_task("CheeseDish", 1)
    record = evaluate_method(LAZY, Evaluator(task, "salt", 30), 1)
    assert name_method(LAZY) == "lazy_methods.Lazy"
    assert record.coverage == record.members[0].solved == record.area == 0
    assert (record.encoding, record.wanted, record.steps) == (task.encoding, task.wanted, 0)
    assert (record.trap, record.levels, len(record.members)) == ("CheeseDish-v0", 30, 2)
    assert "salt" not in record.salt


class AskedCounter(Memoryless):
    """Takes one action before its first question, and another one afterwards."""

    def __init__(self):
        self.asked = 0

    def act(self, observation, state=None):
        self.asked += 1
        return np.full(len(observation), 2)


class Sly(Method):
    """Changes its members and itself while labels are given."""

    def train(self, task):
        self.calls, self.policy = 0, AskedCounter()
        return [self.policy]

    def adapt(self, task, members, labels):
        self.calls += 1
        members[0].asked += 100
        while True:
            yield members[0]


def test_measure_leaves_policy_and_method_unchanged(evaluator):
    entrant = Entrant(method := Sly(), evaluator, 1)
    for _ in range(2):
        policies = entrant.adapt(LabelSource(evaluator, 0, "returns", 0))
        policy, _ = next(policies)
        assert policy.asked == 100
        entrant.measure(policy, Split.SHIFT)
        assert policy.asked == 100
    assert (method.calls, method.policy.asked, entrant.members[0].asked) == (0, 0, 0)


class Told(Method):
    """Counts the labels that it is offered."""

    def train(self, task):
        return [uniform()]

    def adapt(self, task, members, labels):
        while True:
            labels.demonstrate(range(labels.left))
            yield constant(min(4, labels.used))


def test_budgets_grow_as_the_rules_say(evaluator):
    entrant = Entrant(Told(), evaluator, 1)
    used = [n for _, n in entrant.adapt(LabelSource(evaluator, 1, "demonstrations", 3))]
    assert used == [*LABELS]


def test_roles_exchanged_give_opposite_margins(evaluator):
    """A method that ignores labels plays the same policy in both roles."""
    points = Entrant(Sly(), evaluator, 1).evaluate_labels("returns")
    assert all(one == -other for point in points for one, other in point.m)


class Ending(Told):
    def adapt(self, task, members, labels):
        yield members[0]


class Empty(Method):
    def train(self, task):
        return []


def test_methods_without_a_policy_are_named(evaluator):
    with pytest.raises(ValueError, match=r"Empty: train\(\) returned no policy"):
        Entrant(Empty(), evaluator, 1)
    with pytest.raises(ValueError, match=r"Ending: adapt\(\) ended; expected a policy"):
        [*Entrant(Ending(), evaluator, 1).adapt(LabelSource(evaluator, 0, "returns", 0))]


class Walking(Method):
    """Steps environments until a limit refuses."""

    def train(self, task):
        envs = task.vector_env(4)
        envs.reset(seed=[1, 2, 3, 4])
        for _ in range(2):
            envs.step(np.full(4, 2))
        with pytest.raises(ValueError, match="8 steps were taken; a method has 11 here"):
            envs.step(np.full(4, 2))
        return [uniform()]

    def adapt(self, task, members, labels):
        task.vector_env(1)
        yield members[0]


def test_training_steps_are_limited(evaluator, monkeypatch):
    monkeypatch.setattr("benchmarks.methods.evaluation.SLACK_STEPS", 1)
    monkeypatch.setattr(type(evaluator.task), "most_steps", 10)
    assert Entrant(Walking(), evaluator, 1).steps == 8


def test_adapt_that_steps_an_environment_is_refused(evaluator):
    entrant = Entrant(Told(), evaluator, 1)
    entrant._method = Walking()
    with pytest.raises(ValueError, match=r"only train\(\) may make environments"):
        next(entrant.adapt(LabelSource(evaluator, 0, "demonstrations", 0)))


@pytest.mark.slow
def test_page_example_of_methods_runs(tmp_path):
    (code,) = re.findall(r"```python\n(.*?)```", Path("docs/methods.md").read_text(), re.DOTALL)
    (tmp_path / "mine.py").write_text(code)
    evaluator = Evaluator(find_task("CheeseDish", 0), "x", 30)
    record = evaluate_method(f"{tmp_path / 'mine.py'}:Mine", evaluator, 4_000)
    assert len(record.members) == 2
