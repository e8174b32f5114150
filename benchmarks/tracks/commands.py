"""The tracks: ``python -m benchmarks track rerun`` for a method of one's own, ``run`` for ours.

``rerun`` evaluates a method on unseen levels, prints what it gets beside the committed methods,
writes records to hand in (``--out``), or compares with such records (``--against``). ``run``
evaluates methods on public levels, and goes on where it was left; ``commit`` puts them among the
committed ones; ``render`` makes the page. docs/methods.md has the rules.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from datetime import date
from itertools import product
from pathlib import Path

from msgspec import convert, structs

from benchmarks.challenge import Entry, add_salt_option, take_salt
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
from benchmarks.tracks.comparing import compare_methods
from benchmarks.tracks.evaluation import LEVELS
from benchmarks.tracks.methods import METHODS
from benchmarks.tracks.page import write_page, write_text_table
from benchmarks.tracks.record import TrackRecord
from benchmarks.tracks.record_files import COMMITTED, MethodRecords, read_method, read_methods
from benchmarks.tracks.running import evaluate_method, gather_records, list_jobs
from benchmarks.tracks.scores import score_methods
from benchmarks.tracks.tasks import RANKING, SEEDS, TASKS, find_task
from benchmarks.tracks.wall import Wall
from mesa_gym.command import DONE, FAILED

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
    add_salt_option(parser)
    either = parser.add_mutually_exclusive_group()
    either.add_argument("--out", type=Path, help="write NAME.jsonl into this folder, to hand in")
    either.add_argument(
        "--against", type=Path, help="compare with this NAME.jsonl; all else is as it says"
    )
    parser.add_argument("--authors", nargs="+", help="of the method, with --out")
    parser.add_argument("--code", help="address of its published code, with the commit")


def _rerun(options: argparse.Namespace) -> int:
    entry = _read_entry(options)
    if options.against and not options.against.is_file():
        raise ValueError(f"there is no file {options.against}; expected NAME.jsonl")
    claim = read_method(options.against) if options.against else None
    wanted = [*product(options.tasks or RANKING, range(options.seeds))]
    if claim:
        wanted = sorted((record.task, record.seed) for record in claim.records)
    salt = take_salt(options.salt)
    with Wall() as wall:
        facts = wall.describe(options.method)
        path = options.out / f"{facts.name}.jsonl" if options.out else None
        if path and path.exists():
            raise ValueError(f"{path} is there already; choose another folder, or remove it")
        own = MethodRecords(structs.replace(facts, entry=entry), [])
        for task, seed in wanted:
            record = evaluate_method(
                wall, options.method, find_task(task, seed), salt,
                claim.records[0].levels if claim else options.levels, options.steps, say,
            )  # fmt: skip
            own.records.append(record)
            if path:
                own.save(path)
            say(_describe_record(record))
    print(_compare_committed(own))
    differences = compare_methods(claim, own) if claim else []
    for line in differences:
        print(line)
    return FAILED if differences else DONE


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


def _read_entry(options: argparse.Namespace) -> Entry | None:
    given = {"authors": options.authors, "code": options.code}
    if not any(given.values()):
        return None
    if options.out is None or None in given.values():
        raise ValueError("--authors and --code are given together, with --out")
    return convert(given | {"date": date.today().isoformat()}, Entry)


ACTIONS = {
    "rerun": Action("evaluate one method on unseen levels", _declare_rerun, _rerun),
    "run": Action("evaluate methods on public levels", _declare_run, _run, tell_kept),
    "commit": Action("put methods among the committed ones", _declare_commit, _commit),
    "render": Action("the page of methods", _declare_render, _render),
}
