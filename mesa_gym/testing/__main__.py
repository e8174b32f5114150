"""``python -m mesa_gym.testing TRAP``: run every check on a trap of the package or of a file."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from mesa_gym.command import DONE, FAILED, run_command
from mesa_gym.terminal import say
from mesa_gym.testing import ConformanceError, check_trap
from mesa_gym.traps import find_trap


def run(name: str) -> int:
    """Check a trap; print its failures, or that it has none."""
    trap = find_trap(name)
    try:
        check_trap(trap)
    except ConformanceError as error:
        say(str(error))
        return FAILED
    print(f"{trap.__name__} keeps every promise that a trap makes")
    for check, reason in trap.skipped_checks.items():
        print(f"skipped check {check!r}: {reason}")
    return DONE


def main(words: Sequence[str] | None = None) -> int:
    """Read the command line, and check its trap."""
    program = "python -m mesa_gym.testing"
    parser = argparse.ArgumentParser(prog=program, description="Run every check on a trap.")
    parser.add_argument("trap", help="a name, FILE.py:NAME or MODULE:NAME")
    name = parser.parse_args(words).trap
    return run_command(program, lambda: run(name))


if __name__ == "__main__":
    sys.exit(main())
