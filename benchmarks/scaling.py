"""Speed-up by a second worker: ``python -m benchmarks.scaling`` times the same units with 1 and 2.

Each unit trains an agent and scores it; each run begins in a fresh folder. The machine should have
two cores to spare.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from agents.train import Run
from benchmarks import runner
from benchmarks.options import count
from benchmarks.processes import Unit
from benchmarks.units import board_unit
from mesa_gym.command import DONE, guarded
from mesa_gym.terminal import table

UNITS, ROUNDS, STEPS, LEVELS = 8, 3, 250_000, 300
WORKERS = (1, 2)
TARGET = 1.8


def main(arguments: Sequence[str] | None = None) -> int:
    """The command: 0 done, 1 the work failed, 2 bad usage, 130 interrupted."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.scaling",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--units", type=count, default=UNITS, help=f"({UNITS})")
    parser.add_argument("--rounds", type=count, default=ROUNDS, help=f"with each ({ROUNDS})")
    parser.add_argument("--steps", type=count, default=STEPS, help=f"of training ({STEPS:,})")
    options = parser.parse_args(arguments)

    def work() -> int:
        units = [
            board_unit(Run("CheeseCorner", seed=seed, steps=options.steps), LEVELS)
            for seed in range(options.units)
        ]
        print(report(measured(units, options.rounds)))
        return DONE

    return guarded("scaling", work)


def measured(units: Sequence[Unit], rounds: int) -> dict[int, list[float]]:
    """Number of workers -> seconds that all units took, by round; the numbers take turns."""
    took: dict[int, list[float]] = {workers: [] for workers in WORKERS}
    _seconds(units[:1], 1)  # what solved levels are worth is kept for all that follow
    for _ in range(rounds):
        for workers, seconds in took.items():
            seconds.append(_seconds(units, workers))
    return took


def _seconds(units: Sequence[Unit], workers: int) -> float:
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        if runner.run(units, Path(folder), workers):
            raise RuntimeError("a unit failed; nothing can be said of the time")
        return time.perf_counter() - began


def report(took: dict[int, list[float]]) -> str:
    """The medians, and how many times faster the most workers are than one."""
    medians = {workers: median(seconds) for workers, seconds in took.items()}
    rows = [
        [str(workers), f"{medians[workers]:.1f}", " ".join(f"{s:.1f}" for s in seconds)]
        for workers, seconds in took.items()
    ]
    most = max(took)
    ratio = medians[1] / medians[most]
    return "\n".join(
        [
            table(["workers", "median s", "each round"], rows),
            "",
            f"{most} workers are {ratio:.2f} times as fast as one (target: {TARGET})",
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
