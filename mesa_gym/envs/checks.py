"""Checks of what users hand to ``reset`` and ``step``, with errors that say what was expected."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from gymnasium.error import Error, ResetNeeded

from mesa_gym.errors import unknown
from mesa_gym.grid import ACTIONS, Bools, Ints
from mesa_gym.traps import LEVELS

EXPECTED_ACTION = "an integer: " + ", ".join(f"{i} ({name})" for i, name in enumerate(ACTIONS))


def checked_actions(actions: Any, n: int) -> Ints:
    """The actions of n environments as int64 (n,).

    Raises:
        ValueError: it names the first bad action, its environment and what was expected.
    """
    array = np.asarray(actions)
    if array.shape != (n,):
        raise ValueError(
            f"actions have the shape {array.shape}; expected ({n},), one for each environment"
        )
    if array.dtype.kind not in "iu":
        raise ValueError(
            f"action {array[0]!r} of environment 0 has dtype {array.dtype}; expected"
            f" {EXPECTED_ACTION}"
        )
    array = array.astype(np.int64, copy=False)
    # Read as unsigned, a negative number is greater than any action.
    if np.maximum.reduce(array.view(np.uint64)) >= len(ACTIONS):
        first = ((array < 0) | (array >= len(ACTIONS))).nonzero()[0][0]
        raise ValueError(
            f"action {array[first]} of environment {first}; expected {EXPECTED_ACTION}"
        )
    return array


def checked_level(level: Any) -> int:
    """A level number from 0 to 2**48 - 1, or ValueError."""
    if isinstance(level, bool) or not isinstance(level, (int, np.integer)):
        raise ValueError(f"level {level!r} is a {type(level).__name__}; expected an integer")
    if not 0 <= level < LEVELS:
        raise ValueError(f"level {level} is out of range; expected 0 to 2**48 - 1")
    return int(level)


def checked_options(options: dict[str, Any] | None, known: Sequence[str]) -> dict[str, Any]:
    """The options of a reset ({} for None), or UnknownNameError."""
    for name in options or {}:
        if name not in known:
            raise unknown("option of reset", name, known)
    return options or {}


def checked_mask(options: dict[str, Any], n: int) -> Bools:
    """The option ``reset_mask``, bool (n,); all True where there is none.

    Raises:
        TypeError, ValueError: as ``SyncVectorEnv`` does.
    """
    if "reset_mask" not in options:
        return np.ones(n, dtype=np.bool_)
    mask = options["reset_mask"]
    if not isinstance(mask, np.ndarray) or mask.dtype != np.bool_:
        raise TypeError(f"reset_mask must be a NumPy array of bool, got {mask!r}")
    if mask.shape != (n,):
        raise ValueError(
            f"reset_mask has the shape {mask.shape}; expected ({n},), one entry for each"
            " environment"
        )
    if not mask.any():
        raise ValueError("reset_mask is False everywhere; expected at least one True")
    return mask


def checked_levels(level: Any, rows: Ints, n: int) -> dict[int, int]:
    """Row -> the level that was picked for it, of one number for all or one (or None) for each."""
    if level is None:
        return {}
    if np.ndim(level) == 0:
        level = [level] * n
    if len(level) != n:
        raise ValueError(f"{len(level)} levels were given for {n} environments")
    return {int(row): checked_level(level[row]) for row in rows if level[row] is not None}


def checked_seeds(seed: int | Sequence[int | None] | None, rows: Ints, n: int) -> dict[int, int]:
    """Row -> its seed; an integer counts up from row 0, and None leaves a row out.

    Raises:
        ValueError: there are too many or too few.
        gymnasium.error.Error: one is no integer or negative.
    """
    if seed is None:
        return {}
    seeds = [seed + row for row in range(n)] if isinstance(seed, int) else seed
    if len(seeds) != n:
        raise ValueError(f"{len(seeds)} seeds were given for {n} environments")
    given = {int(row): each for row in rows if (each := seeds[row]) is not None}
    for row, each in given.items():
        if not isinstance(each, int) or each < 0:
            raise Error(
                f"seed {each!r} of environment {row} does not fit; expected a Python int from 0 up"
            )
    return given


def reset_needed(rows: Sequence[int] | None = None) -> ResetNeeded:
    """The error for a step that has no episode to go on with."""
    if rows is None:
        return ResetNeeded("step was called before reset; call reset() first")
    named = ", ".join(map(str, rows[:8])) + (", ..." if len(rows) > 8 else "")
    return ResetNeeded(
        f"the episode of environment {named} has ended; reset it before the next step"
    )
