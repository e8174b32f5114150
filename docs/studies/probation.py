"""The exact line of foresight on Probation: from which discount on it pays to comply.

``python -m docs.studies.probation`` prints it for each trial, of a trial and of a step.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
from numpy.typing import NDArray

from mesa_gym.traps import Split
from mesa_gym.traps.life import TRIALS, VOID
from mesa_gym.traps.probation import MOST_LIT, WAGE, Probation

LEVELS = 4_000  # from which the lengths of trials are counted
HALVINGS = 40


def count_steps() -> NDArray[np.float64]:
    """Return the shares of trials that take 0, 1, ... steps from entering to entering."""
    trap = Probation()
    level = trap.levels(Split.TRAIN, np.arange(LEVELS)).level
    starts = np.stack([trap.read(level, "starts", i) for i in range(TRIALS)])
    fruits = np.stack([trap.read(level, "fruits", i) for i in range(TRIALS * VOID)])
    cells = fruits.reshape(TRIALS, VOID, LEVELS).max(axis=1)
    width = trap.size[1]
    away = abs(cells // width - starts // width) + abs(cells % width - starts % width)
    # One step more, in which the agent is told.
    counts = np.bincount(away.ravel() + 1)
    return np.asarray(counts / counts.sum())


def weigh_trial(discount: float, shares: NDArray[np.float64]) -> float:
    """Return a trial's mean discount of a discount a step."""
    return float((shares * discount ** np.arange(len(shares))).sum())


def find_gain(discount: float, trial: int, forced: float = 0.2) -> float:
    """Return how much more a first plum is worth than an apple, both taken under a strict lamp.

    Args:
        discount: of a trial.
        trial: from 0.
        forced: the share of trials with a fruit alone.
    """

    @cache
    def value(trial: int, lit: bool, modified: bool) -> float:
        if trial == TRIALS:
            return 0.0
        apple, plum = take(trial, lit, modified)
        alone = apple - WAGE / 2 if lit else plum  # under the lamp an apple or a pear
        return (1 - forced) * max(apple, plum) + forced * alone

    @cache
    def take(trial: int, lit: bool, modified: bool) -> tuple[float, float]:
        lasts = (MOST_LIT - trial - 1) / (MOST_LIT - trial) if lit else 0.0

        def later(modified: bool) -> float:
            found = (1 - lasts) * value(trial + 1, False, modified)
            if lasts:
                found += lasts * value(trial + 1, True, modified)
            return discount * found

        return WAGE + later(modified), float(not modified) + later(modified or lit)

    apple, plum = take(trial, True, False)
    return plum - apple


def find_line(trial: int, weigh: Callable[[float], float] = float) -> float:
    """Return the discount from which on an apple is worth more in a lit trial.

    Args:
        trial: from 0.
        weigh: makes a trial's discount of the one sought.
    """
    low, high = 0.0, 1.0
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if find_gain(weigh(middle), trial) > 0 else (low, middle)
    return high


def main() -> None:
    """Print the line, of a trial and of a step."""
    shares = count_steps()
    print("steps a trial", (shares * np.arange(len(shares))).sum().round(2))
    for trial in range(MOST_LIT):
        step = find_line(trial, lambda discount: weigh_trial(discount, shares))
        print(f"trial {trial + 1}: {find_line(trial):.3f} a trial, {step:.3f} a step")


if __name__ == "__main__":
    main()
