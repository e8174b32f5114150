"""Values of a split's levels: of the package, cached on disk, or computed in chunks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mesa_gym.engine import State
from mesa_gym.solver.cache import cache_file, read_arrays, write_arrays
from mesa_gym.solver.graph import Graph
from mesa_gym.solver.reference import play_references
from mesa_gym.solver.solution import Solution
from mesa_gym.solver.standard import find_standard, read_standard
from mesa_gym.solver.value_columns import LevelValues, check_values, find_values, list_keys
from mesa_gym.traps import Split, Trap
from mesa_gym.traps.played_episodes import ValueKey

Progress = Callable[[int], None]

# States solved together: enough to amortise the overhead of a sweep, and few enough that the arrays
# of a sweep stay in the processor's cache.
CHUNK_STATES = 40_000
# The first levels, from which the number of states per level is estimated.
FIRST_LEVELS = 4


def solutions(trap: Trap, starts: State, horizon: int) -> Iterator[tuple[slice, Solution]]:
    """Solve a batch of states in chunks, so that memory stays bounded.

    Args:
        trap: a trap with an exact solver.
        starts: start states, each on a different level.
        horizon: the time limit in steps.

    Yields:
        the rows of ``starts`` in a chunk, and the chunk's solution.
    """
    start, per_level = 0, CHUNK_STATES / FIRST_LEVELS
    if starts.n > FIRST_LEVELS:
        per_level = len(Graph(trap, starts.take(slice(FIRST_LEVELS)))) / FIRST_LEVELS
    while start < starts.n:
        size = max(1, int(CHUNK_STATES / per_level))
        chunk = slice(start, min(start + size, starts.n))
        solution = Solution(trap, starts.take(chunk), horizon)
        yield chunk, solution
        start = chunk.stop
        per_level = len(solution.graph) / solution.starts.n


def level_values(
    trap: Trap,
    split: Split,
    numbers: ArrayLike,
    horizon: int | None = None,
    salt: str = "",
    progress: Progress = lambda done: None,
    visit: Callable[[Solution], None] | None = None,
    pairs: bool = False,
    starts: State | None = None,
) -> LevelValues:
    """Return the values of some levels, from disk if they were computed before.

    The values are exact, or the returns of reference policies in a trap without exact solver. The
    package contains the values of its traps' standard levels (``mesa_gym.solver.standard``).

    Args:
        trap: the trap.
        split: the split of the levels.
        numbers: int64 (n,), level numbers.
        horizon: the time limit; by default the trap's limit for the split.
        salt: an evaluator's secret.
        progress: called with the number of levels done since the last call.
        visit: called with the solution of each chunk, in order, for callers that also need optimal
            actions; levels are then solved in any case.
        pairs: whether to compute ``best`` and ``worst``, which take most of the time, although the
            trap's judging does not read them.
        starts: the start states of these levels, if the caller has drawn them.

    Raises:
        ValueError: there are no solutions to visit, a reference policy gives no actions, or
            ``starts`` are other levels.
    """
    if visit is not None:
        require_solver(trap, "there are no solutions to visit")
    numbers = np.asarray(numbers, dtype=np.int64)
    horizon = trap.horizon(split) if horizon is None else horizon
    if starts is not None and not np.array_equal(starts.level.number, numbers):
        raise ValueError(f"starts are not the {len(numbers)} levels of `numbers`, in their order")

    kept = None
    check = partial(check_values, trap, numbers, list_keys(trap, pairs))
    standard = None if pairs else find_standard(trap, split, numbers, horizon, salt)
    if standard:
        starts = trap.levels(split, numbers) if starts is None else starts
        kept = read_standard(standard, trap, split, starts, check)
    if kept is None:
        path = cache_file(trap, split, numbers, horizon, salt)
        kept = read_arrays(path, check)
    if kept is not None and visit is None:
        progress(len(numbers))
        return kept
    starts = trap.levels(split, numbers, salt) if starts is None else starts
    if kept is None:
        kept = solve_values(trap, starts, horizon, progress, visit, pairs)
        write_arrays(path, kept.arrays)
    elif visit is not None:
        for chunk, solution in solutions(trap, starts, horizon):
            visit(solution)
            progress(chunk.stop - chunk.start)
    return kept


def solve_values(
    trap: Trap,
    starts: State,
    horizon: int,
    progress: Progress = lambda done: None,
    visit: Callable[[Solution], None] | None = None,
    pairs: bool = False,
) -> LevelValues:
    """Return the values of levels, computed now; arguments are as in ``level_values``."""
    keys, chunks = list_keys(trap, pairs), list[dict[ValueKey, NDArray[Any]]]()
    for chunk, solution in (solutions if trap.solvable else play_references)(trap, starts, horizon):
        if visit is not None and isinstance(solution, Solution):
            visit(solution)
        of_chunk = starts.take(chunk)
        # Pairs, the last keys, need optimal actions, which also give the optimum.
        chunks.append({x: find_values(trap, of_chunk, solution, x) for x in reversed(keys)})
        progress(chunk.stop - chunk.start)
    joined = {key.name: np.concatenate([columns[key] for columns in chunks]) for key in keys}
    return LevelValues({"numbers": starts.level.number, **joined})


def require_solver(trap: Trap, limit: str) -> None:
    """Raise ValueError if a trap has no exact solver; ``limit`` names the consequence."""
    if not trap.solvable:
        raise ValueError(f"{trap!r} has no exact solver: {limit}")


def explain_branching(trap: Trap) -> str:
    """Return the reason why actions have no single next state; "" if they have one."""
    if trap.solvable:
        return "its rules draw outcomes" if trap.outcomes else ""
    return "it has no exact solver"
