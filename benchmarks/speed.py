"""Benchmarks: the CPU seconds of everything that a user waits for, printed row by row.

::

    python -m benchmarks.speed --against FOLDER

Each measurement is a process of its own, and the columns of a row and both checkouts take turns, so
that other work on the machine falls on all of them. Cells are medians. The cells of this checkout
are written into the tables of ``docs/studies/speed``. Rows that were not chosen keep theirs.
"""

from __future__ import annotations

import argparse
import csv
import os
import subprocess
import sys
from collections.abc import Sequence
from math import isnan
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from benchmarks.speed_works import STEP_COUNTS, STEP_RATES, TABLES
from mesa_gym.command import DONE, FAILED, Parser, run_command
from mesa_gym.files import format_csv, locate_path, write_text

HERE = Path(__file__).parents[1]
SPEED_STUDY = HERE / "docs" / "studies" / "speed"
RUNS = 2
# Code is timed from the start of its process, or from the line that sets ``began``, to its end.
WHOLE = "from time import process_time as now; began = 0.0\n{}\nprint(); print(now() - began)"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the program's arguments."""
    add = parser.add_argument
    add("--against", type=locate_path, metavar="FOLDER", help="another checkout")
    add("--only", default="", metavar="WORDS", help="tables or rows that hold these words")
    add("--runs", type=int, default=RUNS, help="of each row (default: %(default)s)")


def run(options: argparse.Namespace) -> int:
    """Print the chosen rows, and write the rows of this checkout that did not fail."""
    trees = [options.against.resolve(), HERE] if options.against else [HERE]
    status = DONE
    for table, rows in TABLES.items():
        for row, works in rows.items():
            if options.only not in f"{table}: {row}":
                continue
            *old_seconds, here = measure_row(works, trees, options.runs)
            cells = [f"{column} {format_pair(old_seconds, here, column)}" for column in works]
            print(f"{table}: {row}: {', '.join(cells)}", flush=True)
            if any(map(isnan, here.values())):
                status = FAILED
            else:
                keep_row(table, row, here)
    return status


def format_pair(
    old_seconds: Sequence[dict[str, float]], here: dict[str, float], column: str
) -> str:
    """Return the seconds of a column here, after those of the other checkout if there is one."""
    return " -> ".join(f"{seconds[column]:.3f}" for seconds in (*old_seconds, here))


def keep_row(table: str, row: str, seconds: dict[str, float]) -> None:
    """Write a row into its table; the other rows stay, and rows without a work are left out."""
    cells = {column: _write_cell(table, column, x) for column, x in seconds.items()}
    rows = read_table(table) | {row: cells}
    kept = [{"": name} | rows[name] for name in TABLES[table] if name in rows]
    write_text(find_table(table), format_csv(kept))


def find_table(table: str) -> Path:
    """Return the file of a table."""
    return SPEED_STUDY / f"{table}.csv"


def read_table(table: str) -> dict[str, dict[str, str]]:
    """Return a table: row -> column -> CPU seconds, or millions of steps per second."""
    file = find_table(table)
    if not file.exists():
        return {}
    with file.open(newline="") as text:
        return {cells.pop(""): cells for cells in csv.DictReader(text)}


def _write_cell(table: str, column: str, seconds: float) -> str:
    if table != STEP_RATES:
        return f"{seconds:.2f}"
    count = int(column.partition(" ")[0].replace(",", ""))
    return f"{count * STEP_COUNTS[count] / seconds / 1e6:.2g}"


def main(arguments: Sequence[str] | None = None) -> int:
    """The command: 0 done, 2 bad usage, 130 interrupted."""
    parser = Parser(prog="python -m benchmarks.speed", description=__doc__)
    add_arguments(parser)
    options = parser.parse_args(arguments)
    return run_command("speed", lambda: run(options))


def measure_row(works: dict[str, str], trees: Sequence[Path], runs: int) -> list[dict[str, float]]:
    """Return the median CPU seconds of each column, for each checkout.

    A run of a row begins with an empty cache, which its columns then share.
    """
    seconds: list[dict[str, list[float]]] = [{column: [] for column in works} for _ in trees]
    for _ in range(runs):
        with TemporaryDirectory() as folder:
            for column, code in works.items():
                for i, tree in enumerate(trees):
                    cache = Path(folder) / str(i)
                    seconds[i][column].append(measure_once(code, tree, cache))
    return [{column: median(times) for column, times in of.items()} for of in seconds]


def measure_once(code: str, tree: Path, cache: Path) -> float:
    """Return the CPU seconds of code in a new process; nan and an error on stderr if it fails.

    Args:
        code: the code, from ``TABLES``.
        tree: the checkout with the packages to import.
        cache: the folder of the code's cache.
    """
    variables = {"PYTHONPATH": str(tree), "MESA_GYM_CACHE": str(cache), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", WHOLE.format(code)],
        cwd=tree, env=os.environ | variables, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        *_, message = ["", *done.stderr.strip().splitlines()]
        print(f"{tree}: exit status {done.returncode}: {message}", file=sys.stderr)
        return float("nan")
    return float(done.stdout.split()[-1])


if __name__ == "__main__":
    sys.exit(main())
