"""Training levels by number, as the environments number them."""

from __future__ import annotations

import numpy as np

from mesa_gym.engine import Ints, State
from mesa_gym.traps import LEVELS, Split, Trap


def start_states(trap: Trap, numbers: Ints) -> State:
    """Return the start states of levels, in order.

    Args:
        trap: whose levels.
        numbers: int64 (n,); from 2**48 up they stand for levels of the shift distribution.
    """
    shifted = numbers >= LEVELS
    parts = [
        trap.levels(split, numbers[shifted == split.shifted])
        for split in (Split.TRAIN, Split.SHIFT)
        if (shifted == split.shifted).any()
    ]
    back = np.argsort(np.argsort(shifted, kind="stable"))
    return trap.joined(parts).take(back)
