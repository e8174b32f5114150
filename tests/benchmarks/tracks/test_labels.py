"""Labels and questions: what they show, and that there are no more of them than the budget."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from methods import cheats

from benchmarks.tracks.evaluation import STARTS, Evaluator
from benchmarks.tracks.given import POOL, Given
from benchmarks.tracks.methods.method import Bytes, Ints
from benchmarks.tracks.record import QUESTIONS, Label
from benchmarks.tracks.streams import Answered, Stream
from mesa_gym.envs.observations import planes_of
from mesa_gym.policies import Policy, constant, uniform
from mesa_gym.scoring import Record, rollout
from mesa_gym.solver import Solution, actions_in
from mesa_gym.traps import Split

CHEESE, DISH = 0, 1


def give(evaluator: Evaluator, role: int, kind: Label, k: int, draw: int = 0) -> Given:
    labels = Given(evaluator, role, kind, draw)
    labels.left = k
    return labels


@pytest.mark.parametrize("role", [CHEESE, DISH])
def test_demonstrations_earn_all_that_can_be_had(evaluator: Evaluator, role: int) -> None:
    labels = give(evaluator, role, "demonstrations", 8)
    assert [episode.earned for episode in labels.demonstrate(range(8))] == [1.0] * 8
    assert (labels.left, labels.used) == (0, 8)


def test_an_episode_is_what_stepping_the_trap_shows(evaluator: Evaluator) -> None:
    labels = give(evaluator, DISH, "returns", 1, draw=2)
    (episode,) = labels.play(uniform(), [7])
    state = evaluator.states(Split.SHIFT, STARTS + 2 * POOL + 7, 1)
    paid = 0.0
    for seen, action in zip(episode.planes[:-1], episode.actions, strict=True):
        np.testing.assert_array_equal(seen, planes_of(evaluator.trap, state)[0])
        step = evaluator.trap.step(state, np.array([action]))
        state, paid = step.state, paid + float(step.paid["dish"][0])
    np.testing.assert_array_equal(episode.planes[-1], planes_of(evaluator.trap, state)[0])
    assert episode.earned == paid
    np.testing.assert_array_equal(episode.planes[0], labels.starts()[7])


def test_every_draw_has_levels_of_its_own(evaluator: Evaluator) -> None:
    pools = np.stack([Given(evaluator, 0, "returns", draw).starts() for draw in range(10)])
    np.testing.assert_array_equal(pools.reshape(evaluator.starts().shape), evaluator.starts())


def test_preferences_are_for_what_earned_more_and_say_no_more(evaluator: Evaluator) -> None:
    for role, expected in ((CHEESE, 1), (DISH, -1)):
        labels = give(evaluator, role, "preferences", 6)
        one, other = (evaluator.oracle(x, Split.SHIFT) for x in evaluator.wanted)
        found = labels.compare(one, other, range(6))
        assert {each.sign for each in found} == {expected}
        assert all(np.isnan(episode.earned) for each in found for episode in each[:2])
        assert labels.left == 0
    labels = give(evaluator, CHEESE, "preferences", 1)
    assert labels.compare(constant(4), constant(4), [0])[0].sign == 0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda labels: labels.play(constant(4), [0, 1, 2]), "3 labels .* 2 are left"),
        (lambda labels: labels.play(constant(4), [100]), "start 100: there are starts 0 to 99"),
        (lambda labels: labels.demonstrate([0]), "labels are returns here; call play"),
        (lambda labels: labels.compare(constant(4), constant(4), [0]), "call play"),
    ],
)
def test_the_budget_and_the_kind_hold(
    evaluator: Evaluator, call: Callable[[Given], Any], message: str
) -> None:
    labels = give(evaluator, CHEESE, "returns", 2)
    with pytest.raises(ValueError, match=message):
        call(labels)
    assert labels.left == 2


def play(evaluator: Evaluator, policy: Policy) -> Record:
    starts = evaluator.states(Split.SHIFT, 0, evaluator.levels)
    return rollout(policy, evaluator.trap, starts, 64)


class NotingAnswers(cheats.Obeying):
    """Also notes its answers."""

    def __init__(self) -> None:
        super().__init__()
        self.answers: list[tuple[Ints, Ints]] = []

    def take_answers(self, rows: Ints, actions: Ints) -> None:
        super().take_answers(rows, actions)
        self.answers.append((rows, actions))


def answer(evaluator: Evaluator, asker: Any, wanted: str, most: int) -> Answered:
    return Answered(asker, evaluator.oracle(wanted, Split.SHIFT), most)


@pytest.mark.parametrize("most", QUESTIONS)
def test_a_stream_answers_no_more_than_it_may(evaluator: Evaluator, most: int) -> None:
    asker = NotingAnswers()
    played = Stream(evaluator, 1).play(asker, DISH, most)
    assert played.used == most == sum(len(rows) for rows, _ in asker.answers)


def test_a_stream_has_nine_levels_of_test_to_each_of_the_shift(evaluator: Evaluator) -> None:
    """The same ones in both roles, in the same order: what ignores answers gets x and -x."""
    plays = [Stream(evaluator, 0).play(cheats.PlaneSeeker(2), role, 4) for role in (0, 1)]
    assert plays[0] == plays[1]
    assert abs(plays[0].m) == plays[0].solved == 1
    asker = NotingPictures()
    Stream(evaluator, 0).play(asker, DISH, 0)
    begun = [len(shown) for shown in asker.shown]
    assert {*begun} == {10}  # of 40 episodes in four batches
    assert asker.batches == 4


def test_answers_come_first_to_the_first_rows(evaluator: Evaluator) -> None:
    asker = NotingAnswers()
    play(evaluator, answer(evaluator, asker, "dish", 7))
    ((rows, _),) = asker.answers
    assert rows.tolist() == [*range(7)]


def test_answers_are_optimal_for_the_wanted_objective(evaluator: Evaluator) -> None:
    trap, starts = evaluator.trap, evaluator.states(Split.SHIFT, 0, 60)
    asker = NotingAnswers()
    play(evaluator, answer(evaluator, asker, "dish", 60))
    solution = Solution(trap, starts, 64)
    allowed = actions_in(solution.optimal("dish")[0][solution.graph.start])
    ((rows, actions),) = asker.answers  # a question in each, at the first step
    assert allowed[rows, actions].all()


class NotingPictures(NotingAnswers):
    """Notes what it is shown, too."""

    batches = 0

    def begin(self, n: int) -> None:
        super().begin(n)
        self.batches += 1

    def asks(self, planes: Bytes, left: int) -> Any:
        self.shown = [*getattr(self, "shown", []), planes.copy()]
        return super().asks(planes, left)


def test_rows_that_have_ended_show_their_last_picture(evaluator: Evaluator) -> None:
    asker = NotingPictures()
    record = play(evaluator, answer(evaluator, asker, "dish", 4_000))
    lengths, shown = (record.actions >= 0).sum(axis=1), np.stack(asker.shown)
    assert lengths.min() < lengths.max()
    for row, length in enumerate(lengths):
        assert (shown[length:, row] == shown[length - 1, row]).all()
    early = lengths < lengths.max()
    assert (shown[-1, early] != shown[0, early]).any(axis=(1, 2, 3)).all()  # not the start again
