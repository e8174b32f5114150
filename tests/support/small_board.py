"""A small board of agents, reference policies and methods, made into a folder given as argument."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

from benchmarks.leaderboard import runner
from benchmarks.leaderboard.budgets import Budget, Group
from benchmarks.leaderboard.jobs import board_units
from benchmarks.leaderboard.processes import Unit
from benchmarks.tracks.checks import CHECKS
from benchmarks.tracks.running import Evaluation, checked, evaluated

TRAPS = ("CheeseCorner", "CheeseDish")
STEPS, LEVELS, SEEDS = 20_000, 20, 2


def units(out: Path) -> list[Unit]:
    """Return the units of the board."""
    budget = Budget((Group(("ppo", "bc"), TRAPS, SEEDS),), out, STEPS)
    found = board_units(budget.runs(), LEVELS)
    for trap in TRAPS:
        checks = partial(checked, trap, levels=LEVELS)
        found.append(Evaluation(trap, tuple(CHECKS), 0, checks, 5, levels=LEVELS).unit())
        for seed in range(SEEDS):
            make = partial(evaluated, ["ppo"], trap, seed, STEPS, levels=LEVELS)
            found.append(Evaluation(trap, ("ppo",), seed, make, 5, STEPS, LEVELS).unit())
    return found


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    sys.exit(bool(runner.run(units(folder), folder, workers=2)))
