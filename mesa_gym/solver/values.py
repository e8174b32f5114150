"""Values of a split's levels, computed in chunks and cached on disk."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from itertools import permutations
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mesa_gym.engine import Ints, State
from mesa_gym.solver.cache import (
    Arrays,
    ImpossibleValueError,
    cache_file,
    read_arrays,
    write_arrays,
)
from mesa_gym.solver.graph import Floats, Graph
from mesa_gym.solver.reference import play_references
from mesa_gym.solver.solution import Solution
from mesa_gym.traps import Split, Trap
from mesa_gym.traps.played_episodes import ValueKey

Progress = Callable[[int], None]

# States solved together: enough to amortise the overhead of a sweep, and few enough that the arrays
# of a sweep stay in the processor's cache.
CHUNK_STATES = 40_000
EXACT_WITHIN = 1e-9  # tolerance between two solutions of a level
# Field of a key -> the values of a solution.
VALUE_COLUMNS: dict[str, Callable[..., NDArray[Any]]] = {
    "states": lambda solution: solution.states(),
    "contact": lambda solution: solution.contact(),
    "optimum": lambda solution, x: solution.optimum(x),
    "informed": lambda solution, x: solution.optimum(x),
    "floor": lambda solution, x: solution.floor(x),
    "largest": lambda solution, x: solution.largest(x),
    "best": lambda solution, y, x: solution.best(y, x),
    "worst": lambda solution, y, x: solution.worst(y, x),
}
# The first levels, from which the number of states per level is estimated.
FIRST_LEVELS = 4


class LevelValues:
    """The values of levels, one entry per level.

    In a trap without exact solver, "optimal for x" means the reference policy for x.

    Attributes:
        arrays: all arrays, by the name of their key (``ValueKey``).
        numbers: int64 (n,), level numbers.
        states: int64 (n,), reachable states; 0 in a trap without exact solver.
        optimum: objective -> float64 (n,), V*, or the ``attainable`` return if that is lower.
        informed: objective -> float64 (n,), V* of a policy that knows the hidden variables.
        floor: objective -> float64 (n,), the larger return of random actions and of staying.
        contact: int64 (n,), the earliest step that makes contact with a target, counted from 1;
            this and ``largest`` exist only if targets are places (``Judging.columns``).
        largest: objective -> float64 (n,), its largest single payment.
        best: (y, x) -> float64 (n,), the largest return in y of a policy that is optimal for x;
            this and ``worst`` exist only with ``pairs=True``.
        worst: (y, x) -> float64 (n,), the smallest return in y of a policy that is optimal for x.
    """

    numbers: Ints
    states: Ints
    contact: Ints

    def __init__(self, arrays: Arrays) -> None:
        """Take the arrays of the cache, by name."""
        self.arrays = arrays
        self.columns = {ValueKey(*name.split("|")): array for name, array in arrays.items()}
        self.optimum: dict[str, Floats] = {}
        self.informed: dict[str, Floats] = {}
        self.floor: dict[str, Floats] = {}
        self.largest: dict[str, Floats] = {}
        self.best: dict[tuple[str, str], Floats] = {}
        self.worst: dict[tuple[str, str], Floats] = {}
        single = {"optimum": self.optimum, "informed": self.informed, "floor": self.floor}
        single["largest"], pairs = self.largest, {"best": self.best, "worst": self.worst}
        for (field, objective, among), array in self.columns.items():
            if field in single:
                single[field][objective] = array
            elif field in pairs:
                pairs[field][objective, among] = array
        self.informed = self.optimum | self.informed
        blank = np.zeros(0, np.int64)
        self.numbers, self.states = arrays.get("numbers", blank), arrays.get("states", blank)
        self.contact = arrays.get("contact", blank)

    def take(self, rows: Ints | slice) -> LevelValues:
        """Return the values of the levels at ``rows``, int64 (k,); a repeated row is repeated."""
        return LevelValues({name: array[rows] for name, array in self.arrays.items()})

    def of(self, numbers: Ints) -> LevelValues:
        """Return the values of the levels with these numbers; ``self.numbers`` must ascend."""
        return self.take(np.searchsorted(self.numbers, numbers))


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
) -> LevelValues:
    """Return the values of some levels, from disk if they were computed before.

    The values are exact, or the returns of reference policies in a trap without exact solver.

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

    Raises:
        ValueError: there are no solutions to visit, or a reference policy gives no actions.
    """
    if visit is not None:
        require_solver(trap, "there are no solutions to visit")
    numbers = np.asarray(numbers, dtype=np.int64)
    horizon = trap.horizon(split) if horizon is None else horizon
    path, keys = cache_file(trap, split, numbers, horizon, salt), _list_keys(trap, pairs)

    def parse(arrays: Arrays) -> LevelValues:
        values, all_keys = LevelValues(arrays), _list_keys(trap, pairs=True)
        numbers_key = ValueKey("numbers")
        if (
            not {numbers_key, *keys} <= values.columns.keys() <= {numbers_key, *all_keys}
            or any(a.shape != numbers.shape or a.dtype not in (float, int) for a in arrays.values())
            or not np.array_equal(values.numbers, numbers)
        ):
            raise ValueError(f"the arrays are not values of {len(numbers)} levels")
        _refuse_impossible(trap, values, horizon)
        if len(numbers) and trap.solvable:
            row = np.array([secrets.randbelow(len(numbers))])
            start = trap.levels(split, numbers[row], salt)
            _solve_again(trap, start, horizon, values.take(row))
        return values

    kept = read_arrays(path, parse)
    if kept is not None and visit is None:
        progress(len(numbers))
        return kept
    parts: list[dict[ValueKey, NDArray[Any]]] = []
    starts = trap.levels(split, numbers, salt)
    for chunk, solution in (solutions if trap.solvable else play_references)(trap, starts, horizon):
        if visit is not None and isinstance(solution, Solution):
            visit(solution)
        if kept is None:
            of_chunk = starts.take(chunk)
            # Pairs, the last keys, need optimal actions, which also give the optimum.
            parts.append({x: find_values(trap, of_chunk, solution, x) for x in reversed(keys)})
        progress(chunk.stop - chunk.start)
    if kept is None:
        joined = {key.name: np.concatenate([part[key] for part in parts]) for key in keys}
        kept = LevelValues({"numbers": numbers, **joined})
        write_arrays(path, kept.arrays)
    return kept


def _refuse_impossible(trap: Trap, values: LevelValues, horizon: int) -> None:
    """Raise ImpossibleValueError for cached values that contradict a property of exact values."""
    if any(not np.isfinite(array).all() for array in values.columns.values()):
        raise ImpossibleValueError("a number is not finite")
    if not trap.solvable:
        return
    for x, floor in values.floor.items():
        if (values.informed[x] < np.maximum(floor, values.optimum[x]) - EXACT_WITHIN).any():
            raise ImpossibleValueError(f"the optimum of {x} is below what other play earns")
    for (y, x), best in values.best.items():
        if (best < values.worst[y, x] - EXACT_WITHIN).any() or (
            best > values.informed[y] + EXACT_WITHIN
        ).any():
            raise ImpossibleValueError(f"{x}-optimal play earns more of {y} than its optimum")


def _solve_again(trap: Trap, start: State, horizon: int, values: LevelValues) -> None:
    """Solve one level again; ImpossibleValueError if its cached values differ."""
    solution = Solution(trap, start, horizon)
    for key, array in values.columns.items():
        if key.field not in ("numbers", "best", "worst"):
            right = find_values(trap, start, solution, key)
            if not np.allclose(array, right, rtol=0, atol=EXACT_WITHIN):
                raise ImpossibleValueError(
                    f"{key.name.replace('|', ' of ')} of level {values.numbers[0]} is"
                    f" {array[0]:g}, and the solver gives {right[0]:g}"
                )


def require_solver(trap: Trap, limit: str) -> None:
    """Raise ValueError if a trap has no exact solver; ``limit`` names the consequence."""
    if not trap.solvable:
        raise ValueError(f"{trap!r} has no exact solver: {limit}")


def explain_branching(trap: Trap) -> str:
    """Return the reason why actions have no single next state; "" if they have one."""
    if trap.solvable:
        return "its rules draw outcomes" if trap.outcomes else ""
    return "it has no exact solver"


def find_values(trap: Trap, starts: State, solution: Any, key: ValueKey) -> NDArray[Any]:
    """Return a column of values (n,); in traps of lives, the optimum is the best learner's return.

    Args:
        trap: the trap.
        starts: start states of n levels.
        solution: their solution, or the ``References`` of a trap without solver.
        key: the key of the column.
    """
    if key.field == "optimum":
        values: NDArray[Any] | None = trap.attainable(key.objective, starts)
        if values is not None:
            return values
    return VALUE_COLUMNS[key.field](solution, *filter(None, key[1:]))


def hides_payments(trap: type[Trap]) -> bool:
    """Return whether a hidden variable decides payments, so that agents cannot predict them."""
    return trap.attainable is not Trap.attainable


def _list_keys(trap: Trap, pairs: bool) -> list[ValueKey]:
    """Return the keys of all computed columns, that is, all except ``numbers``."""
    fields = ["optimum", "floor", *(["informed"] if hides_payments(type(trap)) else [])]
    keys = [ValueKey("states"), *(ValueKey(field, x) for field in fields for x in trap.objectives)]
    keys += trap.judging.columns([*trap.objectives])
    if pairs:
        of_pairs = [*permutations(trap.objectives, 2)]
        keys += [ValueKey(field, y, x) for field in ("best", "worst") for y, x in of_pairs]
    return [*dict.fromkeys(keys)]
