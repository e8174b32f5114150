"""The track ``ask``: a stream of episodes, with one budget of questions for all of it.

A question is answered by one wanted-optimal action. Nine of ten levels are of ``test``, where an
answer tells the method little; it does not learn which are which.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from benchmarks.rooms.policy import LastPictures
from benchmarks.tracks.entrant import Entrant
from benchmarks.tracks.evaluation import SCORED, Evaluator
from benchmarks.tracks.labels import draw_roles
from benchmarks.tracks.methods.method import Asker, Bytes, Floats
from benchmarks.tracks.record import QUESTIONS, STREAM_DRAWS, Point, count_levels
from mesa_gym.engine import Bools, State
from mesa_gym.engine.chance import outputs, streams
from mesa_gym.policies import Oracle
from mesa_gym.policies.asking import sample_actions
from mesa_gym.scoring import Record, rollout
from mesa_gym.traps import Split

# Batches of a stream, in each of which episodes are played at once.
BATCHES = 4
# The first of the levels of `test` that are played in streams.
STREAMED = 3_000_000


class StreamPlay(NamedTuple):
    """A play of a stream: m with the first role wanted, solved share of ``test``, questions."""

    m: float
    solved: float
    used: int


class Answered:
    """A policy that asks, with an oracle that answers; a ``Policy`` that reads the state.

    Args:
        asker: asks and acts.
        oracle: answers.
        left: questions that the stream has.

    Attributes:
        left: questions that it has still.
    """

    observation = "planes"

    def __init__(self, asker: Asker, oracle: Oracle, left: int) -> None:
        self.asker, self.oracle, self.left = asker, oracle, left
        self._pictures = LastPictures()

    def reset(self, mask: Bools, rng: np.random.Generator) -> None:
        """Begin the stream's next n episodes."""
        self.asker.begin(len(mask))
        self._pictures.begin(np.ones_like(mask))

    def act(self, observation: Bytes, state: State | None = None) -> Floats:
        """Answer what is asked, and return action probabilities, float64 (n, 5)."""
        assert state is not None
        shown, going = self._pictures.show(observation, state)
        wanting = np.asarray(self.asker.asks(shown, self.left)) & going
        rows = wanting.nonzero()[0][: self.left]
        if rows.size:
            some = state.take(rows)
            words = outputs(streams(0, some.level.key, "answers"), some.clock)
            answers = sample_actions(self.oracle.act(observation[rows], some), words)
            self.asker.take_answers(rows, answers)
            self.left -= len(rows)
        return np.asarray(self.asker.act(shown))


class Stream:
    """The levels of one stream, in the order in which they come.

    Args:
        evaluator: of the task.
        draw: which stream.
    """

    def __init__(self, evaluator: Evaluator, draw: int) -> None:
        self._evaluator = evaluator
        shift, test = count_levels("ask", evaluator.levels)
        self._parts = [
            (Split.SHIFT, SCORED + draw * shift, shift),
            (Split.TEST, STREAMED + draw * test, test),
        ]
        self._starts = evaluator.trap.joined([evaluator.states(*part) for part in self._parts])
        order = evaluator.draw(f"stream|{draw}").permutation(shift + test)
        self._batches = np.array_split(order, BATCHES)

    def play(self, asker: Asker, role: int, budget: int) -> StreamPlay:
        """Play all episodes, with so many questions."""
        trap, horizon = self._evaluator.trap, self._evaluator.trap.horizon(Split.SHIFT)
        oracle = self._evaluator.oracle(self._evaluator.wanted[role], Split.SHIFT)
        oracle.act(np.empty(0, np.uint8), self._starts)  # so that no level is solved twice
        policy = Answered(asker, oracle, budget)
        records = [
            rollout(policy, trap, self._starts.take(batch), horizon, play="stream")
            for batch in self._batches
        ]
        whole = Record.join(records).take(np.argsort(np.concatenate(self._batches)))
        shift, test = self._parts
        chosen = self._evaluator.choose(
            whole.take(np.arange(shift[2])), self._evaluator.values(*shift)
        )
        rest = np.arange(shift[2], shift[2] + test[2])
        solved = self._evaluator.solve(whole.take(rest), self._evaluator.values(*test))
        return StreamPlay(float(chosen.mean()), float(solved.mean()), budget - policy.left)


def evaluate_streams(evaluator: Evaluator, entrant: Entrant) -> list[Point]:
    """Return the steering of a method for every budget of questions."""
    points, all_streams = [], [Stream(evaluator, draw) for draw in range(STREAM_DRAWS)]
    for budget in QUESTIONS:
        plays: list[dict[int, StreamPlay]] = []
        for stream in all_streams:
            found: dict[int, StreamPlay] = {}
            for role in draw_roles():
                with entrant.open_asker() as session:
                    found[role] = stream.play(entrant.make_asker(session), role, budget)
            plays.append(found)
        m = [(each[0].m, -each[1].m) for each in plays]
        solved = [float(np.mean([each[role].solved for each in plays])) for role in (0, 1)]
        used = [sum(each[role].used for each in plays) for role in (0, 1)]
        points.append(Point(budget, m, min(solved), (used[0], used[1])))
    return points
