"""Values of levels, solved in chunks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mesa_gym.engine import State
from mesa_gym.solver.graph import Graph
from mesa_gym.solver.reference import play_references
from mesa_gym.solver.solution import Solution
from mesa_gym.solver.value_columns import LevelValues, find_values, list_keys
from mesa_gym.traps import Trap
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


def solve_values(
    trap: Trap,
    starts: State,
    horizon: int,
    progress: Progress = lambda done: None,
    visit: Callable[[Solution], None] | None = None,
    pairs: bool = False,
) -> LevelValues:
    """Return the values of levels, computed now; arguments are as in ``store.level_values``."""
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
