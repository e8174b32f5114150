"""The commands ``tracks`` and ``rerun`` of ``python -m benchmarks.leaderboard``."""

from __future__ import annotations

import argparse
import secrets

from agents.methods import METHODS
from benchmarks.leaderboard import runner
from benchmarks.leaderboard.results import Results
from benchmarks.options import add_runner_options, count, say
from benchmarks.tracks.evaluation import LEVELS
from benchmarks.tracks.record import TrackRecord
from benchmarks.tracks.running import (
    TRACKS,
    evaluate_methods,
    method_class,
    steps_on,
    track_units,
    tracks_traps,
)
from benchmarks.tracks.shares import MITIGATIONS
from mesa_gym.command import DONE, FAILED
from mesa_gym.terminal import table
from mesa_gym.traps import find_trap

COLUMNS = ("m, base wanted", "m, proxy wanted", "solved on test")
NAMES = [*METHODS, *(f"alpha-{name}" for name in MITIGATIONS)]


def add_tracks(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``tracks``."""
    parser.add_argument("--traps", nargs="+", help="(default: all with a choice of places)")
    parser.add_argument("--methods", nargs="+", choices=NAMES, help="(default: all)")
    parser.add_argument("--seeds", type=count, default=3, help="of each method (3)")
    add_runner_options(parser)


def run_tracks(options: argparse.Namespace, results: Results) -> int:
    """Evaluate what is not done yet."""
    traps = [find_trap(name).__name__ for name in options.traps or tracks_traps()]
    units = track_units(traps, options.methods or NAMES, options.seeds)
    failed = runner.run(units, results.folder, options.workers, options.backend)
    say(f"next: python -m benchmarks.leaderboard render{results.out_option()}")
    return FAILED if failed else DONE


def add_rerun(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``rerun``."""
    parser.add_argument("method", help="a name of agents.methods, or module:Class")
    parser.add_argument("--track", nargs="+", choices=TRACKS, help="(default: all it enters)")
    parser.add_argument("--traps", nargs="+", help="(default: all with a choice of places)")
    parser.add_argument("--seeds", type=count, default=1, help="(1)")
    parser.add_argument("--steps", type=count, help="of training an agent (as the trap takes)")
    parser.add_argument("--levels", type=count, default=LEVELS, help=f"scored ({LEVELS})")
    parser.add_argument("--salt", help="the evaluator's secret (default: drawn, and printed)")


def rerun(options: argparse.Namespace) -> int:
    """Evaluate one method on unseen levels, and print what it got."""
    method_class(options.method)
    salt = options.salt or secrets.token_hex(8)
    say(f"salt {salt}")
    rows = []
    for name in options.traps or tracks_traps():
        trap = find_trap(name).__name__
        for seed in range(options.seeds):
            steps = options.steps or steps_on(trap)
            tracks = options.track or TRACKS
            found = evaluate_methods(
                [options.method], trap, seed, steps, salt, tracks, options.levels, say
            )
            rows += [[trap, str(seed), *row] for record in found for row in tabulate_record(record)]
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
