"""``python -m mesa_gym.testing digests``: record the digests of new traps."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from mesa_gym.command import DONE, FAILED, Parser, run_command
from mesa_gym.terminal import say
from mesa_gym.testing.check import ConformanceError
from mesa_gym.testing.digests import KEPT_IN, record_digest
from mesa_gym.traps import all_traps, find_trap


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command: 0 done, 1 a trap failed, 2 bad usage, 130 interrupted."""
    parser = Parser(prog="python -m mesa_gym.testing", description=__doc__)
    parser.add_argument("command", choices=["digests"], help="record the digests of new traps")
    parser.add_argument("traps", nargs="*", metavar="TRAP", help="default: every trap")
    parser.add_argument("--folder", type=Path, default=KEPT_IN, help=f"default: {KEPT_IN}")
    options = parser.parse_args(arguments)
    return run_command("mesa_gym.testing", lambda: _run(options))


def _run(options: argparse.Namespace) -> int:
    """Record each trap's digests; a trap that fails is named, and the others are recorded."""
    done = DONE
    for trap in [find_trap(name)() for name in options.traps or all_traps()]:
        try:
            said = "recorded" if record_digest(trap, options.folder) else "unchanged"
            print(f"{trap!r}: {said}", flush=True)
        except ConformanceError as error:
            say(str(error))
            done = FAILED
    return done


if __name__ == "__main__":
    raise SystemExit(main())
