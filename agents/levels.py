"""Training levels by number, as the environments number them."""

from __future__ import annotations

import numpy as np

from agents.lesson import Lesson
from mesa_gym.engine import Ints, State
from mesa_gym.traps import LEVELS, Split, Trap


def level_numbers(lesson: Lesson, count: int, rng: np.random.Generator) -> Ints:
    """Draw different training levels.

    Args:
        lesson: says how many there are, and which share of them is of the shift distribution.
        count: how many are wanted.
        rng: chooses.

    Returns:
        int64, ``count`` of them or as many as there are. A number of 2**48 or more stands for a
        level of the shift, as with the environments.
    """
    there_are = LEVELS if lesson.num_levels is None else lesson.num_levels
    numbers = rng.choice(there_are, min(count, there_are), replace=False)
    shifted = rng.random(len(numbers)) < lesson.alpha
    return np.where(shifted, numbers + LEVELS, numbers)


def start_states(trap: Trap, numbers: Ints) -> State:
    """Return the start states of levels, in order.

    Args:
        trap: whose levels.
        numbers: int64 (n,), of ``level_numbers``.
    """
    shifted = numbers >= LEVELS
    parts = [
        trap.levels(split, numbers[shifted == split.shifted])
        for split in (Split.TRAIN, Split.SHIFT)
        if (shifted == split.shifted).any()
    ]
    back = np.argsort(np.argsort(shifted, kind="stable"))
    return trap.joined(parts).take(back)
