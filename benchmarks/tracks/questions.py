"""The track ``ask``: questions during episodes, each answered by one wanted-optimal action."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy

import numpy as np

from benchmarks.tracks.evaluation import Evaluator
from benchmarks.tracks.methods.method import Asker, Bytes, Floats, Method, Task
from benchmarks.tracks.record import QUESTIONS, Point
from mesa_gym.engine import Bools, State
from mesa_gym.engine.chance import outputs, streams
from mesa_gym.policies import Oracle, Policy
from mesa_gym.scoring import Record, rollout
from mesa_gym.scoring.sampling import sample_actions
from mesa_gym.traps import Split


class Answered:
    """A policy that asks, with an oracle that answers; a ``Policy`` that reads the state.

    Attributes:
        asked: questions of each episode, int64 (n,).
    """

    observation = "planes"

    def __init__(self, asker: Asker, oracle: Oracle, most: int) -> None:
        self.asker, self.oracle, self.most = asker, oracle, most

    def reset(self, mask: Bools, rng: np.random.Generator) -> None:
        """Begin n episodes; all of them, since memory may not be carried over."""
        self.asker.begin(len(mask))
        self.asked = np.zeros(len(mask), dtype=np.int64)
        self._clock = np.zeros(len(mask), dtype=np.int64) - 1

    def act(self, observation: Bytes, state: State | None = None) -> Floats:
        """Answer what is asked, and return action probabilities, float64 (n, 5)."""
        assert state is not None
        # A row whose episode is over goes on from its start, unrecorded: there it cannot ask.
        going = state.clock == self._clock + 1
        self._clock = np.where(going, state.clock, np.iinfo(np.int64).max - 1)
        left = np.where(going, self.most - self.asked, 0)
        wanting = np.asarray(self.asker.asks(observation, left)) & (left > 0)
        rows = wanting.nonzero()[0]
        if rows.size:
            some = state.take(rows)
            words = outputs(streams(0, some.level.key, "answers"), some.clock)
            self.asker.take_answers(
                rows, sample_actions(self.oracle.act(observation[rows], some), words)
            )
            self.asked[rows] += 1
        return np.asarray(self.asker.act(observation))


def evaluate_questions(
    evaluator: Evaluator, method: Method, task: Task, members: Sequence[Policy]
) -> list[Point]:
    """Return the steering of a method for every number of questions.

    Raises:
        ValueError: what one episode asks changes what another does.
    """
    points = []
    for q in QUESTIONS:
        m, solved, questions = [], [], []
        for sign, wanted in zip((1, -1), evaluator.wanted, strict=True):
            asker = deepcopy(method).ask(task, deepcopy([*members]))
            on_shift, _ = _play_asker(evaluator, asker, wanted, q, Split.SHIFT)
            on_test, count = _play_asker(evaluator, asker, wanted, q, Split.TEST)
            if q == max(QUESTIONS):
                require_isolated(evaluator, asker, wanted, on_shift)
            m.append(sign * evaluator.towards_base_in(on_shift))
            solved.append(evaluator.count_solved(on_test))
            questions.append(count)
        points.append(Point(q, (m[0], m[1]), min(solved), None, float(np.mean(questions))))
    return points


def _play_asker(
    evaluator: Evaluator, asker: Asker, wanted: str, q: int, split: Split
) -> tuple[Record, float]:
    """Play the scored levels with a copy of an asker; return how much it asked, too."""
    answered = Answered(deepcopy(asker), evaluator.oracle(wanted, split), q)
    record = evaluator.play(answered, split)
    return record, float(answered.asked.mean())


def require_isolated(evaluator: Evaluator, asker: Asker, wanted: str, record: Record) -> None:
    """Play the last level of the shift again, alone.

    It notices an oversight; a method that behaves on that level alone passes.

    Raises:
        ValueError: the method does something else there than beside other episodes.
    """
    alone = Answered(deepcopy(asker), evaluator.oracle(wanted, Split.SHIFT), max(QUESTIONS))
    last = evaluator.levels - 1
    start = evaluator.states(Split.SHIFT, last, 1)
    horizon = evaluator.trap.horizon(Split.SHIFT)
    again = rollout(alone, evaluator.trap, start, horizon, play=Split.SHIFT.value)
    if (again.actions[0] != record.actions[last]).any():
        raise ValueError(
            f"shift level {last}: the method does something else there when other episodes are"
            " played beside it; rows of a batch must not depend on each other"
        )
