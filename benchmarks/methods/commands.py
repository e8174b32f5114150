"""Methods: ``python -m benchmarks methods run`` for ours, or for one of your own.

``run`` evaluates methods, and continues an interrupted run. It writes their records,
``NAME.jsonl``, and prints their results beside the committed ones (benchmarks/results/methods).
docs/methods.md has the rules.
"""

from __future__ import annotations

import argparse
import inspect
from collections.abc import Sequence
from functools import partial
from hashlib import blake2b
from itertools import product
from pathlib import Path

import msgspec

from benchmarks.jobs import runner
from benchmarks.jobs.job import Job, Scratch
from benchmarks.methods import METHODS
from benchmarks.methods.evaluation import evaluate_method, find_method, name_method
from benchmarks.methods.evaluator import LEVELS, Evaluator
from benchmarks.methods.record import TaskRecord, read_committed, save_records
from benchmarks.methods.standings import tabulate
from benchmarks.methods.tasks import (
    BOARD_VERSION,
    RANKING,
    TASKS,
    BoardTask,
    find_public_salt,
    find_task,
)
from benchmarks.options import (
    Action,
    add_results_option,
    add_workers_option,
    count,
    run_actions,
    tell_kept,
)
from mesa_gym.command import DONE, FAILED
from mesa_gym.files import read_bytes, write_bytes
from mesa_gym.json_data import decode_json
from mesa_gym.scoring import salt_digest
from mesa_gym.terminal import table

USUAL, RECORD = Path("runs/methods"), "record.json"


def make_job(method: str, task: BoardTask, salt: str, levels: int, steps: int) -> Job:
    """Return the job that evaluates a method on a task; changed code makes another job."""
    name, code = name_method(method), Path(inspect.getfile(find_method(method)))
    terms = {
        "board": BOARD_VERSION,
        "code": blake2b(read_bytes(code), digest_size=8).hexdigest(),
        "levels": levels,
        "salt": salt_digest(salt),
        "agent steps": steps,
    }
    result = f"{name}/{task.name}-s{task.seed}"
    make = partial(evaluate, method, task, salt, levels, steps)
    return Job(result, {result: terms}, make)


def evaluate(
    method: str, task: BoardTask, salt: str, levels: int, steps: int, scratch: Scratch
) -> None:
    """Evaluate a method, and keep the record."""
    (result,) = scratch.results
    record = evaluate_method(method, Evaluator(task, salt, levels), steps)
    write_bytes(scratch.place(result) / RECORD, msgspec.json.encode(record))
    scratch.keep(result)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command: 0 done, 1 the work failed, 2 bad usage, 130 interrupted."""
    return run_actions("methods", __doc__, ACTIONS, arguments)


def _declare_run(parser: argparse.ArgumentParser) -> None:
    names = ", ".join(METHODS)
    parser.add_argument("methods", nargs="*", help=f"FILE.py:Class or names (default: {names})")
    parser.add_argument("--tasks", nargs="+", choices=TASKS, help="(default: all that rank)")
    parser.add_argument("--seeds", type=count, default=1, help="seeds of each task (1)")
    parser.add_argument("--steps", type=count, help="training steps (default: by task)")
    parser.add_argument("--levels", type=count, default=LEVELS, help=f"levels to score ({LEVELS})")
    told = "a secret that draws levels which no one has seen (default: public ones)"
    parser.add_argument("--salt", help=told)
    add_workers_option(parser)
    add_results_option(parser, USUAL)


def _run(options: argparse.Namespace) -> int:
    methods, jobs = options.methods or [*METHODS], list[Job]()
    for seed, name, method in product(range(options.seeds), options.tasks or RANKING, methods):
        task, salt = find_task(name, seed), options.salt or find_public_salt(seed)
        steps = options.steps or task.steps
        jobs.append(make_job(method, task, salt, options.levels, steps))
    failed = runner.run(jobs, options.out, options.workers)
    own = {name_method(method): read_results(options.out, method) for method in methods}
    for name, records in own.items():
        save_records(options.out / f"{name}.jsonl", name, records)
    tasks = {record.task for records in own.values() for record in records}
    committed = {
        name: [record for record in records if record.task in tasks]
        for name, records in read_committed().items()
    }
    print(table(*tabulate(committed | own)))
    return FAILED if failed else DONE


def read_results(folder: Path, method: str) -> list[TaskRecord]:
    """Return the records of a method that a folder of results holds."""
    paths = sorted(folder.glob(f"{name_method(method)}/*/{RECORD}"))
    return [decode_json(read_bytes(path), TaskRecord) for path in paths]


ACTIONS = {
    "run": Action("evaluate methods, ours or your own", _declare_run, _run, tell_kept),
}
