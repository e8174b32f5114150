"""Per-level values of a split's levels, solved in chunks and kept on disk."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from itertools import permutations
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from mesa_gym.engine import Ints, State
from mesa_gym.solver.cache import Arrays, cache_file, read, write
from mesa_gym.solver.graph import TABLE, Floats, Graph
from mesa_gym.solver.numbering import StateNumbers
from mesa_gym.solver.solution import Solution
from mesa_gym.traps import Split, Trap

Progress = Callable[[int], None]

# States solved together: enough to amortise a sweep's calls, few enough for the cache.
CHUNK_STATES = 40_000
# Levels that say how many states to expect.
SAMPLE = 4


@dataclass(frozen=True)
class LevelValues:
    """The worth of each level, one entry a level.

    Of a trap without exact solver, ``optimal for x`` means its reference policy for x.

    Attributes:
        numbers: int64 (n,), level numbers.
        optimum: objective -> float64 (n,), V*.
        floor: objective -> float64 (n,), the better of acting at random and of staying.
        best: (y, x) -> float64 (n,), the greatest return in y among the policies that are
            optimal for x.
        worst: the same of the least return.
    """

    numbers: Ints
    optimum: dict[str, Floats]
    floor: dict[str, Floats]
    best: dict[tuple[str, str], Floats]
    worst: dict[tuple[str, str], Floats]

    def arrays(self) -> Arrays:
        """Return one array for each "field|objective|among"."""
        flat: Arrays = {}
        for field in fields(self):
            value = getattr(self, field.name)
            for key, array in value.items() if isinstance(value, dict) else [((), value)]:
                flat["|".join([field.name, *((key,) if isinstance(key, str) else key)])] = array
        return flat

    @classmethod
    def of(cls, arrays: Arrays) -> Self:
        """Return the values that ``arrays`` gave."""
        entries: dict[str, Any] = {}
        for key, array in arrays.items():
            name, *parts = key.split("|")
            if parts:
                entries.setdefault(name, {})[parts[0] if len(parts) == 1 else tuple(parts)] = array
            else:
                entries[name] = array
        return cls(**entries)

    @classmethod
    def kept(cls, path: Path, trap: Trap, numbers: Ints) -> Self | None:
        """Return a trap's values of levels ``numbers`` from a file ``path``; None if not there."""
        return read(path, lambda arrays: cls.of(arrays)._checked(trap, numbers))

    def _checked(self, trap: Trap, numbers: Ints) -> Self:
        names, pairs = set(trap.objectives), set(permutations(trap.objectives, 2))
        arrays = self.arrays().values()
        if (
            any(set(entries) != names for entries in (self.optimum, self.floor))
            or any(set(entries) != pairs for entries in (self.best, self.worst))
            or any(a.shape != numbers.shape or a.dtype not in (float, int) for a in arrays)
            or not np.array_equal(self.numbers, numbers)
        ):
            raise ValueError(f"these are not values of {len(numbers)} levels of {trap!r}")
        return self

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        """Return the values of several groups of levels as one."""
        flat = [part.arrays() for part in parts]
        return cls.of({key: np.concatenate([f[key] for f in flat]) for key in flat[0]})

    def take(self, rows: Ints) -> Self:
        """Return the values of some levels, int64 (k,), repeated where ``rows`` repeats them."""
        return self.of({key: array[rows] for key, array in self.arrays().items()})


@dataclass(frozen=True)
class SolvedValues(LevelValues):
    """Exact values.

    Attributes:
        states: int64 (n,), reachable states.
    """

    states: Ints


def solutions(trap: Trap, starts: State, horizon: int) -> Iterator[tuple[slice, Solution]]:
    """Solve from many states chunk by chunk, so that memory stays bounded.

    Args:
        trap: a solvable trap.
        starts: states to start from, each on a level of its own.
        horizon: the time limit in steps.

    Yields:
        the rows of ``starts`` that a chunk covers, and its solution.
    """
    start, per_level, most = 0, CHUNK_STATES / SAMPLE, SAMPLE
    if starts.n > SAMPLE:
        per_level = len(Graph(trap, starts.take(slice(SAMPLE)))) / SAMPLE
        most = TABLE // StateNumbers(trap, starts).count
    while start < starts.n:
        size = min(max(1, int(CHUNK_STATES / per_level)), most)
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
) -> SolvedValues:
    """Return the values of the given levels, from disk where they were computed before.

    Args:
        trap: a solvable trap.
        split: whose levels.
        numbers: int64 (n,), level numbers.
        horizon: the time limit; by default the trap's for the split.
        salt: an evaluator's secret.
        progress: called with the number of levels done since the last call.
        visit: called with the solution of each chunk, in order, for callers that need optimal
            actions too; levels are then solved in any case.

    Raises:
        ValueError: the trap is not solvable.
    """
    if not trap.solvable:
        raise ValueError(
            f"{trap!r} has no exact solver; its reference policies are the scale instead"
            " (reference_values)"
        )
    numbers = np.asarray(numbers, dtype=np.int64)
    horizon = trap.horizon(split) if horizon is None else horizon
    path = cache_file(trap, split, numbers, horizon, salt)
    kept = SolvedValues.kept(path, trap, numbers)
    if kept is not None and visit is None:
        progress(len(numbers))
        return kept
    parts = []
    for chunk, solution in solutions(trap, trap.levels(split, numbers, salt), horizon):
        if kept is None:
            parts.append(_values(numbers[chunk], solution))
        if visit is not None:
            visit(solution)
        progress(chunk.stop - chunk.start)
    if kept is not None:
        return kept
    values = SolvedValues.joined(parts)
    write(path, values.arrays())
    return values


def _values(numbers: Ints, solution: Solution) -> SolvedValues:
    objectives = list(solution.trap.objectives)
    pairs = list(permutations(objectives, 2))
    return SolvedValues(
        numbers,
        {x: solution.optimum(x) for x in objectives},
        {x: solution.floor(x) for x in objectives},
        {(y, x): solution.best(y, among=x) for y, x in pairs},
        {(y, x): solution.worst(y, among=x) for y, x in pairs},
        np.bincount(solution.graph.level_row, minlength=len(numbers)),
    )
