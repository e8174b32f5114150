"""Labels: what they show, and that there are no more of them than the budget."""

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
import pytest

from agents.methods.method import Method, Task
from benchmarks.tracks.evaluation import STARTS, Evaluator
from benchmarks.tracks.labels import Given, labelled
from benchmarks.tracks.record import LABELS
from mesa_gym.envs.observations import planes_of
from mesa_gym.policies import constant, uniform
from mesa_gym.traps import Split, find_trap


@pytest.fixture(scope="module")
def evaluator() -> Evaluator:
    return Evaluator(find_trap("CheeseDish")(), "a secret", 20)


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


def test_staying_earns_nothing_and_the_time_limit_ends_it(evaluator: Evaluator) -> None:
    episodes = Given(evaluator, "cheese", 2, returns=True).play(constant(4), [0, 1])
    assert [(each.earned, len(each.actions)) for each in episodes] == [(0.0, 64)] * 2


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
    found = labelled(evaluator, Spying(), Task(evaluator.trap, 0, 1), [constant(4)])
    assert sorted(Spying.seen, key=str) == sorted(
        [(k, returns, None) for k in LABELS for returns in (True, False)] * 2, key=str
    )
    assert [point.budget for point in found.returns] == list(LABELS)
    assert {point.steering for point in found.returns} == {0}
