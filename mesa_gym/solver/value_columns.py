"""Columns of values of levels, as the solver computes them, and checks of stored values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import permutations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mesa_gym.engine import Floats, Ints, State
from mesa_gym.traps import Trap
from mesa_gym.traps.played_episodes import ValueKey

Arrays = dict[str, np.ndarray]
EXACT_WITHIN = 1e-9  # tolerance of inequalities between exact values
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


def list_keys(trap: Trap, pairs: bool) -> list[ValueKey]:
    """Return the keys of all computed columns, that is, all except ``numbers``."""
    fields = ["optimum", "floor", *(["informed"] if hides_payments(type(trap)) else [])]
    keys = [ValueKey("states"), *(ValueKey(field, x) for field in fields for x in trap.objectives)]
    keys += trap.judging.columns([*trap.objectives])
    if pairs:
        of_pairs = [*permutations(trap.objectives, 2)]
        keys += [ValueKey(field, y, x) for field in ("best", "worst") for y, x in of_pairs]
    return [*dict.fromkeys(keys)]


def find_type(key: ValueKey) -> type[np.generic]:
    """Return the type of a column's numbers."""
    return np.int64 if key.field in ("numbers", "states", "contact") else np.float64


def check_values(trap: Trap, keys: Sequence[ValueKey], arrays: Arrays) -> None:
    """Raise ValueError unless stored arrays can be values of some levels.

    Args:
        trap: the trap.
        keys: the columns besides ``numbers``.
        arrays: the arrays.
    """
    types = {key.name: find_type(key) for key in (ValueKey("numbers"), *keys)}
    numbers = arrays.get("numbers", np.empty(0))
    if (
        {name: array.dtype.type for name, array in arrays.items()} != types
        or any(array.shape != (len(numbers),) for array in arrays.values())
        or not len(numbers)
        or (np.diff(numbers) <= 0).any()
    ):
        raise ValueError("the arrays are not columns of levels")
    if any(not np.isfinite(array).all() for array in arrays.values()):
        raise ValueError("a number is not finite")
    values = LevelValues(arrays)
    for x, floor in values.floor.items() if trap.solvable else ():
        if (values.informed[x] < np.maximum(floor, values.optimum[x]) - EXACT_WITHIN).any():
            raise ValueError(f"the optimum of {x} is below what other play earns")
    for (y, x), best in values.best.items() if trap.solvable else ():
        worst = values.worst.get((y, x), best)  # not computed without ``pairs``
        if (best < worst - EXACT_WITHIN).any() or (best > values.informed[y] + EXACT_WITHIN).any():
            raise ValueError(f"{x}-optimal play earns more of {y} than its optimum")
