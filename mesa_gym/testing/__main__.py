"""``python -m mesa_gym.testing``: record digests of new traps; move at random, many times."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from mesa_gym.command import DONE, FAILED, run_command
from mesa_gym.terminal import Progress, say
from mesa_gym.testing.check import ConformanceError
from mesa_gym.testing.digests import FOLDER, record_digest
from mesa_gym.testing.environments import random_moves
from mesa_gym.traps import all_traps, find_trap

MOVES = 1_000_000
ENVIRONMENTS = 4096


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command: 0 done, 1 a trap failed, 2 bad usage, 130 interrupted."""
    parser = argparse.ArgumentParser(prog="python -m mesa_gym.testing", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    digests = commands.add_parser("digests", help="record the digests of traps that have none")
    digests.add_argument("--folder", type=Path, default=FOLDER, help=f"default: {FOLDER}")
    moves = commands.add_parser("moves", help="random moves with invariants checked")
    moves.add_argument("--moves", type=int, default=MOVES, help=f"a trap (default: {MOVES:,})")
    for command in (digests, moves):
        command.add_argument("traps", nargs="*", metavar="TRAP", help="default: every trap")
    options = parser.parse_args(arguments)
    return run_command("mesa_gym.testing", lambda: _run(options))


def _run(options: argparse.Namespace) -> int:
    """Do the work for each trap; one that fails is named, and the others are done all the same."""
    done = DONE
    for trap in [find_trap(name)() for name in options.traps or all_traps()]:
        try:
            if options.command == "digests":
                said = "recorded" if record_digest(trap, options.folder) else "unchanged"
            else:
                said = f"no violation in {options.moves:,} moves"
                with Progress(f"{trap!r}", options.moves, "moves") as advance:
                    random_moves(trap, options.moves, ENVIRONMENTS, advance)
            print(f"{trap!r}: {said}", flush=True)
        except ConformanceError as error:
            say(str(error))
            done = FAILED
    return done


if __name__ == "__main__":
    raise SystemExit(main())
