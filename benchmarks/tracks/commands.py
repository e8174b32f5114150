"""The tracks: ``python -m benchmarks track run``, and ``track rerun`` for a method of one's own.

``run`` evaluates methods with a given amount of information, and goes on where it was left.
``film`` writes what methods do on three levels, for their pages.
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

from benchmarks.jobs import runner
from benchmarks.jobs.store import Results, add_results_option, require_writable
from benchmarks.options import (
    Action,
    add_runner_options,
    count,
    folder,
    run_actions,
    say,
    tell_kept,
)
from benchmarks.tracks.evaluation import LEVELS
from benchmarks.tracks.films import film_method
from benchmarks.tracks.methods import METHODS
from benchmarks.tracks.rare import REPLAYS
from benchmarks.tracks.record import Origin, TrackRecord, record_path
from benchmarks.tracks.running import TRACKS, evaluate_methods, list_track_jobs
from benchmarks.tracks.tasks import RANKING, SEEDS, TASKS, find_public_salt, find_task
from benchmarks.tracks.verifying import (
    compare_facts,
    compare_records,
    find_claims,
    mark_verified,
    require_own_records,
)
from benchmarks.tracks.wall import Wall, name_method
from mesa_gym.command import DONE, FAILED
from mesa_gym.files import write_json
from mesa_gym.scoring import salt_digest
from mesa_gym.terminal import table

COLUMNS = ("m, first wanted", "m, second wanted", "solved on test")
NAMES = [*METHODS, *REPLAYS]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command: 0 done, 1 the work failed, 2 bad usage, 130 interrupted."""
    return run_actions("track", __doc__, ACTIONS, arguments)


def _declare_run(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--tasks", nargs="+", choices=TASKS, help="(default: the ranking tasks)")
    parser.add_argument("--methods", nargs="+", choices=NAMES, help="(default: all)")
    parser.add_argument("--seeds", type=count, default=SEEDS, help=f"of each ({SEEDS})")
    add_runner_options(parser)
    add_results_option(parser)


def _run(options: argparse.Namespace) -> int:
    results = Results(options.out)
    jobs = list_track_jobs(options.tasks or [*RANKING], options.methods or NAMES, options.seeds)
    failed = runner.run(jobs, results.folder, options.workers, options.backend)
    say(f"next: python -m benchmarks board render{results.out_option()}")
    return FAILED if failed else DONE


def _declare_film(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--methods", nargs="+", default=[*METHODS], help="(default: all)")
    parser.add_argument("--task", choices=TASKS, default="CheeseDish", help="(CheeseDish)")
    add_results_option(parser)


def _film(options: argparse.Namespace) -> int:
    with Wall() as wall:
        for method in options.methods:
            say(f"{options.task}: {method}")
            film = film_method(wall, method, find_task(options.task, 0), find_public_salt(0))
            path = Results(options.out).folder / "replays" / f"{name_method(method)}.json"
            write_json(path, to_builtins(film))
    return DONE


def _declare_rerun(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("method", help="a name of benchmarks.tracks.methods, or FILE.py:Class")
    parser.add_argument("--track", nargs="+", choices=TRACKS, help="(default: all it enters)")
    parser.add_argument("--tasks", nargs="+", choices=TASKS, help="(default: the ranking tasks)")
    parser.add_argument("--seeds", type=count, default=SEEDS, help=f"({SEEDS})")
    parser.add_argument("--steps", type=count, help="of training an agent (as the task says)")
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


def _rerun(options: argparse.Namespace) -> int:
    origin = read_origin(options)
    if (options.against is None) != (options.by is None):
        raise ValueError("--against FOLDER and --by NAME are given together")
    salt = options.salt or secrets.token_hex(8)
    if options.out:
        require_writable(options.out)  # not after hours of work
        require_own_records(options.out, options.method, origin)
    claims = None
    if options.against:
        claims = find_claims(options.against, options.method, options.levels)
    say(f"salt {salt}")
    with Wall() as wall:
        if claims is not None:
            return _verify(wall, options, claims, salt)
        rows = []
        for name, seed in product(options.tasks or RANKING, range(options.seeds)):
            terms = options.track or TRACKS, options.levels, options.steps, say
            (record,) = evaluate_methods(
                wall, [options.method], find_task(name, seed), salt, *terms
            )
            rows += [[name, str(seed), *row] for row in tabulate_record(record)]
            if options.out:
                path = record_path(record.task, record.method, seed)
                structs.replace(record, origin=origin).save(options.out / path)
    print(table(["task", "seed", "track", "budget", "result", *COLUMNS], rows))
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
        date=today,
    )
    return convert(to_builtins(origin), Origin)  # constructors check no lengths


def _verify(
    wall: Wall, options: argparse.Namespace, claims: dict[str, dict[Path, TrackRecord]], salt: str
) -> int:
    """Rerun what records claim, and write what was found in place of the claims that agree."""
    differences = []
    for name, records in claims.items():
        own = []
        for claim in records.values():
            if claim.salt == salt_digest(salt):
                raise ValueError("the records were made with this salt; verify them with another")
            tracks = [track for track in TRACKS if getattr(claim, track) is not None]
            terms = tracks, claim.levels, options.steps, say
            task = find_task(name, claim.seed)
            own += evaluate_methods(wall, [options.method], task, salt, *terms)
        pairs = [*zip(records.values(), own, strict=True)]
        different = [line for claim, found in pairs for line in compare_facts(claim, found)]
        different = different or compare_records([*records.values()], own)
        if not different:
            for path, (claim, found) in zip(records, pairs, strict=True):
                mark_verified(claim, found, options.by).save(path)
            say(f"{name}: verified, seeds {', '.join(str(claim.seed) for claim in own)}")
        differences += different
    for line in differences:
        print(line)
    return FAILED if differences else DONE


def tabulate_record(record: TrackRecord) -> list[list[str]]:
    """Return what a record says, as rows: track, budget, C or S, and ``COLUMNS``.

    Of coverage there is a row for each member, whose m with the second role wanted is that
    with the first reversed.
    """
    rows = []
    if record.coverage:
        for count, value in record.coverage.curve.items():
            rows.append(["coverage", str(count), f"C {value:z.2f}", "", "", ""])
        for index, member in enumerate(record.coverage.members):
            numbers = (f"{x:z.2f}" for x in (member.m, -member.m, member.solved))
            rows.append(["coverage", "", f"member {index}", *numbers])
    for track, points, _ in record.list_curves():
        for p in points:
            numbers = (f"{x:z.2f}" for x in (*p.mean, p.solved))
            rows.append([track, str(p.budget), f"S {p.steering:z.2f}", *numbers])
    for point in record.rare or []:
        rows.append(["rare", f"{point.share:g}", f"N {point.n:z.2f}", "", "", ""])
    return rows


ACTIONS = {
    "run": Action("evaluate methods", _declare_run, _run, tell_kept),
    "film": Action("write what methods do on three levels", _declare_film, _film, tell_kept),
    "rerun": Action("evaluate one method on unseen levels", _declare_rerun, _rerun),
}
