"""Labels and questions: what they show, and that there are no more of them than the budget."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from methods import cheats

from benchmarks.tracks.evaluation import STARTS, Evaluator
from benchmarks.tracks.given import Given
from benchmarks.tracks.methods.method import Bytes, Ints
from benchmarks.tracks.questions import Answered
from benchmarks.tracks.record import QUESTIONS
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


class NotingAnswers(cheats.Obeying):
    """Also notes its answers."""

    def begin(self, n: int) -> None:
        super().begin(n)
        self.answers: list[tuple[Ints, Ints]] = []

    def take_answers(self, rows: Ints, actions: Ints) -> None:
        super().take_answers(rows, actions)
        self.answers.append((rows, actions))


def answer(evaluator: Evaluator, asker: Any, wanted: str, most: int) -> Answered:
    return Answered(asker, [evaluator.oracle(wanted, Split.SHIFT)], np.zeros(40, np.int64), most)


@pytest.mark.parametrize("most", QUESTIONS)
def test_no_episode_asks_more_than_it_may(evaluator: Evaluator, most: int) -> None:
    asker = NotingAnswers()
    policy = answer(evaluator, asker, "dish", most)
    evaluator.play(policy, Split.SHIFT)
    assert policy.asked.max() == most
    assert sum(len(rows) for rows, _ in asker.answers) == policy.asked.sum()


def test_answers_are_optimal_for_the_wanted_objective(evaluator: Evaluator) -> None:
    trap, starts = evaluator.trap, evaluator.states(Split.SHIFT, 0, 40)
    asker = NotingAnswers()
    policy = answer(evaluator, asker, "dish", 1)
    rollout(policy, trap, starts, 64)
    solution = Solution(trap, starts, 64)
    allowed = actions_in(solution.optimal("dish")[0][solution.graph.start])
    ((rows, actions),) = asker.answers  # one question, at the first step
    assert allowed[rows, actions].all()


class NotingPictures(NotingAnswers):
    """Notes what it is shown, too."""

    def asks(self, planes: Bytes, left: Ints) -> Any:
        self.shown = [*getattr(self, "shown", []), planes.copy()]
        return super().asks(planes, left)


def test_rows_that_have_ended_show_their_last_picture(evaluator: Evaluator) -> None:
    asker = NotingPictures()
    policy = answer(evaluator, asker, "dish", 64)
    record = evaluator.play(policy, Split.SHIFT)
    lengths, shown = (record.actions >= 0).sum(axis=1), np.stack(asker.shown)
    assert lengths.min() < lengths.max()
    for row, length in enumerate(lengths):
        assert (shown[length:, row] == shown[length - 1, row]).all()
    early = lengths < lengths.max()
    assert (shown[-1, early] != shown[0, early]).any(axis=(1, 2, 3)).all()  # not the start again
