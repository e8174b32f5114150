"""The tracks: ``python -m benchmarks track rerun`` for a method of one's own, ``run`` for ours.

``rerun`` evaluates a method on unseen levels, prints what it gets beside the committed methods, and
writes records (``--out``). ``run`` evaluates methods on public levels, and goes on where it was
left; ``commit`` puts them among the committed ones; ``render`` makes the page. docs/methods.md has
the rules.
"""

from __future__ import annotations

import argparse
import secrets
from collections.abc import Sequence
from itertools import product
from pathlib import Path

from benchmarks.jobs import runner
from benchmarks.jobs.store import Results, add_results_option
from benchmarks.options import (
    Action,
    add_runner_options,
    count,
    folder,
    run_actions,
    say,
    tell_kept,
)
from benchmarks.tracks.entrant import describe
from benchmarks.tracks.evaluation import LEVELS
from benchmarks.tracks.methods import METHODS
from benchmarks.tracks.page import write_page, write_text_table
from benchmarks.tracks.record import TrackRecord
from benchmarks.tracks.record_files import COMMITTED, MethodRecords, read_methods
from benchmarks.tracks.running import evaluate_method, gather_records, list_jobs
from benchmarks.tracks.scores import score_methods
from benchmarks.tracks.tasks import RANKING, SEEDS, TASKS, find_task
from mesa_gym.command import DONE, FAILED

# Characters of a secret salt: who guesses one knows the levels.
LEAST_SALT = 16
BEST = 3  # committed methods that stand beside one that is tried


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command: 0 done, 1 the work failed, 2 bad usage, 130 interrupted."""
    return run_actions("track", __doc__, ACTIONS, arguments)


def _declare_run(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--tasks", nargs="+", choices=TASKS, help="(default: the ranking tasks)")
    parser.add_argument("--methods", nargs="+", choices=METHODS, help="(default: all)")
    parser.add_argument("--seeds", type=count, default=SEEDS, help=f"of each ({SEEDS})")
    add_runner_options(parser)
    add_results_option(parser)


def _run(options: argparse.Namespace) -> int:
    results = Results(options.out)
    jobs = list_jobs(options.tasks or [*RANKING], options.methods or [*METHODS], options.seeds)
    failed = runner.run(jobs, results.folder, options.workers, options.backend)
    say(f"next: python -m benchmarks track commit{results.out_option()}")
    return FAILED if failed else DONE


def _declare_commit(parser: argparse.ArgumentParser) -> None:
    add_results_option(parser, None)


def _commit(options: argparse.Namespace) -> int:
    for method in gather_records(Results(options.out)):
        path = COMMITTED / f"{method.facts.name}.jsonl"
        method.save(path)
        print(f"wrote {path}: {len(method.records)} records")
    return DONE


def _declare_render(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("records", nargs="*", type=Path, help="NAME.jsonl, beside the committed")
    parser.add_argument("--out", type=folder, required=True, help="the folder of the page")


def _render(options: argparse.Namespace) -> int:
    scores = score_methods(read_methods([*sorted(COMMITTED.glob("*.jsonl")), *options.records]))
    print(write_text_table(scores))
    print(f"\nwrote {write_page(scores, options.out)}: open it for all cells")
    return DONE


def _declare_rerun(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("method", help="a name of benchmarks.tracks.methods, or FILE.py:Class")
    parser.add_argument("--tasks", nargs="+", choices=TASKS, help="(default: the ranking tasks)")
    parser.add_argument("--seeds", type=count, default=1, help="(1)")
    parser.add_argument("--steps", type=count, help="of training an agent (as the task says)")
    parser.add_argument("--levels", type=count, default=LEVELS, help=f"scored ({LEVELS})")
    told = f"the evaluator's secret, {LEAST_SALT} characters or more (default: drawn, and printed)"
    parser.add_argument("--salt", help=told)
    parser.add_argument("--out", type=Path, help="write NAME.jsonl into this folder")


def _rerun(options: argparse.Namespace) -> int:
    wanted = product(options.tasks or RANKING, range(options.seeds))
    facts, salt = describe(options.method), _take_salt(options.salt)
    path = options.out / f"{facts.name}.jsonl" if options.out else None
    if path and path.exists():
        raise ValueError(f"{path} is there already; choose another folder, or remove it")
    own = MethodRecords(facts, [])
    for task, seed in wanted:
        found = find_task(task, seed)
        record = evaluate_method(options.method, found, salt, options.levels, options.steps, say)
        own.records.append(record)
        if path:
            own.save(path)
        say(_describe_record(record))
    print(_compare_committed(own))
    return DONE


def _take_salt(given: str | None) -> str:
    """Return the evaluator's secret, given or drawn, and print it: it repeats the evaluation."""
    salt = secrets.token_hex(LEAST_SALT) if given is None else given
    if len(salt) < LEAST_SALT:
        raise ValueError(
            f"salt {salt!r} is easily guessed: expected {LEAST_SALT} characters at least; without"
            " --salt one is drawn"
        )
    say(f"salt {salt}")
    return salt


def _describe_record(record: TrackRecord) -> str:
    return f"{record.task}, seed {record.seed}: S {record.area:z.2f}, C {record.coverage:z.2f}"


def _compare_committed(own: MethodRecords) -> str:
    """Return a method's line among those of the best committed ones, on the same tasks."""
    tasks = {record.task for record in own.records}
    committed = [
        MethodRecords(each.facts, [record for record in each.records if record.task in tasks])
        for each in read_methods(sorted(COMMITTED.glob("*.jsonl")))
        if each.facts.name != own.facts.name
    ]
    best, mine = score_methods(committed), score_methods([own])
    return write_text_table([*best[:BEST], *mine])


ACTIONS = {
    "rerun": Action("evaluate one method on unseen levels", _declare_rerun, _rerun),
    "run": Action("evaluate methods on public levels", _declare_run, _run, tell_kept),
    "commit": Action("put methods among the committed ones", _declare_commit, _commit),
    "render": Action("the page of methods", _declare_render, _render),
}
