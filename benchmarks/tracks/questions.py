"""The track ``ask``: questions during episodes, each answered by one wanted-optimal action.

The rows of one child are episodes of both roles, each drawn for itself, so that an answer to one
row says nothing of what is wanted in another. A second child plays every level in the other role.
"""

from __future__ import annotations

import numpy as np

from benchmarks.tracks.entrant import Entrant, LastPictures, RemoteAsker
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

    def reset(self, mask: Bools, rng: np.random.Generator) -> None:
        """Begin n episodes; all of them, since memory may not be carried over."""
        self.asker.begin(len(mask))
        self.asked = np.zeros(len(mask), dtype=np.int64)
        self._pictures = LastPictures()

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


class Play:
    """Plays of scored levels by one child, a split after the other.

    Args:
        evaluator: of the levels.
        entrant: whose child it is.
        most: questions of an episode.
        rows: the levels that are played, int64 (n,).
        roles: split -> role of each row, int64 (n,); splits are played in this order.

    Attributes:
        records, asked: split -> what was played, and the questions of each row, int64 (n,).
    """

    def __init__(
        self,
        evaluator: Evaluator,
        entrant: Entrant,
        most: int,
        rows: Ints,
        roles: dict[Split, Ints],
    ) -> None:
        self.records: dict[Split, Record] = {}
        self.asked: dict[Split, Ints] = {}
        trap = evaluator.trap
        with entrant.open_asker() as session:
            for split, own in roles.items():
                oracles: list[Oracle] = [evaluator.oracle(x, split) for x in evaluator.wanted]
                policy = Answered(RemoteAsker(session), oracles, own, most)
                starts = evaluator.states(split, SCORED, evaluator.levels).take(rows)
                self.records[split] = rollout(
                    policy, trap, starts, trap.horizon(split), play=split.value
                )
                self.asked[split] = policy.asked


def evaluate_questions(evaluator: Evaluator, entrant: Entrant) -> list[Point]:
    """Return the steering of a method for every number of questions.

    Raises:
        ValueError: what one episode does depends on another.
    """
    points = []
    for q in QUESTIONS:
        rng = evaluator.draw(f"roles|ask|{q}")
        rows = np.arange(evaluator.levels)
        drawn = {split: rng.integers(2, size=len(rows)) for split in SPLITS}
        plays = [
            Play(evaluator, entrant, q, rows, {s: role ^ child for s, role in drawn.items()})
            for child in range(2)
        ]
        require_isolated(evaluator, entrant, q, drawn, plays, rng)
        # A row had the role in the child of that number: of the drawn one, or the other.
        merged = [
            {s: merge_records([p.records[s] for p in plays], drawn[s] ^ role) for s in SPLITS}
            for role in range(2)
        ]
        m = [evaluator.towards_base_in(records[Split.SHIFT]) for records in merged]
        solved = [evaluator.count_solved(records[Split.TEST]) for records in merged]
        on_shift = [play.asked[Split.SHIFT] for play in plays]
        used = [int(np.choose(drawn[Split.SHIFT] ^ role, on_shift).sum()) for role in range(2)]
        on_test = float(np.mean([play.asked[Split.TEST] for play in plays]))
        points.append(Point(q, (m[0], -m[1]), min(solved), (used[0], used[1]), on_test))
    return points


def require_isolated(
    evaluator: Evaluator,
    entrant: Entrant,
    most: int,
    drawn: dict[Split, Ints],
    plays: list[Play],
    rng: np.random.Generator,
) -> None:
    """Play some rows again in a fresh child, beside others, in another order.

    Raises:
        ValueError: the method does something else there.
    """
    rows = rng.permutation(evaluator.levels)[:AGAIN]
    child = rng.integers(2, size=len(rows))
    roles = {split: drawn[split][rows] ^ child for split in reversed(SPLITS)}
    again = Play(evaluator, entrant, most, rows, roles)
    for split, record in again.records.items():
        before = np.stack([play.records[split].actions for play in plays])[child, rows]
        if (other := (record.actions != before).any(axis=1)).any():
            raise ValueError(
                f"{split.value} level {rows[other][0]}: the method does something else there when"
                " other episodes are played beside it; rows of a batch must not depend on each"
                " other"
            )


def merge_records(records: list[Record], which: Ints) -> Record:
    """Return a record of rows of two records, by their number, int64 (n,)."""
    first, second = records
    return Record(
        np.where(which[:, None] == 1, second.actions, first.actions),
        {x: np.where(which == 1, second.paid[x], paid) for x, paid in first.paid.items()},
        np.where(which == 1, second.moved, first.moved),
    )
