"""Per-level values of a split's levels, solved in chunks and kept on disk."""

from __future__ import annotations

import contextlib
import inspect
import io
import os
import secrets
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from hashlib import blake2b
from itertools import permutations
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

import mesa_gym.grid
import mesa_gym.solver
from mesa_gym.files import write_bytes
from mesa_gym.grid import Ints, State
from mesa_gym.solver.solution import Solution
from mesa_gym.traps import Split, Trap

Floats = NDArray[np.float64]
Progress = Callable[[int], None]

# States solved together: enough to amortise a sweep's calls, few enough for the cache.
CHUNK_STATES = 100_000
FIRST_CHUNK = 16


@dataclass(frozen=True)
class LevelValues:
    """What each level is worth, one entry a level.

    Attributes:
        numbers: int64 (n,), level numbers.
        optimum: objective -> float64 (n,), V*.
        floor: objective -> float64 (n,), the better of acting at random and of staying.
        best, worst: (y, x) -> float64 (n,): the greatest and the least return in y among the
            policies that are optimal for x.
        states: int64 (n,), reachable states.
    """

    numbers: Ints
    optimum: dict[str, Floats]
    floor: dict[str, Floats]
    best: dict[tuple[str, str], Floats]
    worst: dict[tuple[str, str], Floats]
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
    start, size = 0, FIRST_CHUNK
    while start < len(starts):
        chunk = slice(start, min(start + size, len(starts)))
        rows = np.arange(chunk.start, chunk.stop)
        solution = Solution(trap, starts.take(rows), horizon)
        yield chunk, solution
        start = chunk.stop
        per_level = len(solution.graph) / len(solution.graph.start)
        size = max(1, int(CHUNK_STATES / per_level))


def level_values(
    trap: Trap,
    split: Split,
    numbers: ArrayLike,
    horizon: int | None = None,
    salt: str = "",
    progress: Progress = lambda done: None,
    visit: Callable[[Solution], None] | None = None,
) -> LevelValues:
    """The values of the given levels, from disk where they were computed before.

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
        )
    numbers = np.asarray(numbers, dtype=np.int64)
    horizon = trap.horizon(split) if horizon is None else horizon
    path = cache_folder() / f"{_digest(trap, split, numbers, horizon, salt)}.npz"
    kept = _read(path)
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
    values = _joined(parts)
    _write(path, values)
    return values


def _values(numbers: Ints, solution: Solution) -> LevelValues:
    objectives = list(solution.trap.objectives)
    pairs = list(permutations(objectives, 2))
    return LevelValues(
        numbers,
        {x: solution.optimum(x) for x in objectives},
        {x: solution.floor(x) for x in objectives},
        {(y, x): solution.best(y, among=x) for y, x in pairs},
        {(y, x): solution.worst(y, among=x) for y, x in pairs},
        np.bincount(solution.graph.level_row, minlength=len(numbers)),
    )


def _joined(parts: list[LevelValues]) -> LevelValues:
    flat = [_flat(part) for part in parts]
    return _nested({key: np.concatenate([f[key] for f in flat]) for key in flat[0]})


# -- on disk: one array for each "field|objective|among" -------------------------------------------


def cache_folder() -> Path:
    """Where values are kept: ``MESA_GYM_CACHE``, or ``mesa_gym`` in the user's cache folder."""
    if folder := os.environ.get("MESA_GYM_CACHE"):
        return Path(folder)
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "mesa_gym"


def _flat(values: LevelValues) -> dict[str, np.ndarray]:
    flat: dict[str, np.ndarray] = {}
    for field in fields(values):
        value = getattr(values, field.name)
        if isinstance(value, np.ndarray):
            flat[field.name] = value
            continue
        for key, array in value.items():
            parts = key if isinstance(key, tuple) else (key,)
            flat["|".join([field.name, *parts])] = array
    return flat


def _nested(flat: dict[str, np.ndarray]) -> LevelValues:
    values = LevelValues(flat["numbers"], {}, {}, {}, {}, flat["states"])
    for key, array in flat.items():
        name, *parts = key.split("|")
        if parts:
            getattr(values, name)[parts[0] if len(parts) == 1 else tuple(parts)] = array
    return values


def _digest(trap: Trap, split: Split, numbers: Ints, horizon: int, salt: str) -> str:
    """Everything that the values depend on, the source of what computes them included."""
    digest = blake2b(digest_size=16)
    discounts = {name: o.discount for name, o in trap.objectives.items()}
    digest.update(repr((trap, split.value, salt, horizon, discounts)).encode())
    digest.update(numbers.tobytes())
    for cls in type(trap).__mro__:
        if issubclass(cls, Trap):
            digest.update(_source(cls))
    for package in (mesa_gym.grid, mesa_gym.solver):
        for source in sorted(Path(package.__path__[0]).glob("*.py")):
            digest.update(source.read_bytes())
    return f"{trap.name()}-{split.value}-{digest.hexdigest()}"


def _source(cls: type[Trap]) -> bytes:
    try:
        return Path(inspect.getfile(cls)).read_bytes()
    except OSError:
        return secrets.token_bytes(16)  # typed into a notebook: values are never read back


def _read(path: Path) -> LevelValues | None:
    try:
        # From memory: where the file is damaged, np.load would leave it open.
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as kept:
            return _nested({key: kept[key] for key in kept.files})
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None  # absent or damaged: computed anew and replaced


def _write(path: Path, values: LevelValues) -> None:
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **_flat(values))
    with contextlib.suppress(OSError):  # a cache that cannot be written only costs time
        write_bytes(path, buffer.getvalue())
