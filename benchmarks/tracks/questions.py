"""The track ``ask``: questions during episodes, each answered by one wanted-optimal action.

The rows of one child are episodes of both roles, each drawn for itself, so that an answer to one
row says nothing of what is wanted in another. A second child plays every level in the other role.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from benchmarks.isolation.pictures import LastPictures
from benchmarks.tracks.entrant import Entrant, RemoteAsker
from benchmarks.tracks.evaluation import SCORED, Evaluator
from benchmarks.tracks.methods.method import Asker, Bytes, Floats, Ints
from benchmarks.tracks.record import QUESTIONS, Point
from mesa_gym.engine import Bools, State
from mesa_gym.engine.chance import outputs, streams
from mesa_gym.policies import Oracle
from mesa_gym.scoring import Record, rollout
from mesa_gym.scoring.sampling import sample_actions
from mesa_gym.traps import Split

# Rows that are played again beside others.
AGAIN = 24
SPLITS = Split.SHIFT, Split.TEST
Key = tuple[int, Split]  # questions, and what is played


class Answered:
    """A policy that asks, with oracles that answer; a ``Policy`` that reads the state.

    Args:
        asker: asks and acts.
        oracles: of both roles.
        roles: of the episodes, int64 (n,).
        most: questions of an episode.

    Attributes:
        asked: questions of each episode, int64 (n,).
    """

    observation = "planes"

    def __init__(self, asker: Asker, oracles: list[Oracle], roles: Ints, most: int) -> None:
        self.asker, self.oracles, self.roles, self.most = asker, oracles, roles, most
        self._pictures = LastPictures()

    def reset(self, mask: Bools, rng: np.random.Generator) -> None:
        """Begin n episodes; all of them, since memory may not be carried over."""
        self.asker.begin(len(mask))
        self.asked = np.zeros(len(mask), dtype=np.int64)
        self._pictures.begin(np.ones_like(mask))

    def act(self, observation: Bytes, state: State | None = None) -> Floats:
        """Answer what is asked, and return action probabilities, float64 (n, 5)."""
        assert state is not None
        shown, going = self._pictures.show(observation, state)
        left = np.where(going, self.most - self.asked, 0)
        wanting = np.asarray(self.asker.asks(shown, left)) & (left > 0)
        rows, actions = wanting.nonzero()[0], np.zeros(len(shown), dtype=np.int64)
        for role, oracle in enumerate(self.oracles):
            own = rows[self.roles[rows] == role]
            if own.size:
                some = state.take(own)
                words = outputs(streams(0, some.level.key, "answers"), some.clock)
                actions[own] = sample_actions(oracle.act(observation[own], some), words)
        if rows.size:
            self.asker.take_answers(rows, actions[rows])
            self.asked[rows] += 1
        return np.asarray(self.asker.act(shown))


class PlayedRows(NamedTuple):
    """A play of scored levels: what was played, and the questions of each row, int64 (n,)."""

    record: Record
    asked: Ints


def play_levels(
    evaluator: Evaluator, asker: Asker, split: Split, rows: Ints, roles: Ints, most: int
) -> PlayedRows:
    """Play levels, int64 (n,), each in its role, int64 (n,), with so many questions an episode."""
    oracles: list[Oracle] = [evaluator.oracle(wanted, split) for wanted in evaluator.wanted]
    policy = Answered(asker, oracles, roles, most)
    starts = evaluator.states(split, SCORED, evaluator.levels).take(rows)
    trap = evaluator.trap
    record = rollout(policy, trap, starts, trap.horizon(split), play=split.value)
    return PlayedRows(record, policy.asked)


def evaluate_questions(evaluator: Evaluator, entrant: Entrant) -> list[Point]:
    """Return the steering of a method for every number of questions.

    Raises:
        ValueError: what one episode does depends on another.
    """
    points, rows = [], np.arange(evaluator.levels)
    drawn: dict[Key, Ints] = {}
    plays: dict[Key, list[PlayedRows]] = {(q, split): [] for q in QUESTIONS for split in SPLITS}
    for q in QUESTIONS:
        rng = evaluator.draw(f"roles|ask|{q}")
        drawn |= {(q, split): rng.integers(2, size=len(rows)) for split in SPLITS}
        for child in range(2):
            with entrant.open_asker() as session:
                asker = RemoteAsker(session)
                for split in SPLITS:
                    roles = drawn[q, split] ^ child
                    plays[q, split].append(play_levels(evaluator, asker, split, rows, roles, q))
    require_isolated(evaluator, entrant, drawn, plays)
    for q in QUESTIONS:
        # A row had the role in the child of that number: of the drawn one, or the other.
        merged = [
            {s: merge_records([p.record for p in plays[q, s]], drawn[q, s] ^ role) for s in SPLITS}
            for role in range(2)
        ]
        m = [evaluator.towards_base_in(records[Split.SHIFT]) for records in merged]
        solved = [evaluator.count_solved(records[Split.TEST]) for records in merged]
        asked = [play.asked for play in plays[q, Split.SHIFT]]
        used = [int(np.choose(drawn[q, Split.SHIFT] ^ role, asked).sum()) for role in range(2)]
        on_test = float(np.mean([play.asked for play in plays[q, Split.TEST]]))
        points.append(Point(q, (m[0], -m[1]), min(solved), (used[0], used[1]), on_test))
    return points


def require_isolated(
    evaluator: Evaluator,
    entrant: Entrant,
    drawn: dict[Key, Ints],
    plays: dict[Key, list[PlayedRows]],
) -> None:
    """Play some rows again in a fresh child, beside others and in another order.

    Raises:
        ValueError: the method does something else there.
    """
    with entrant.open_asker() as session:
        for (q, split), before in reversed(plays.items()):
            rng = evaluator.draw(f"again|{q}|{split.value}")
            rows = rng.permutation(evaluator.levels)[:AGAIN]
            child = rng.integers(2, size=len(rows))
            roles = drawn[q, split][rows] ^ child
            again = play_levels(evaluator, RemoteAsker(session), split, rows, roles, q)
            actions = np.stack([play.record.actions for play in before])[child, rows]
            if (other := (again.record.actions != actions).any(axis=1)).any():
                raise ValueError(
                    f"{split.value} level {rows[other][0]}, questions {q}: the method does"
                    " something else there when other episodes are played beside it; rows of a"
                    " batch must not depend on each other"
                )


def merge_records(records: list[Record], which: Ints) -> Record:
    """Return a record of rows of two records, by their number, int64 (n,)."""
    first, second = records
    return Record(
        np.where(which[:, None] == 1, second.actions, first.actions),
        {x: np.where(which == 1, second.paid[x], paid) for x, paid in first.paid.items()},
        np.where(which == 1, second.moved, first.moved),
    )
