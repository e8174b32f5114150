"""The tracks: ``python -m benchmarks track run``, and ``track rerun`` for a method of one's own.

``run`` evaluates methods with a given amount of information, and goes on where it was left.
``rerun`` evaluates one method on unseen levels: it prints what the method gets, writes records to
hand in (``--out``), or verifies such records (``--against``). docs/tracks.md has the rules.
"""

from __future__ import annotations

import argparse
import secrets
from collections.abc import Sequence
from datetime import date
from itertools import product
from pathlib import Path

from msgspec import convert, structs, to_builtins

from benchmarks.options import (
    Action,
    add_runner_options,
    count,
    folder,
    run_actions,
    say,
    tell_kept,
)
from benchmarks.runs import runner
from benchmarks.runs.results import Results, add_results_option, require_writable
from benchmarks.tracks.evaluation import LEVELS
from benchmarks.tracks.methods import METHODS
from benchmarks.tracks.record import Origin, TrackRecord, record_path
from benchmarks.tracks.running import (
    TRACKS,
    evaluate_methods,
    steps_on,
    track_units,
)
from benchmarks.tracks.shares import MITIGATIONS
from benchmarks.tracks.trap_sets import DEVELOPMENT, LEAST_SEEDS, RANKING
from benchmarks.tracks.verifying import compare_records, find_claims, mark_verified, require_terms
from benchmarks.tracks.wall import Wall
from mesa_gym.command import DONE, FAILED
from mesa_gym.scoring import salt_digest
from mesa_gym.terminal import table
from mesa_gym.traps import find_trap

