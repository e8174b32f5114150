"""The store of levels' values and oracles' actions: of the package, cached on disk, or solved.

Values are columns by level number. A request takes any levels from all files of its shelf
(``cache``); levels that are missing are solved and written to a new file. The package has files of
the same store for its traps' standard levels: the first levels of each split, with the usual
keywords. Actions are tables of the states that an oracle can reach from one set of levels
(``actions``), in one file; the package has those that take long to compute.
``mesa_gym.testing.package_files`` makes the package's files.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike

from mesa_gym.engine import Ints, State
from mesa_gym.solver.actions import ActionTable
from mesa_gym.solver.cache import (
    cache_folder,
    list_shelf,
    name_shelf,
    read_shelf,
    refuse_file,
    write_shelf,
)
from mesa_gym.solver.graph import ACTION_COUNT, Codes
from mesa_gym.solver.solution import Solution
from mesa_gym.solver.value_columns import Arrays, LevelValues, check_values, find_type, list_keys
from mesa_gym.solver.values import Progress, require_solver, solutions, solve_values
from mesa_gym.traps import Split, Trap
from mesa_gym.traps.played_episodes import ValueKey

# The number of standard levels of a split, on which agents are scored by default.
EVALUATION_LEVELS = 1000
# The number of files of a shelf in the cache above which they are joined.
MOST_FILES = 16


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
    """Return the values of some levels; levels that are not in the store are solved and added.

    The values are exact, or the returns of reference policies in a trap without exact solver.

    Args:
        trap: the trap.
        split: the split of the levels.
        numbers: int64 (n,), level numbers.
        horizon: the time limit; by default the trap's limit for the split.
        salt: an evaluator's secret.
        progress: called with the number of levels done since the last call.
        visit: called with each chunk's solution, in order; levels are then solved in any case.
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

    def draw(rows: Ints) -> State:
        if starts is None:
            return trap.levels(split, numbers[rows], salt)
        return starts if len(rows) == starts.n else starts.take(rows)

    columns = _read_columns(trap, split, numbers, horizon, salt, pairs)
    rows = np.flatnonzero(~columns.found)
    if visit is None and rows.size < len(numbers):
        progress(len(numbers) - rows.size)
    elif rows.size:
        rows = np.arange(len(numbers))
    if rows.size:
        rows = rows[np.sort(np.unique(numbers[rows], return_index=True)[1])]
        values = solve_values(trap, draw(rows), horizon, progress, visit, pairs)
        keys = list_keys(trap, pairs)
        shelf = name_values(trap, split, horizon, salt, keys)
        columns.fill(_add_values(trap, shelf, keys, values))
    elif visit is not None:
        for chunk, solution in solutions(trap, draw(np.arange(len(numbers))), horizon):
            visit(solution)
            progress(chunk.stop - chunk.start)
    return LevelValues(columns.arrays)


class _Columns:
    """The columns of a request, which are filled from several sources.

    Attributes:
        arrays: all columns.
        found: bool (n,), whether a level's values are filled in.
    """

    def __init__(self, numbers: Ints, keys: Sequence[ValueKey]) -> None:
        self.found = np.zeros(len(numbers), dtype=np.bool_)
        self.arrays: Arrays = {"numbers": numbers}
        self.arrays |= {key.name: np.empty(len(numbers), find_type(key)) for key in keys}

    def fill(self, arrays: Arrays) -> bool:
        """Fill in the values of levels that are still missing; return whether none is missing."""
        numbers, stored = self.arrays["numbers"], arrays["numbers"]
        place = np.searchsorted(stored, numbers).clip(max=len(stored) - 1)
        rows = ~self.found & (stored[place] == numbers)
        for name, column in self.arrays.items():
            column[rows] = arrays[name][place[rows]]
        self.found |= rows
        return bool(self.found.all())


def _read_columns(
    trap: Trap, split: Split, numbers: Ints, horizon: int, salt: str, pairs: bool
) -> _Columns:
    """Return the columns of a request, with the values that are in the store."""
    keys, more = list_keys(trap, pairs), list_keys(trap, pairs=True)
    columns = _Columns(numbers, keys)
    # Values with pairs have all columns that values without pairs have.
    shelves = {name_values(trap, split, horizon, salt, x): x for x in (keys, more)}
    for shelf, of_shelf in shelves.items():
        for arrays in _read_values(trap, shelf, of_shelf):
            if columns.fill(arrays):
                break
    return columns


