"""Checks of what users hand to environments, with errors that say what was expected."""

from __future__ import annotations

import operator
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from gymnasium.error import Error, ResetNeeded

from mesa_gym.engine import ACTIONS, Bools, Ints
from mesa_gym.errors import unknown
from mesa_gym.traps import LEVELS

EXPECTED_ACTION = "an integer: " + ", ".join(f"{i} ({name})" for i, name in enumerate(ACTIONS))
# NumPy scalars, on which the rules of a single environment work.
ACTION_SCALARS = tuple(np.arange(len(ACTIONS)))


def counted(name: str, value: Any) -> int:
    """Return a count of at least 1, or raise ValueError."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 1:
        raise ValueError(f"{name} must be an integer of at least 1, got {value!r}")
    return int(value)


def checked_action(action: Any) -> np.int64:
    """Return the action of one environment, or raise ValueError."""
    try:
        index = -1 if isinstance(action, bool | np.bool_) else operator.index(action)
    except TypeError:
        index = -1
    if not 0 <= index < len(ACTIONS):
        raise ValueError(f"action {action!r} is none of the five; expected {EXPECTED_ACTION}")
    return ACTION_SCALARS[index]


def checked_actions(actions: Any, n: int) -> Ints:
    """Return the actions of n environments as a fresh int64 (n,).

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
    array = array.astype(np.int64)
    # Read as unsigned, a negative number is greater than any action.
    if np.maximum.reduce(array.view(np.uint64)) >= len(ACTIONS):
        first = ((array < 0) | (array >= len(ACTIONS))).nonzero()[0][0]
        raise ValueError(
            f"action {array[first]} of environment {first}; expected {EXPECTED_ACTION}"
        )
    return array


def checked_options(options: Any, known: Sequence[str]) -> dict[str, Any]:
    """Return the options of a reset, {} for None, or raise ValueError."""
    if not isinstance(options, Mapping | None):
        raise ValueError(f"options must be a dict such as {{'level': 17}}, got {options!r}")
    for name in options or {}:
        if name not in known:
            raise unknown("option of reset", name, known)
    return dict(options or {})


def checked_level(level: Any) -> int:
    """Return a level number from 0 to 2**48 - 1, or raise ValueError."""
    if isinstance(level, bool) or not isinstance(level, int | np.integer):
        raise ValueError(f"level {level!r} is a {type(level).__name__}; expected an integer")
    if not 0 <= level < LEVELS:
        raise ValueError(f"level {level} is out of range; expected 0 to 2**48 - 1")
    return int(level)


def checked_map(text: Any) -> str:
    """Return the text of a map, or raise ValueError."""
    if not isinstance(text, str):
        raise ValueError(f"map {text!r} is no text; expected what render_mode='ansi' gives")
    return text


def checked_mask(mask: Any, n: int) -> Bools:
    """Return the option ``reset_mask``, bool (n,), all True for None.

    Raises:
        TypeError, ValueError: as ``SyncVectorEnv`` does.
    """
    if mask is None:
        return np.ones(n, dtype=np.bool_)
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


def checked_seed(seed: Any, row: int = 0) -> int:
    """Return a seed from 0 up, or raise Gymnasium's Error."""
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or seed < 0:
        raise Error(f"seed {seed!r} of environment {row} does not fit; expected an int from 0 up")
    return int(seed)


def spread(what: str, given: Any, n: int) -> list[Any]:
    """Return what each of n environments is given: one thing for all, or a sequence of n things.

    Raises:
        ValueError: there are too many or too few.
    """
    if not isinstance(given, list | tuple | np.ndarray) or np.shape(given) == ():
        return [given] * n
    if len(given) != n:
        raise ValueError(f"{len(given)} {what}s were given for {n} environments")
    return list(given)


def reset_needed(rows: Sequence[int] | None = None) -> ResetNeeded:
    """Return the error for a step that has no episode to go on with."""
    if rows is None:
        return ResetNeeded("step was called before reset; call reset() first")
    named = ", ".join(map(str, rows[:8])) + (", ..." if len(rows) > 8 else "")
    return ResetNeeded(
        f"the episode of environment {named} has ended; reset it before the next step"
    )