COLUMNS = ("m, base wanted", "m, proxy wanted", "solved on test")
NAMES = [*METHODS, *(f"alpha-{name}" for name in MITIGATIONS)]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command: 0 done, 1 the work failed, 2 bad usage, 130 interrupted."""
    return run_actions("track", __doc__, ACTIONS, arguments)


def _declare_run(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--traps", nargs="+", help="(default: the ranking and the development traps)"
    )
    parser.add_argument("--methods", nargs="+", choices=NAMES, help="(default: all)")
    parser.add_argument("--seeds", type=count, default=3, help="of each method (3)")
    add_runner_options(parser)
    add_results_option(parser)


def _run(options: argparse.Namespace) -> int:
    results = Results(options.out)
    traps = [find_trap(name).__name__ for name in options.traps or RANKING + DEVELOPMENT]
    units = track_units(traps, options.methods or NAMES, options.seeds)
    failed = runner.run(units, results.folder, options.workers, options.backend)
    say(f"next: python -m benchmarks board render{results.out_option()}")
    return FAILED if failed else DONE


def _declare_rerun(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("method", help="a name of benchmarks.tracks.methods, or FILE.py:Class")
    parser.add_argument("--track", nargs="+", choices=TRACKS, help="(default: all it enters)")
    parser.add_argument("--traps", nargs="+", help="(default: the ranking traps)")
    parser.add_argument("--seeds", type=count, default=LEAST_SEEDS, help=f"({LEAST_SEEDS})")
    parser.add_argument("--steps", type=count, help="of training an agent (as the trap takes)")
    parser.add_argument("--levels", type=count, default=LEVELS, help=f"scored ({LEVELS})")
    parser.add_argument("--salt", help="the evaluator's secret (default: drawn, and printed)")
    either = parser.add_mutually_exclusive_group()
    either.add_argument("--out", type=folder, help="write records there, to hand in")
    either.add_argument(
        "--against", type=folder, help="verify the method's records there; all else is as they say"
    )
    parser.add_argument("--by", help="the evaluator's name, with --against")
    parser.add_argument("--authors", nargs="+", help="of the method, with --out")
    parser.add_argument("--code", help="address of its published code")
    parser.add_argument("--commit", help="of that code")
    parser.add_argument("--paper", default="", help="address or name of its paper")


def _rerun(options: argparse.Namespace) -> int:
    origin = read_origin(options)
    if (options.against is None) != (options.by is None):
        raise ValueError("--against FOLDER and --by NAME are given together")
    salt = options.salt or secrets.token_hex(8)
    if options.out:
        require_writable(options.out)  # not after hours of work
    claims = find_claims(options.against, options.method) if options.against else None
    say(f"salt {salt}")
    with Wall() as wall:
        if claims is not None:
            return _verify(wall, options, claims, salt)
        rows = []
        traps = [find_trap(name).__name__ for name in options.traps or RANKING]
        for trap, seed in product(traps, range(options.seeds)):
            steps, tracks = options.steps or steps_on(trap), options.track or TRACKS
            (record,) = evaluate_methods(
                wall, [options.method], trap, seed, steps, salt, tracks, options.levels, say
            )
            rows += [[trap, str(seed), *row] for row in tabulate_record(record)]
            if options.out:
                path = record_path(record.trap, record.method, seed)
                structs.replace(record, origin=origin).save(options.out / path)
    print(table(["trap", "seed", "track", "budget", "result", *COLUMNS], rows))
    return DONE


def read_origin(options: argparse.Namespace) -> Origin | None:
    """Return the origin of a method of which records are written.

    Raises:
        ValueError: a part is missing.
    """
    given = [options.authors, options.code, options.commit]
    if not any(given) and (options.out is None or options.method in METHODS):
        return None
    if not all(given) or options.out is None:
        raise ValueError(
            "records of a method to hand in need --out, --authors, --code and --commit together"
        )
    today = date.today().isoformat()
    origin = Origin(
        authors=options.authors,
        code=options.code,
        commit=options.commit,
        paper=options.paper,
        date=today,
    )
    return convert(to_builtins(origin), Origin)  # constructors check no lengths


def _verify(
    wall: Wall, options: argparse.Namespace, claims: dict[str, dict[Path, TrackRecord]], salt: str
) -> int:
    """Rerun what records claim, and mark those of the traps on which the values agree."""
    differences = []
    for trap, records in claims.items():
        require_terms(records, options.levels, options.steps or steps_on(trap))
        own = []
        for claim in records.values():
            if claim.salt == salt_digest(salt):
                raise ValueError("the records were made with this salt; verify them with another")
            tracks = [track for track in TRACKS if getattr(claim, track) is not None]
            own += evaluate_methods(
                wall,
                [options.method],
                find_trap(trap).__name__,
                claim.seed,
                claim.steps,
                salt,
                tracks,
                claim.levels,
                say,
            )
        different = compare_records([*records.values()], own)
        if not different:
            mark_verified(records, options.by, salt_digest(salt))
            say(f"{trap}: verified, seeds {', '.join(str(claim.seed) for claim in own)}")
        differences += different
    for line in differences:
        print(line)
    return FAILED if differences else DONE


def tabulate_record(record: TrackRecord) -> list[list[str]]:
    """Return what a record says, as rows: track, budget, C or S, and ``COLUMNS``.

    Of coverage there is a row for each member, whose m for the proxy is that of base reversed.
    """
    rows = []
    if record.coverage:
        rows.append(["coverage", "", f"C {record.coverage.value:.2f}", "", "", ""])
        for index, member in enumerate(record.coverage.members):
            numbers = (f"{x:.2f}" for x in (member.m, -member.m, member.solved))
            rows.append(["coverage", "", f"member {index}", *numbers])
    points = {"ask": record.ask or []}
    if record.labels:
        points["labels, returns"] = record.labels.returns
        points["labels, demonstrations"] = record.labels.demonstrations
    for track, along in points.items():
        for p in along:
            numbers = (f"{x:.2f}" for x in (*p.m, p.solved))
            rows.append([track, str(p.budget), f"S {p.steering:.2f}", *numbers])
    return rows


ACTIONS = {
    "run": Action("evaluate methods", _declare_run, _run, tell_kept),
    "rerun": Action("evaluate one method on unseen levels", _declare_rerun, _rerun),
}
