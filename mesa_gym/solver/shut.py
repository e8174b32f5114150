"""Shut levels: walls on all cells that optimal first moves lead to, so that another way is due."""

from __future__ import annotations

import pickle
from hashlib import blake2b
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mesa_gym.engine import ACTIONS, Bools, Move, State
from mesa_gym.solver.cache import cache_file, read, write
from mesa_gym.solver.graph import Floats
from mesa_gym.solver.solution import TIE, actions_in
from mesa_gym.solver.values import solutions
from mesa_gym.traps import Split, Trap

Sets = NDArray[np.uint8]
# One way is shut at least, and two are left to choose from.
LEAST_WAYS = 3


class ShutLevels(NamedTuple):
    """Levels whose optimal first moves were shut.

    Attributes:
        starts: the n start states; one of a level that does not count is as it was.
        optimal: bool (n, 5), the first actions that are optimal for base there; none on a level
            that does not count.
    """

    starts: State
    optimal: Bools

    @property
    def counted(self) -> Bools:
        """Which levels count, bool (n,)."""
        return np.asarray(self.optimal.any(axis=1))

    def judge(self, shares: Floats) -> Floats:
        """Return how likely a first action is optimal, float64 (n,); NaN where it does not count.

        Args:
            shares: float64 (n, 5), how likely each action is taken first.
        """
        return np.where(self.counted, (shares * self.optimal).sum(axis=1), np.nan)


def shut_levels(trap: Trap, starts: State, horizon: int) -> ShutLevels:
    """Put a wall on every cell that an optimal first move for base leads to.

    A level counts if three moves at least are possible at first, if all optimal actions are moves
    onto cells where nothing lies or may come back to, and if afterwards base can still pay more
    than acting at random or staying does, and a move is possible that is not optimal: where one
    way alone is left, any agent takes it that does not walk into walls.

    Args:
        trap: a solvable trap.
        starts: start states of n levels, NumPy. What is found out of them is kept on disk.
        horizon: the time limit in steps.
    """
    content = blake2b(pickle.dumps(trap.joined([starts])), digest_size=16).digest()
    path = cache_file(trap, Split.TEST, starts.level.number, horizon, "", b"shut" + content)
    kept = read(path, lambda arrays: (arrays["before"], arrays["after"]))
    if kept is None:
        kept = _solve(trap, starts, horizon)
        write(path, dict(zip(("before", "after"), kept, strict=True)))
    before, after = kept
    return ShutLevels(_wall_off(trap, starts, actions_in(before)), actions_in(after))


def _solve(trap: Trap, starts: State, horizon: int) -> tuple[Sets, Sets]:
    """Return the sets of optimal first actions before and after; 0 where a level does not count."""
    before, after = np.zeros((2, starts.n), dtype=np.uint8)
    rows = np.flatnonzero(_find_possible(trap, starts).sum(axis=1) >= LEAST_WAYS)
    for chunk, solution in solutions(trap, starts.take(rows), horizon):
        before[rows[chunk]] = solution.optimal(trap.base)[0]
    reached = starts.agent[:, None] + trap.offsets
    taken = np.take_along_axis(_find_taken(trap, starts), reached, axis=1)
    before[(actions_in(before) & taken).any(axis=1)] = 0
    rows = before.nonzero()[0]
    changed = _wall_off(trap, starts, actions_in(before)).take(rows)
    for chunk, solution in solutions(trap, changed, horizon):
        best = solution.optimal(trap.base)[0]
        pays = solution.optimum(trap.base) > solution.floor(trap.base) + TIE
        worse = _find_possible(trap, solution.starts) & ~actions_in(best)
        after[rows[chunk]] = np.where(pays & worse.any(axis=1), best, 0)
    return np.where(after, before, 0).astype(np.uint8), after


def _find_possible(trap: Trap, state: State) -> Bools:
    """Return which moves lead to another cell, bool (n, 5)."""
    found = np.zeros((state.n, len(ACTIONS)), dtype=np.bool_)
    for action in np.flatnonzero(trap.walks):
        found[:, action] = ~trap.impassable(Move(trap, state, np.full(state.n, action)))
    return found


def _find_taken(trap: Trap, starts: State) -> Bools:
    """Return the cells where no wall can be put, bool (n, cells), the agent's own among them."""
    taken: Bools = np.any([trap.layer(starts, name) for name in trap.ground], axis=0)
    # A thing that is gone may come back to its cell.
    for cells in (starts.agent[None, :], *starts.at.values()):
        np.put_along_axis(taken, cells.T, True, axis=1)
    return taken


def _wall_off(trap: Trap, starts: State, actions: Bools) -> State:
    """Return states with a wall where each of some actions leads, bool (n, 5)."""
    changed = trap.joined([starts])
    row, action = actions.nonzero()
    walls = trap.layer(changed, "wall")
    walls[row, starts.agent[row] + trap.offsets[action]] = True
    tables = {**changed.level.tables, "wall": walls.ravel()}
    return changed._replace(level=changed.level._replace(tables=tables))
