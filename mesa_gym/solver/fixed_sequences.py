"""The best fixed sequence of actions of a trap, by two independent searches on training levels.

A policy that reads nothing is a distribution over sequences of actions, and its mean success is a
mean over sequences. One of them is therefore at least as good: a sequence needs no probabilities.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from mesa_gym.engine import ACTIONS, STAY, Floats, Ints
from mesa_gym.solver.reflexes import ReflexTable
from mesa_gym.solver.training_table import TrainingTable

SEARCH_SEED = 0
# Cross-entropy: sequences of a generation, those that form the next one, generations, restarts.
GENERATION = 120
ELITE = 12
GENERATIONS = 40
ENTROPY_RESTARTS = 3
# Climbing: changed sequences of a round, rounds after each restart, and rounds of the best one.
CHANGED = 40
SHORT_CLIMB = 150
LONG_CLIMB = 900
# Beam search: beginnings that are kept at each step, and the discounts of what is left to earn.
BEAM_WIDTH = 100
PROMISE_DISCOUNTS = (0.9, 1.0)
# The iterations in which the best action frequencies are found: fewer for tables of many states.
BLIND_ITERATIONS = 30
ITERATION_STATES = 900_000


class Playing(NamedTuple):
    """Episodes after some steps: arrays (sequences, levels).

    Attributes:
        state: the current states.
        moves: the moves so far, or up to the contact.
        earned: what ``TrainingTable.rate`` compares.
    """

    state: Ints
    moves: Ints
    earned: Floats

    def take(self, rows: Ints) -> Playing:
        """Return the episodes of some sequences."""
        return Playing(self.state[rows], self.moves[rows], self.earned[rows])


def begin(table: TrainingTable) -> Playing:
    """Return the episodes of one sequence, before the first step."""
    start = table.start[None]
    return Playing(start, np.zeros_like(start), np.zeros(start.shape))


def step(table: TrainingTable, playing: Playing, action: Ints) -> Playing:
    """Return the episodes after a step; ``action`` broadcasts with (sequences, levels)."""
    at = action * table.successor.shape[1] + playing.state
    moves = playing.moves + table.moves.take(at)
    gain = table.gain.take(at)
    if not table.places:
        gain = gain * table.discount ** np.maximum(moves - 1, 0)
    return Playing(table.successor.take(at), moves, playing.earned + gain)


def rate(table: TrainingTable, playing: Playing) -> Floats:
    """Return the mean rating of each sequence over the levels."""
    levels = np.arange(len(table.start))
    return np.asarray(table.rate(playing.earned, playing.moves, levels).mean(axis=1))


def play(table: TrainingTable, sequences: Ints, playing: Playing | None = None) -> Floats:
    """Return the ratings of sequences int64 (k, steps), after a common beginning."""
    playing, count = playing or begin(table), len(sequences)
    state = np.repeat(playing.state, count, axis=0).ravel()
    moves = np.repeat(playing.moves, count, axis=0).ravel()
    earned = np.repeat(playing.earned, count, axis=0).ravel()
    rows, end = np.arange(len(state)), table.successor.shape[1] - 1
    row_sequence = rows // len(table.start)
    for t in range(sequences.shape[1]):
        if t % 4 == 0:
            rows = rows[state[rows] != end]
        before = Playing(state[rows], moves[rows], earned[rows])
        after = step(table, before, sequences[row_sequence[rows], t])
        state[rows], moves[rows], earned[rows] = after
    shape = count, -1
    return rate(table, Playing(state.reshape(shape), moves.reshape(shape), earned.reshape(shape)))


# -- first search: cross-entropy, then changed pieces ----------------------------------------------


def search_by_change(table: TrainingTable) -> tuple[Ints, float]:
    """Return a sequence and its rating: cross-entropy from several starts, then climbing."""
    rng = np.random.default_rng(SEARCH_SEED)
    climbed = [
        _climb(table, _search_by_entropy(table, rng), rng, SHORT_CLIMB)
        for _ in range(ENTROPY_RESTARTS)
    ]
    sequence, _ = max(climbed, key=lambda pair: pair[1])
    return _climb(table, sequence, rng, LONG_CLIMB)


def _search_by_entropy(table: TrainingTable, rng: np.random.Generator) -> Ints:
    """Return the best sequence of the cross-entropy method (Rubinstein 1999)."""
    sequences = _draw_sequences(rng, 4 * GENERATION, table.horizon)
    best, most, probabilities = sequences[0], -1.0, np.full((table.horizon, len(ACTIONS)), 0.2)
    for generation in range(GENERATIONS):
        ratings = play(table, sequences)
        top = np.argsort(-ratings, kind="stable")[:ELITE]
        if ratings[top[0]] > most:
            best, most = sequences[top[0]], float(ratings[top[0]])
        shares = 0.95 * np.eye(len(ACTIONS))[sequences[top]].mean(axis=0) + 0.05 / len(ACTIONS)
        probabilities += (0.4 if generation else 0.6) * (shares - probabilities)
        drawn = rng.random((GENERATION, table.horizon, 1)) > probabilities.cumsum(axis=1)
        sequences = np.minimum(drawn.sum(axis=2), STAY)
        sequences[0] = best
    return best


def _draw_sequences(rng: np.random.Generator, count: int, length: int) -> Ints:
    """Return sequences of runs, and periodic ones, int64 (count, length)."""
    drawn = np.empty((count, length), np.int64)
    for i in range(count):
        if i % 2:
            runs = np.repeat(rng.integers(0, STAY, 8), rng.integers(1, 4, 8))
            drawn[i] = np.resize(runs[: rng.integers(2, 17)], length)
        else:
            shares = rng.dirichlet(np.full(STAY, 0.6))
            steps = rng.choice(STAY, length, p=shares)
            drawn[i] = np.repeat(steps, rng.integers(1, 5, length))[:length]
    return drawn


def _climb(
    table: TrainingTable, sequence: Ints, rng: np.random.Generator, rounds: int
) -> tuple[Ints, float]:
    """Change a short piece in many ways, and keep the best change if it is not worse.

    The beginning before the piece is played once for all changes.
    """
    most = float(play(table, sequence[None])[0])
    beginnings = _list_beginnings(table, sequence)
    for _ in range(rounds):
        length = table.horizon
        at = int(rng.integers(length)) if rng.random() < 0.5 else int(length * rng.random() ** 2)
        rests = np.stack([_change(rng, sequence, at) for _ in range(CHANGED)])
        ratings = play(table, rests, beginnings[at])
        best = int(ratings.argmax())
        if ratings[best] >= most:
            most = float(ratings[best])
            sequence = np.concatenate([sequence[:at], rests[best]])
            beginnings[at:] = _list_beginnings(table, sequence, at, beginnings[at])
    return sequence, most


def _list_beginnings(
    table: TrainingTable, sequence: Ints, at: int = 0, playing: Playing | None = None
) -> list[Playing]:
    """Return the episodes before each step of a sequence, from step ``at`` on."""
    beginnings = [playing or begin(table)]
    for action in sequence[at:-1]:
        beginnings.append(step(table, beginnings[-1], action))
    return beginnings


def _change(rng: np.random.Generator, sequence: Ints, at: int) -> Ints:
    """Return the sequence from step ``at`` on, with one change at its beginning."""
    rest, length = sequence[at:], int(rng.integers(1, 7))
    drawn = rng.integers(0, STAY, length)
    kind = rng.integers(6)
    if kind == 0:  # another action
        changed = np.concatenate([rng.integers(0, len(ACTIONS), 1), rest[1:]])
    elif kind == 1:  # insert a run
        changed = np.concatenate([np.repeat(drawn[:1], min(length, 4)), rest])
    elif kind == 2:  # delete
        changed = np.concatenate([rest[length:], drawn])
    elif kind == 3:  # replace
        changed = np.concatenate([drawn, rest[length:]])
    elif kind == 4:  # copy a piece over these steps, or before them
        first = int(rng.integers(len(sequence)))
        piece = sequence[first : first + 2 * length]
        changed = np.concatenate([piece, rest[len(piece) :] if rng.random() < 0.5 else rest])
    else:  # rotate
        changed = np.concatenate([rest[1 : length + 1], rest[:1], rest[length + 1 :]])
    changed = changed[: len(rest)]
    return np.concatenate([changed, rng.integers(0, STAY, len(rest) - len(changed))])


# -- second search: a beam, which looks ahead by exact values --------------------------------------


def search_by_beam(table: TrainingTable) -> tuple[Ints, float]:
    """Return a sequence and its rating: the best beginnings are extended by each action.

    A beginning is rated by what its episodes have reached, and by the exact return of the best
    action frequencies from the states that they are in. This search draws nothing at random.
    """
    return max((_extend(table, values) for values in _find_promises(table)), key=lambda of: of[1])


def _extend(table: TrainingTable, promises: Floats) -> tuple[Ints, float]:
    """Return the sequence of one beam search, and its rating.

    ``promises`` is float64 (horizon + 1, N + 1), what each state is worth before each step.
    """
    weights = np.random.default_rng(SEARCH_SEED).random(len(table.start))
    playing, sequences = begin(table), np.zeros((1, 0), np.int64)
    for t in range(table.horizon):
        parent, action = (x.ravel() for x in np.indices((len(sequences), len(ACTIONS))))
        playing = step(table, playing.take(parent), action[:, None])
        left = promises[t + 1][playing.state]
        values = _rate_beginnings(table, playing, left).mean(axis=1)
        # Of beginnings that lead to equal states, the first is kept.
        _, first = np.unique((playing.state + playing.earned / 7) @ weights, return_index=True)
        best = first[np.argsort(-values[first], kind="stable")[:BEAM_WIDTH]]
        playing = playing.take(best)
        sequences = np.column_stack([sequences[parent[best]], action[best]])
    ratings = rate(table, playing)
    return sequences[ratings.argmax()], float(ratings.max())


def _rate_beginnings(table: TrainingTable, playing: Playing, left: Floats) -> Floats:
    """Return the ratings (k, levels) of beginnings, with what is left to earn."""
    levels = np.arange(len(table.start))
    if not table.places:
        score = (playing.earned + left - table.floor) / np.maximum(table.scale, 1e-9)
        return np.clip(score, 0, 1)
    done = playing.earned > 0
    rated = table.rate(np.ones_like(left), playing.moves + ~done, levels)
    return np.where(done, rated, left * rated)


def _find_promises(table: TrainingTable) -> list[Floats]:
    """Return the returns of the best action frequencies from each state, for some discounts."""
    states = table.successor.shape[1]
    blind = ReflexTable(table, np.zeros(states - 1, np.int64))
    iterations = max(1, min(BLIND_ITERATIONS, ITERATION_STATES // states))
    shares, _ = blind.ascend(np.full((1, len(ACTIONS)), 1 / len(ACTIONS)), iterations)
    promises = []
    for discount in PROMISE_DISCOUNTS:
        values = np.zeros((table.horizon + 1, states))
        for t in reversed(range(table.horizon)):
            values[t] = shares[0] @ (table.gain + discount * values[t + 1][table.successor])
            values[t, -1] = 0
        promises.append(values)
    return promises
