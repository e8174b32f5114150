"""Training levels as tables of transitions, on which scripts without a goal are searched."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mesa_gym.engine import ACTIONS, STAY, Bools, Floats, Ints, Move, State
from mesa_gym.solver.solution import Solution
from mesa_gym.traps import Split, Trap
from mesa_gym.traps.judged_by import SLACK_FACTOR, SLACK_STEPS, SOLVED

# The most levels of a table, and the most states; traps with large levels get fewer levels.
MOST_TRAINING_LEVELS = 400
MOST_TABLE_STATES = 100_000
# The number of levels whose states are counted first.
COUNTED = 20
# A neighbouring cell is free, or it blocks, or entering it ends the episode unpaid or costs reward.
FREE, BLOCKS, HARMS = range(3)
LOOK_COUNT = 3**STAY
# A good sequence succeeds often, and soon.
SUCCESS_WEIGHT = 0.5


class TrainingTable(NamedTuple):
    """The transitions of some training levels; state N is the end of all episodes.

    Attributes:
        states: the states 0 to N - 1.
        start: int64 (levels,), the start states.
        level: int64 (N + 1,), the level of each state.
        successor: int64 (5, N + 1), the next state.
        gain: float64 (5, N + 1): if targets are places, 1 for the first contact with base, which
            ends the episode here; otherwise the base payment.
        moves: bool (5, N + 1), whether the step counts as a move: the agent's cell changes, or
            something is paid.
        places: whether targets are places.
        discount: the discount of base.
        contact: int64 (levels,), the earliest possible contact.
        floor: float64 (levels,), the floor of base.
        scale: float64 (levels,), the optimum of base minus the floor.
        horizon: the time limit.
    """

    states: State
    start: Ints
    level: Ints
    successor: Ints
    gain: Floats
    moves: Bools
    places: bool
    discount: float
    contact: Ints
    floor: Floats
    scale: Floats
    horizon: int

    def rate(self, earned: Floats, moves: Ints, level: Ints) -> Floats:
        """Return what sequences are compared by, 0 to 1, for episodes on some levels.

        Args:
            earned: if targets are places, whether base was contacted; otherwise the base return.
            moves: the moves up to the contact.
            level: the levels.
        """
        if self.places:
            contact, success = self.contact[level], earned > 0
            in_time = success & (moves <= SLACK_FACTOR * contact + SLACK_STEPS)
            pace = in_time * contact / np.maximum(moves, 1)
        else:
            score = (earned - self.floor[level]) / np.maximum(self.scale[level], 1e-9)
            success, pace = score >= SOLVED, np.clip(score, 0, 1)
        return np.asarray(SUCCESS_WEIGHT * success + (1 - SUCCESS_WEIGHT) * pace)


def is_searchable(trap: Trap) -> bool:
    """Return whether scripts can be searched: a solvable trap without chance, judged by choices."""
    chooses = trap.judging.chooses and trap.trials == 1
    return trap.solvable and chooses and len(trap.branches()[0]) == len(ACTIONS)


def tabulate_training(trap: Trap, most_states: int = MOST_TABLE_STATES) -> TrainingTable:
    """Return a table of the first training levels of a trap."""
    horizon = trap.horizon(Split.TRAIN)
    counted = Solution(trap, trap.levels(Split.TRAIN, np.arange(COUNTED)), horizon)
    fit = int(most_states * COUNTED / len(counted.graph))
    levels = np.arange(max(COUNTED, min(MOST_TRAINING_LEVELS, fit)))
    solution = Solution(trap, trap.levels(Split.TRAIN, levels), horizon)
    graph, base, places = solution.graph, trap.base, trap.judging.places
    n = len(graph)
    pays = np.stack([graph.payments[x][graph.paid[x]] for x in trap.objectives])
    gain, successor = pays[0], graph.successor
    if places:
        largest = np.zeros(len(levels))
        np.maximum.at(largest, graph.level_row, gain.max(axis=0))
        gain = (gain > largest[graph.level_row] / 2).astype(np.float64)
        successor = np.where(gain > 0, n, successor)
    # The graph's states have a further axis, for branches.
    branches = graph.numbers.unrank(graph.starts, graph.level_row, graph.rank)
    states = branches.map(lambda array: array[..., 0, :])
    cell = np.append(states.agent, -1)
    moves = (cell[successor] != cell[:-1]) | (pays != 0).any(axis=0)
    floor = np.zeros(len(levels)) if places else solution.floor(base)
    return TrainingTable(
        states=states,
        start=graph.start,
        level=np.append(graph.level_row, 0),
        successor=_add_end(successor, n),
        gain=_add_end(gain, 0),
        moves=_add_end(moves, False),
        places=places,
        discount=trap.discount(base),
        contact=solution.contact(),
        floor=floor,
        scale=np.ones(len(levels)) if places else solution.optimum(base) - floor,
        horizon=horizon,
    )


def _add_end(table: NDArray[Any], end: float) -> NDArray[Any]:
    """Return a table (5, n) with a column for the end of episodes."""
    return np.concatenate([table, np.full((len(table), 1), end, table.dtype)], axis=1)


def look_around(trap: Trap, state: State) -> Ints:
    """Return what the four cells around the agent do, as one number, int64 (..., n).

    A cell is free, blocks, or harms: entering it ends the episode without a payment, or costs
    reward. The number has a digit to base 3 for each direction, the first action's digit last.
    """
    look: Ints = np.zeros(np.shape(state.agent), np.int64)
    for digit, action in enumerate(np.flatnonzero(trap.offsets)):
        after, payments, ended = trap.complete(Move(trap, state, np.full_like(look, action)))
        pays = np.stack(np.broadcast_arrays(look, *payments.values())[1:])
        harms = (ended & ~(pays > 0).any(axis=0)) | (pays < 0).any(axis=0)
        blocks = ~harms & ~ended & (after.agent == state.agent)
        look += 3**digit * np.where(harms, HARMS, np.where(blocks, BLOCKS, FREE))
    return look
