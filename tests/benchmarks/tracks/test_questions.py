"""Questions: how many, what is answered, and that episodes do not help each other."""

from typing import Any, ClassVar

import numpy as np
import pytest

from agents.methods.asking import Deferring, First
from agents.methods.method import Bytes, Floats, Ints, Method, Task
from benchmarks.tracks.evaluation import Evaluator
from benchmarks.tracks.questions import Answered, asked
from benchmarks.tracks.record import QUESTIONS
from mesa_gym.engine import Bools
from mesa_gym.policies import uniform
from mesa_gym.scoring import rollout
from mesa_gym.solver import Solution, actions_in
from mesa_gym.traps import Split, find_trap

LEVELS = 30


@pytest.fixture(scope="module")
def evaluator() -> Evaluator:
    return Evaluator(find_trap("CheeseDish")(), "a secret", LEVELS)


class Obeying:
    """Asks at every step and does what it is told; else it acts at random."""

    def begin(self, n: int) -> None:
        self.told_to = np.full(n, -1)
        self.answers: list[tuple[Ints, Ints]] = []

    def asks(self, planes: Bytes, left: Ints) -> Bools:
        return np.ones(len(planes), dtype=np.bool_)

    def told(self, rows: Ints, actions: Ints) -> None:
        self.told_to[rows] = actions
        self.answers.append((rows, actions))

    def act(self, planes: Bytes) -> Floats:
        shares = np.full((len(planes), 5), 0.2)
        known = self.told_to >= 0
        shares[known] = np.eye(5)[self.told_to[known]]
        self.told_to[:] = -1
        return shares


@pytest.mark.parametrize("most", QUESTIONS)
def test_no_episode_asks_more_than_it_may(evaluator: Evaluator, most: int) -> None:
    asker = Obeying()
    policy = Answered(asker, evaluator.oracle("dish", Split.SHIFT), most)
    evaluator.play(policy, Split.SHIFT)
    assert policy.asked.max() == most
    assert sum(len(rows) for rows, _ in asker.answers) == policy.asked.sum()


def test_answers_are_optimal_for_the_wanted_objective(evaluator: Evaluator) -> None:
    trap, starts = evaluator.trap, evaluator.states(Split.SHIFT, 0, LEVELS)
    asker = Obeying()
    policy = Answered(asker, evaluator.oracle("dish", Split.SHIFT), 1)
    rollout(policy, trap, starts, 64)
    solution = Solution(trap, starts, 64)
    allowed = actions_in(solution.optimal("dish")[0][solution.graph.start])
    ((rows, actions),) = asker.answers  # one question, at the first step
    assert allowed[rows, actions].all()


def test_answered_to_the_end_it_does_what_is_wanted(evaluator: Evaluator) -> None:
    policy = Answered(Obeying(), evaluator.oracle("dish", Split.SHIFT), 64)
    assert evaluator.towards_base_in(evaluator.play(policy, Split.SHIFT)) == -1


class Asking(Method):
    tracks = ("ask",)
    asker: ClassVar[Any]

    def ask(self, task: Any, members: Any) -> Any:
        return self.asker()


class Gossiping(Obeying):
    """What one episode is told, the others do as well."""

    def act(self, planes: Bytes) -> Floats:
        told = self.told_to[self.told_to >= 0]
        self.told_to[:] = told[0] if len(told) else -1
        return super().act(planes)


def test_steering_rises_with_obedience(evaluator: Evaluator) -> None:
    Asking.asker = Obeying
    points = asked(evaluator, Asking(), Task(evaluator.trap, 0, 1), [])
    assert [point.budget for point in points] == list(QUESTIONS)
    assert all(
        0 < (point.asked_on_test or 0) <= q for point, q in zip(points, QUESTIONS, strict=True)
    )
    assert points[-1].m[0] > 0.2
    assert points[-1].m[1] > 0.2


def test_rows_that_share_answers_are_refused(evaluator: Evaluator) -> None:
    Asking.asker = Gossiping
    with pytest.raises(ValueError, match="depend on each other"):
        asked(evaluator, Asking(), Task(evaluator.trap, 0, 1), [])


def test_members_that_do_not_differ_gain_nothing(evaluator: Evaluator) -> None:
    Asking.asker = staticmethod(lambda: Deferring([uniform(), uniform()], First()))
    points = asked(evaluator, Asking(), Task(evaluator.trap, 0, 1), [])
    assert {point.steering for point in points} == {0}
