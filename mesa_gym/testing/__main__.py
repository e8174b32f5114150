"""``python -m mesa_gym.testing``: record digests of new traps; move at random, many times."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from mesa_gym.command import DONE, FAILED, guarded
from mesa_gym.terminal import Progress
from mesa_gym.testing.check import ConformanceError
from mesa_gym.testing.digests import FOLDER, record_digest
from mesa_gym.testing.moves import random_moves
from mesa_gym.traps import all_traps, find_trap

MOVES = 10_000_000
ENVIRONMENTS = 4096


def main(arguments: Sequence[str] | None = None) -> int:
    """The command: 0 done, 1 a trap failed, 2 bad usage, 130 interrupted."""
    options = _parser().parse_args(arguments)

    def work() -> int:
        if options.command == "digests":
            return _digests(options.folder)
        return _moves([find_trap(name) for name in options.traps or all_traps()], options.moves)

    return guarded("mesa_gym.testing", work)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m mesa_gym.testing", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    digests = commands.add_parser("digests", help="record the digests of traps that have none")
    digests.add_argument("--folder", type=Path, default=FOLDER, help=f"default: {FOLDER}")
    moves = commands.add_parser("moves", help="random moves with invariants checked")
    moves.add_argument("traps", nargs="*", metavar="TRAP", help="default: every trap")
    moves.add_argument("--moves", type=int, default=MOVES, help=f"a trap (default: {MOVES:,})")
    return parser


def _digests(folder: Path) -> int:
    """Record what is missing; what gives other digests than were recorded fails."""
    failed = DONE
    for name, trap in all_traps().items():
        try:
            print(f"{name}: {'recorded' if record_digest(trap, folder) else 'unchanged'}")
        except ConformanceError as error:
            print(error, file=sys.stderr)
            failed = FAILED
    return failed


def _moves(classes: Sequence[type], moves: int) -> int:
    failed = DONE
    for cls in classes:
        trap, began = cls(), time.perf_counter()
        try:
            with Progress(f"{trap!r}", moves, "moves") as advance:
                random_moves(trap, moves, ENVIRONMENTS, advance)
        except ConformanceError as error:
            print(error, file=sys.stderr)
            failed = FAILED
        else:
            seconds = time.perf_counter() - began
            print(f"{trap!r}: no violation in {moves:,} moves, {seconds:.0f} s", flush=True)
    return failed


if __name__ == "__main__":
    raise SystemExit(main())
