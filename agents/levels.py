"""Training levels by number, as the environments number them."""

from __future__ import annotations

import numpy as np

from mesa_gym.grid import Ints, State
from mesa_gym.traps import LEVELS, Split, Trap


def start_states(trap: Trap, numbers: Ints) -> State:
    """The start states of levels, in order.

    Args:
        trap: whose levels.
        numbers: int64 (n,); from 2**48 up they stand for levels of the shift distribution.
    """
    starts = State(trap.schema, len(numbers))
    for split in (Split.TRAIN, Split.SHIFT):
        rows = ((numbers >= LEVELS) == split.shifted).nonzero()[0]
        if rows.size:
            starts.put(rows, trap.levels(split, numbers[rows]), np.arange(len(rows)))
    return starts
