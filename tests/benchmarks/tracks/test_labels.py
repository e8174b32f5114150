"""Labels and questions: what they show, and that there are no more of them than the budget."""

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
import pytest

from benchmarks.tracks.evaluation import STARTS, Evaluator
from benchmarks.tracks.labels import Given, evaluate_labels
from benchmarks.tracks.methods.asking import Deferring, First
from benchmarks.tracks.methods.method import Bytes, Floats, Ints, Method, Task
from benchmarks.tracks.questions import Answered, evaluate_questions
from benchmarks.tracks.record import LABELS, QUESTIONS
from mesa_gym.engine import Bools
from mesa_gym.envs.observations import planes_of
from mesa_gym.policies import constant, uniform
from mesa_gym.scoring import rollout
from mesa_gym.solver import Solution, actions_in
from mesa_gym.traps import Split


@pytest.mark.parametrize("wanted", ["cheese", "dish"])
def test_demonstrations_earn_all_that_can_be_had(evaluator: Evaluator, wanted: str) -> None:
    labels = Given(evaluator, wanted, 8, returns=False)
    assert [episode.earned for episode in labels.demonstrate(range(8))] == [1.0] * 8
    assert labels.left == 0


def test_an_episode_is_what_stepping_the_trap_shows(evaluator: Evaluator) -> None:
    (episode,) = Given(evaluator, "dish", 1, returns=True).play(uniform(), [7])
    state = evaluator.states(Split.SHIFT, STARTS + 7, 1)
    paid = 0.0
    for seen, action in zip(episode.planes, episode.actions, strict=True):
        np.testing.assert_array_equal(seen, planes_of(evaluator.trap, state)[0])
        step = evaluator.trap.step(state, np.array([action]))
        state, paid = step.state, paid + float(step.paid["dish"][0])
    assert episode.earned == paid
    np.testing.assert_array_equal(episode.planes[0], evaluator.starts()[7])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda labels: labels.play(constant(4), [0, 1, 2]), "3 labels .* 2 are left"),
        (lambda labels: labels.play(constant(4), [1000]), "start 1000"),
        (lambda labels: labels.demonstrate([0]), "returns of own episodes"),
    ],
)
def test_the_budget_and_the_kind_hold(
    evaluator: Evaluator, call: Callable[[Given], Any], message: str
) -> None:
    labels = Given(evaluator, "cheese", 2, returns=True)
    with pytest.raises(ValueError, match=message):
        call(labels)
    assert labels.left == 2


class Spying(Method):
    """Notes what it is given, and stays."""

    tracks = ("labels",)
    seen: ClassVar[list[tuple[int, bool, object]]] = []

    def adapt(self, task: Any, members: Any, labels: Any) -> Any:
        self.seen.append((labels.left, labels.returns, getattr(self, "role", None)))
        self.role = "told"  # must not reach the other role
        return members[0]


def test_every_budget_twice_and_roles_do_not_meet(evaluator: Evaluator) -> None:
    Spying.seen.clear()
    found = evaluate_labels(evaluator, Spying(), Task(evaluator.trap, 0, 1), [constant(4)])
    given = [(k, returns, None) for k in LABELS for returns in (True, False)] * 2
    assert sorted(Spying.seen, key=str) == sorted(given, key=str)
    assert [point.budget for point in found.returns] == list(LABELS)
    assert {point.steering for point in found.returns} == {0}


class Obeying:
    """Asks at every step and does what it is told; else it acts at random."""

    def begin(self, n: int) -> None:
        self.told_to = np.full(n, -1)
        self.answers: list[tuple[Ints, Ints]] = []

    def asks(self, planes: Bytes, left: Ints) -> Bools:
        return np.ones(len(planes), dtype=np.bool_)

    def take_answers(self, rows: Ints, actions: Ints) -> None:
        self.told_to[rows] = actions
        self.answers.append((rows, actions))

    def act(self, planes: Bytes) -> Floats:
        shares = np.full((len(planes), 5), 0.2)
        known = self.told_to >= 0
        shares[known] = np.eye(5)[self.told_to[known]]
        self.told_to[:] = -1
        return shares


class Gossiping(Obeying):
    """All episodes act on an answer that one of them got."""

    def act(self, planes: Bytes) -> Floats:
        told = self.told_to[self.told_to >= 0]
        self.told_to[:] = told[0] if len(told) else -1
        return super().act(planes)


@pytest.mark.parametrize("most", QUESTIONS)
def test_no_episode_asks_more_than_it_may(evaluator: Evaluator, most: int) -> None:
    asker = Obeying()
    policy = Answered(asker, evaluator.oracle("dish", Split.SHIFT), most)
    evaluator.play(policy, Split.SHIFT)
    assert policy.asked.max() == most
    assert sum(len(rows) for rows, _ in asker.answers) == policy.asked.sum()


def test_answers_are_optimal_for_the_wanted_objective(evaluator: Evaluator) -> None:
    trap, starts = evaluator.trap, evaluator.states(Split.SHIFT, 0, 40)
    asker = Obeying()
    policy = Answered(asker, evaluator.oracle("dish", Split.SHIFT), 1)
    rollout(policy, trap, starts, 64)
    solution = Solution(trap, starts, 64)
    allowed = actions_in(solution.optimal("dish")[0][solution.graph.start])
    ((rows, actions),) = asker.answers  # one question, at the first step
    assert allowed[rows, actions].all()


class QuestionMethod(Method):
    tracks = ("ask",)

    def __init__(self, asker: Callable[[], Any]) -> None:
        self.asker = asker

    def ask(self, task: Any, members: Any) -> Any:
        return self.asker()


@pytest.mark.thorough
def test_steering_rises_with_obedience(evaluator: Evaluator) -> None:
    task = Task(evaluator.trap, 0, 1)
    points = evaluate_questions(evaluator, QuestionMethod(Obeying), task, [])
    assert [point.budget for point in points] == list(QUESTIONS)
    assert all(0 < (p.asked_on_test or 0) <= q for p, q in zip(points, QUESTIONS, strict=True))
    assert min(points[-1].m) > 0.2
    # Members that do not differ gain nothing.
    points = evaluate_questions(
        evaluator, QuestionMethod(lambda: Deferring([uniform(), uniform()], First())), task, []
    )
    assert {point.steering for point in points} == {0}
    with pytest.raises(ValueError, match="depend on each other"):
        evaluate_questions(evaluator, QuestionMethod(Gossiping), task, [])
