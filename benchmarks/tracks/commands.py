"""The tracks: ``python -m benchmarks track run``, and ``track rerun`` for a method of one's own.

``run`` evaluates methods with a given amount of information, and goes on where it was left.
``rerun`` evaluates one method on unseen levels (docs/tracks.md).
"""

from __future__ import annotations

import argparse
import secrets
from collections.abc import Sequence
from itertools import product

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
from benchmarks.runs.results import COMMITTED, Results
from benchmarks.tracks.evaluation import LEVELS
from benchmarks.tracks.methods import METHODS
from benchmarks.tracks.record import TrackRecord
from benchmarks.tracks.running import (
    TRACKS,
    evaluate_methods,
    steps_on,
    track_units,
    tracks_traps,
)
from benchmarks.tracks.shares import MITIGATIONS
from benchmarks.tracks.wall import Wall
from mesa_gym.command import DONE, FAILED
from mesa_gym.terminal import table
from mesa_gym.traps import find_trap

COLUMNS = ("m, base wanted", "m, proxy wanted", "solved on test")
NAMES = [*METHODS, *(f"alpha-{name}" for name in MITIGATIONS)]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command: 0 done, 1 the work failed, 2 bad usage, 130 interrupted."""
    return run_actions("track", __doc__, ACTIONS, arguments)


def _declare_run(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--traps", nargs="+", help="(default: all with a choice of places)")
    parser.add_argument("--methods", nargs="+", choices=NAMES, help="(default: all)")
    parser.add_argument("--seeds", type=count, default=3, help="of each method (3)")
    add_runner_options(parser)
    parser.add_argument(
        "--out", type=folder, default=COMMITTED, help=f"the results' folder ({COMMITTED})"
    )


def _run(options: argparse.Namespace) -> int:
    results = Results(options.out)
    traps = [find_trap(name).__name__ for name in options.traps or tracks_traps()]
    units = track_units(traps, options.methods or NAMES, options.seeds)
    failed = runner.run(units, results.folder, options.workers, options.backend)
    say(f"next: python -m benchmarks board render{results.out_option()}")
    return FAILED if failed else DONE


def _declare_rerun(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("method", help="a name of benchmarks.tracks.methods, or module:Class")
    parser.add_argument("--track", nargs="+", choices=TRACKS, help="(default: all it enters)")
    parser.add_argument("--traps", nargs="+", help="(default: all with a choice of places)")
    parser.add_argument("--seeds", type=count, default=1, help="(1)")
    parser.add_argument("--steps", type=count, help="of training an agent (as the trap takes)")
    parser.add_argument("--levels", type=count, default=LEVELS, help=f"scored ({LEVELS})")
    parser.add_argument("--salt", help="the evaluator's secret (default: drawn, and printed)")


def _rerun(options: argparse.Namespace) -> int:
    salt = options.salt or secrets.token_hex(8)
    say(f"salt {salt}")
    rows = []
    traps = [find_trap(name).__name__ for name in options.traps or tracks_traps()]
    with Wall() as wall:
        for trap, seed in product(traps, range(options.seeds)):
            steps, tracks = options.steps or steps_on(trap), options.track or TRACKS
            (record,) = evaluate_methods(
                wall, [options.method], trap, seed, steps, salt, tracks, options.levels, say
            )
            rows += [[trap, str(seed), *row] for row in tabulate_record(record)]
    print(table(["trap", "seed", "track", "budget", "result", *COLUMNS], rows))
    return DONE


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
