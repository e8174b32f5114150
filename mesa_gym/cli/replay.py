"""``mesa-gym replay``: the recorded actions of a trace, replayed."""

from __future__ import annotations

import argparse
from pathlib import Path

from mesa_gym.cli import viewing
from mesa_gym.scoring import Trace
from mesa_gym.traps import Split
from mesa_gym.viewer.players import ByTrace

HELP = "watch what a trace recorded"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("trace", type=Path, metavar="FILE", help="recorded actions")
    viewing.add_options(parser)


def run(options: argparse.Namespace) -> int:
    """Replay the trace; one that is not of the trap's rules is refused."""
    look = viewing.checked(options)
    if options.record is not None and options.record.resolve() == options.trace.resolve():
        raise ValueError(f"--record would replace {options.trace}, which is replayed")
    trace = Trace.load(options.trace)
    trap = trace.make_trap()
    trace.verify(trap, options.salt, unfinished=True)
    split = _split(trace) if options.split is None else Split.of(options.split)
    level = options.level
    if level is None:
        recorded = trace.levels(split)
        # Where nothing was recorded, the player says so when it is asked for the level.
        level = int(recorded[0]) if recorded.size else 0
    return viewing.show(
        viewing.session_of(options, ByTrace(trace), trap, split, level), options, look
    )


def _split(trace: Trace) -> Split:
    return Split.SHIFT if Split.SHIFT in trace.splits else next(iter(trace.splits))
