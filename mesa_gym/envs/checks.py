"""Checks of users' arguments to environments, with errors that name the expected values."""

from __future__ import annotations

import operator
from collections.abc import Mapping, Sequence
from typing import Any

import gymnasium.error
import numpy as np

from mesa_gym.engine import ACTIONS, Bools, Ints, State
from mesa_gym.errors import shorten, unknown
from mesa_gym.traps import LEVELS, Trap

EXPECTED_ACTION = "an integer: " + ", ".join(f"{i} ({name})" for i, name in enumerate(ACTIONS))
# Options that wrappers read and pass on, such as Minari's DataCollector.
PASSING = ("minari_autoseed",)
# NumPy scalars, because the rules of a single environment compute with NumPy scalars.
ACTION_SCALARS = tuple(np.arange(len(ACTIONS)))
_COUNT = np.array(len(ACTIONS), dtype=np.uint64)  # faster to compare with than a Python number


def integer(
    name: str,
    value: object,
    least: int = 0,
    most: int | None = None,
    error: type[Exception] = ValueError,
) -> int:
    """Return an integer from ``least`` to ``most``, or raise ``error``."""
    if (
        isinstance(value, int | np.integer)
        and not isinstance(value, bool)
        and value >= least
        and (most is None or value <= most)
    ):
        return int(value)
    bounds = f"at least {least}" if most is None else f"at least {least} and at most {most}"
    raise error(f"{name} must be an integer of {bounds}, got {shorten(value)}")


def check_action(action: Any) -> np.int64:
    """Return the action of one environment, or raise ValueError."""
    index = action
    if type(action) is not int:  # the conversion below is slower
        try:
            index = -1 if isinstance(action, bool | np.bool_) else operator.index(action)
        except TypeError:
            index = -1
    if not 0 <= index < len(ACTIONS):
        raise ValueError(
            f"action {shorten(action)} is none of the five; expected {EXPECTED_ACTION}"
        )
    return ACTION_SCALARS[index]


def check_actions(actions: object, n: int) -> Ints:
    """Return the actions of n environments as a fresh int64 (n,).

    Raises:
        ValueError: the message names the first invalid action, its environment and valid actions.
    """
    array = np.asarray(actions)
    if array.shape != (n,):
        raise ValueError(
            f"actions have the shape {array.shape}; expected ({n},), one for each environment"
        )
    if array.dtype.kind not in "iu":
        raise ValueError(
            f"action {shorten(array[0])} of environment 0 has dtype {array.dtype}; expected"
            f" {EXPECTED_ACTION}"
        )
    array = array.astype(np.int64)
    # As an unsigned integer, a negative number is greater than any action.
    wrong = array.view(np.uint64) >= _COUNT
    first = wrong.argmax()
    if wrong[first]:
        raise ValueError(
            f"action {array[first]} of environment {first}; expected {EXPECTED_ACTION}"
        )
    return array


def require_options(options: object, *names: str) -> dict[str, Any]:
    """Return the options of a reset that are in ``names``, or raise ValueError."""
    if not isinstance(options, Mapping | None):
        raise ValueError(f"options must be a dict such as {{'level': 17}}, got {shorten(options)}")
    for name in options or {}:
        if name not in (*names, *PASSING):
            raise unknown("option of reset", name, [*names, *PASSING])
    return {name: value for name, value in (options or {}).items() if name in names}


def check_mask(mask: object, n: int) -> Bools:
    """Return the option ``reset_mask``, bool (n,); all True if the option is None.

    Raises:
        TypeError, ValueError: under the conditions of Gymnasium's ``SyncVectorEnv``.
    """
    if mask is None:
        return np.ones(n, dtype=np.bool_)
    if not isinstance(mask, np.ndarray) or mask.dtype != np.bool_:
        raise TypeError(f"reset_mask must be a NumPy array of bool, got {shorten(mask)}")
    if mask.shape != (n,) or not mask.any():
        raise ValueError(
            f"reset_mask must have the shape ({n},), one entry for each environment, and at least"
            f" one True; got {shorten(mask)}"
        )
    return mask


def require_states(trap: Trap, states: object, like: State) -> State:
    """Return a user's states if they match ``like`` in trap and number, or raise ValueError.

    States of another trap or size, and states with a value out of range, are rejected.
    """
    if isinstance(states, State) and _form(states) == _form(like) and _in_range(trap, states):
        return states
    raise ValueError(
        f"the given state does not fit {trap!r}; expected the `state` of an environment of the same"
        f" trap and size with {like.n} levels, and every value in its range"
    )


def _form(states: State) -> object:
    """Return shapes, kinds and names of arrays, and the dtypes of tables without their lengths."""
    level, *parts = states.map(lambda array: (np.shape(array), np.asarray(array).dtype.kind))
    tables = {name: (np.ndim(x), np.asarray(x).dtype) for name, x in level.tables.items()}
    return level._replace(tables=tables), parts


def _in_range(trap: Trap, states: State) -> bool:
    level = states.level
    held = {len(level.tables[name]) / entries for name, entries in trap.entries.items()}
    limits = [(level.row, min(held)), *((cells, trap.cells) for cells in states.at.values())]
    limits += [(states.held[kind], most + 1) for kind, most in trap.held.items()]
    limits += [(states.vars[name], values) for name, values in trap.vars.items()]
    limits += [(states.agent, trap.cells), (states.clock, np.inf), (level.number, 2 * LEVELS)]
    inside = all(((array >= 0) & (array < limit)).all() for array, limit in limits)
    if len(held) > 1 or min(held) % 1 or not inside:
        return False
    # If a table is read with the wrong size, its border has gaps; a valid border is all wall.
    walls = trap.table(level, "wall").reshape(-1, *trap.size)
    border = [walls[:, 0], walls[:, -1], walls[:, :, 0], walls[:, :, -1]]
    return all(side.all() for side in border) and not trap.read(level, "wall", states.agent).any()


def spread(name: str, values: object, n: int) -> list[Any]:
    """Return a list with a value per environment, from n values or one value for all.

    Raises:
        ValueError: the sequence does not have n values.
    """
    if not isinstance(values, list | tuple | np.ndarray) or np.shape(values) == ():
        return [values] * n
    if len(values) != n:
        raise ValueError(
            f"{len(values)} {name}s were given for {n} environments; expected 1 or {n}"
        )
    return list(values)


class ResetNeeded(gymnasium.error.ResetNeeded, AttributeError):  # noqa: N818 - the name of Gymnasium's error
    """Gymnasium's error, for which ``hasattr(env, "state")`` returns False before a reset."""


def reset_needed(rows: Sequence[int] = ()) -> ResetNeeded:
    """Return the error for a step before the first reset or after the episode of ``rows`` ended."""
    if not rows:
        return ResetNeeded("the environment has not been reset; call reset() first")
    named = ", ".join(map(str, rows[:8])) + (", ..." if len(rows) > 8 else "")
    return ResetNeeded(
        f"the episode of environment {named} has ended; reset it before the next step"
    )
