"""``python -m mesa_gym.testing digests``: record the digests of traps that have none."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from mesa_gym.testing.check import ConformanceError
from mesa_gym.testing.digests import FOLDER, record_digest
from mesa_gym.traps import all_traps


def main(arguments: Sequence[str] | None = None) -> int:
    """Record what is missing.

    Returns:
        0, or 1 where a trap gives other digests than were recorded, which are never overwritten.
    """
    parser = argparse.ArgumentParser(prog="python -m mesa_gym.testing")
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser("digests", help="record the digests of traps that have none")
    command.add_argument("--folder", type=Path, default=FOLDER, help=f"default: {FOLDER}")
    folder = parser.parse_args(arguments).folder
    failed = 0
    for name, trap in all_traps().items():
        try:
            print(f"{name}: {'recorded' if record_digest(trap, folder) else 'unchanged'}")
        except ConformanceError as error:
            print(error, file=sys.stderr)
            failed = 1
    return failed


if __name__ == "__main__":
    raise SystemExit(main())
