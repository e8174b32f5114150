"""What the entries of an action trace can be, wherever they come from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from mesa_gym.engine import ACTIONS, Ints
from mesa_gym.scoring.rollout import ENDED, Actions
from mesa_gym.traps import LEVELS, Split

LONGEST_NAME = 200
# Of a grid's side and of a trap's parameter: greater ones are of no use and would fill the memory.
LARGEST = 255
HEX_DIGITS = set("0123456789abcdef")


def require_text(name: str, value: Any) -> None:
    """ValueError unless it can be printed: names end up in terminals and on pages."""
    if not isinstance(value, str) or not 0 < len(value) <= LONGEST_NAME or not value.isprintable():
        raise ValueError(
            f"{name} is {_cut(value)}; expected 1 to {LONGEST_NAME} printable characters"
        )


def require_sizes(name: str, values: Mapping[str, Any]) -> None:
    """ValueError unless all are small positive integers with names."""
    for key, value in values.items():
        require_text(f"a name in {name}", key)
        if type(value) is not int or not 1 <= value <= LARGEST:
            raise ValueError(
                f"{name}: {key} is {_cut(value)}; expected an integer from 1 to {LARGEST}"
            )


def require_seed(seed: Any) -> None:
    """ValueError unless it is an integer that a generator can begin with."""
    if type(seed) is not int or not 0 <= seed < 1 << 64:
        raise ValueError(f"seed is {_cut(seed)}; expected an integer from 0 to 2**64 - 1")


def require_digest(digest: Any) -> None:
    """ValueError unless it is what ``salt_digest`` gives."""
    if digest == "":
        return
    if not isinstance(digest, str) or len(digest) != 32 or not set(digest) <= HEX_DIGITS:
        raise ValueError(f"salt is {_cut(digest)}; expected what salt_digest gives, 32 hex digits")


def require_levels(split: Split, levels: Ints) -> None:
    """ValueError unless they are level numbers, int64 (n,), each once."""
    where = f"split {split.value!r}"
    if levels.dtype != np.int64 or levels.ndim != 1 or not levels.size:
        raise ValueError(
            f"{where}: levels have the shape {levels.shape} and dtype {levels.dtype}; expected"
            " int64 (n,), at least one"
        )
    bad = (levels < 0) | (levels >= LEVELS)
    if bad.any():
        raise ValueError(f"{where}: level {levels[bad.argmax()]}; expected 0 to 2**48 - 1")
    ordered = np.sort(levels)
    twice = ordered[1:] == ordered[:-1]
    if twice.any():
        raise ValueError(f"{where}: level {ordered[twice.argmax()]} is there twice")


def require_actions(split: Split, levels: Ints, actions: Actions) -> None:
    """ValueError unless they are actions or ``ENDED``, int8 (n, horizon)."""
    if actions.dtype != np.int8 or actions.ndim != 2 or len(actions) != len(levels):
        raise ValueError(
            f"split {split.value!r}: actions have the shape {actions.shape} and dtype"
            f" {actions.dtype}; expected int8 ({len(levels)}, horizon)"
        )
    bad = (actions < ENDED) | (actions >= len(ACTIONS))
    if bad.any():
        row, step = np.argwhere(bad)[0]
        raise ValueError(
            f"split {split.value!r}, level {levels[row]}, step {step}: action"
            f" {actions[row, step]}; there is 0 to {len(ACTIONS) - 1}, and {ENDED} after the end"
        )


def _cut(value: Any) -> str:
    """The value as Python writes it, with what is long cut short."""
    shown = repr(value)
    return shown if len(shown) <= 80 else f"{shown[:80]}…"
