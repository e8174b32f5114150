"""Measures what common commands cost, for the guides: ``python -m benchmarks.costs``.

Each row is a command in a new process, in an empty folder. Its CPU seconds include all processes
that it starts. Words choose rows, and the other rows keep their numbers: ``python -m
benchmarks.costs score train``. ``make pages`` writes the table of
``docs/start.md``.
"""

from __future__ import annotations

import os
import platform
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage
from typing import NamedTuple

from mesa_gym.errors import unknown
from mesa_gym.files import read_json, write_json
from mesa_gym.scoring.card import name_processor

ROOT = Path(__file__).parents[1]
FILE = Path(__file__).with_suffix(".json")


class Cost(NamedTuple):
    """A row: what one wants, the command, and a note on what the command costs besides."""

    want: str
    command: str
    note: str = ""


COSTS = {
    "install": Cost(
        "install the core",
        f"{{python}} -m venv venv && venv/bin/pip install -q -e {ROOT}",
        "79 MB on disk",
    ),
    "leaderboard": Cost("see the leaderboard", "mesa-gym leaderboard"),
    "score": Cost("score an agent", "mesa-gym score CheeseCorner --policy ppo:0"),
    "train": Cost(
        "train one agent", "mesa-gym train CheeseCorner --seed 0 --steps 300000 --out runs",
        "four seeds together cost less than four times as much",
    ),
    "sweep": Cost(
        "a sweep of two agents",
        "mesa-gym sweep CheeseCorner --vary alpha=0,.1 steps=300000 --seeds 0-0 --out runs",
        "more agents cost in proportion",
    ),
    "language": Cost(
        "test a scripted language model", f"{{python}} {ROOT}/docs/examples/inspect_task.py",
        "a company's model needs [tokens](language_models.md#costs)",
    ),
}  # fmt: skip


def write_command(cost: Cost) -> str:
    """Return a command as a reader types it in a clone."""
    return cost.command.format(python="python").replace(f" {ROOT}/", " ").replace(str(ROOT), ".")


def measure_cost(cost: Cost) -> float:
    """Return the CPU seconds of a command in an empty folder.

    Raises:
        RuntimeError: the command failed; the message has the end of its output.
    """
    python = shlex.quote(sys.executable)
    command = cost.command.format(python=python).replace("mesa-gym", f"{python} -m mesa_gym", 1)
    before = getrusage(RUSAGE_CHILDREN)
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
        done = subprocess.run(
            command, shell=True, cwd=folder, env=environment, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
    after = getrusage(RUSAGE_CHILDREN)
    if done.returncode:
        raise RuntimeError(f"{command} failed with {done.returncode}: {done.stdout[-500:]}")
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main(words: Sequence[str]) -> None:
    """Measure the named rows (default: all), and write them with the others into ``FILE``."""
    for word in words:
        if word not in COSTS:
            raise unknown("row", word, COSTS)
    measured = read_json(FILE) if FILE.exists() else {"seconds": {}}
    for word in words or COSTS:
        measured["seconds"][word] = round(measure_cost(COSTS[word]), 1)
        measured |= {"made": str(date.today()), "python": platform.python_version()}
        measured["processor"] = name_processor()
        print(f"{word}: {measured['seconds'][word]} CPU seconds", flush=True)
        write_json(FILE, measured)


if __name__ == "__main__":
    main(sys.argv[1:])