def name_values(trap: Trap, split: Split, horizon: int, salt: str, keys: Sequence[ValueKey]) -> str:
    """Return the name of the shelf of a split's values."""
    return name_shelf(trap, split, horizon, salt, [key.name for key in keys])


def _read_values(trap: Trap, shelf: str, keys: Sequence[ValueKey]) -> Iterator[Arrays]:
    """Yield the values in a shelf's files, except values that no solver can have computed."""
    for path, arrays in read_shelf(shelf):
        try:
            check_values(trap, keys, arrays)
        except ValueError as error:
            refuse_file(path, str(error))
        else:
            yield arrays


def _add_values(trap: Trap, shelf: str, keys: Sequence[ValueKey], values: LevelValues) -> Arrays:
    """Add values to a shelf in the order of their numbers, and return them.

    Many files are joined into one before they are deleted, so that other processes lose nothing.
    """
    order = values.numbers.argsort()
    fresh = {name: array[order] for name, array in values.arrays.items()}
    files, written = list_shelf(shelf, cache_folder()), fresh
    if len(files) >= MOST_FILES:
        parts = [fresh, *_read_values(trap, shelf, keys)]
        joined = {name: np.concatenate([part[name] for part in parts]) for name in fresh}
        _, first = np.unique(joined["numbers"], return_index=True)
        written = {name: array[first] for name, array in joined.items()}
    if (path := write_shelf(shelf, written)) and written is not fresh:
        for file in {*files} - {path}:
            with contextlib.suppress(OSError):
                file.unlink()
    return fresh


# -- actions ---------------------------------------------------------------------------------------


class LevelActions:
    """The actions of a policy in some plays of a split's levels.

    Attributes:
        shelf: where they are stored (``cache.name_shelf``).
        tables: play -> its table, which is empty unless the store has the actions.
        stored: whether the store has them.

    Raises:
        ValueError: the states of all levels of a play cannot be numbered together.
    """

    def __init__(self, shelf: str, starts: Mapping[str, State], trap: Trap, horizon: int) -> None:
        """Make empty tables, for play -> its start states."""
        self.tables = {play: ActionTable(trap, x, horizon) for play, x in starts.items()}
        self.shelf, self.stored = shelf, False

    def read(self) -> None:
        """Fill the tables from the first file that has all of them, if there is one."""
        for path, arrays in read_shelf(self.shelf):
            try:
                parts = [(table, _find_entries(arrays, x)) for x, table in self.tables.items()]
            except (KeyError, ValueError) as error:
                refuse_file(path, f"they are not actions ({error})")
                continue
            for table, entries in parts:
                table.enter(*entries)
            self.stored = True
            return

    def write(self) -> None:
        """Write the tables to the cache, unless one has too many entries."""
        if arrays := self.list_arrays():
            write_shelf(self.shelf, arrays)

    def list_arrays(self) -> Arrays:
        """Return the tables as arrays of a file; none if a table has too many entries.

        Compressed, differences between entries take less than half the bytes of the entries.
        """
        arrays: Arrays = {}
        for play, table in self.tables.items():
            if not table.whole:
                return {}
            arrays[f"gap|{play}"] = np.diff(table.first, prepend=0)
            arrays[f"span|{play}"] = table.span
            arrays[f"mask|{play}"] = table.mask
        return arrays


def _find_entries(arrays: Arrays, play: str) -> tuple[Ints, Ints, Codes]:
    """Return the entries of a play's table; KeyError or ValueError if the arrays have none."""
    gap, span, mask = (arrays[f"{field}|{play}"] for field in ("gap", "span", "mask"))
    if (
        [array.dtype for array in (gap, span, mask)] != [np.int64, np.int32, np.uint8]
        or not 0 < len(gap) == len(span) == len(mask)
        or (gap[1:] < span[:-1]).any()
        or ((mask == 0) | (mask >= 1 << ACTION_COUNT)).any()
    ):
        raise ValueError(f"arrays of {play}")
    return gap.cumsum(), span, mask
