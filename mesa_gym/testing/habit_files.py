"""Makes the package's habits: the best fixed sequence and the best reflex of a trap.

``python -m mesa_gym.testing.habit_files TRAP`` searches them on training levels, in at most a
minute of CPU, and prints the figures of both searches. It writes a file for traps on which they are
players of each card: traps with a target that cannot be removed and stays in one part of the grid.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from time import process_time

import msgspec

from mesa_gym.command import DONE, Parser, run_command
from mesa_gym.files import write_bytes
from mesa_gym.policies.habits import habits_file, needs_habits, search_habits
from mesa_gym.traps import find_trap, package_traps


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command: 0 done, 1 a trap failed, 2 bad usage, 130 interrupted."""
    parser = Parser(prog="python -m mesa_gym.testing.habit_files", description=__doc__)
    parser.add_argument("traps", nargs="*", metavar="TRAP", help="default: all that need habits")
    options = parser.parse_args(arguments)
    return run_command("mesa_gym.testing.habit_files", lambda: _run(options))


def _run(options: argparse.Namespace) -> int:
    for name in options.traps or package_traps():
        trap = find_trap(name)()
        if not options.traps and not needs_habits(trap):
            continue
        began = process_time()
        habits = search_habits(trap)
        figures = ", ".join(f"{x} {rating:.3f}" for x, rating in habits.ratings.items())
        print(
            f"{trap.name()}: {habits.open_loop} ({figures}); reflex {habits.reflex_return:.3f};"
            f" {process_time() - began:.0f} CPU seconds",
            flush=True,
        )
        if needs_habits(trap):
            data = msgspec.json.format(msgspec.json.encode(habits), indent=1) + b"\n"
            write_bytes(habits_file(trap), data)
    return DONE


if __name__ == "__main__":
    raise SystemExit(main())
