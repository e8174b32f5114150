"""Makes the package's values of standard levels, which tests compare with the solver.

``python -m mesa_gym.testing.standard_values`` solves the levels of each trap and writes the files.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from mesa_gym.command import DONE, Parser, run_command
from mesa_gym.solver.standard import EVALUATION_LEVELS, STANDARD_FOLDER, write_standard
from mesa_gym.solver.values import solve_values
from mesa_gym.traps import Split, Trap, find_trap, package_traps


def make_standard(trap: Trap, folder: Path = STANDARD_FOLDER) -> Path:
    """Solve the standard levels of a trap, write their values, and return the file."""
    starts = {split: trap.levels(split, np.arange(EVALUATION_LEVELS)) for split in Split}
    solved = {x: solve_values(trap, starts[x], trap.horizon(x)).arrays for x in Split}
    return write_standard(trap, {x: (starts[x], solved[x]) for x in Split}, folder)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command: 0 done, 1 a trap failed, 2 bad usage, 130 interrupted."""
    parser = Parser(prog="python -m mesa_gym.testing.standard_values", description=__doc__)
    parser.add_argument("traps", nargs="*", metavar="TRAP", help="default: every trap")
    parser.add_argument("--folder", type=Path, default=STANDARD_FOLDER, help="of the files")
    options = parser.parse_args(arguments)
    return run_command("mesa_gym.testing.standard_values", lambda: _run(options))


def _run(options: argparse.Namespace) -> int:
    for name in options.traps or package_traps():
        path = make_standard(find_trap(name)(), options.folder)
        print(f"{path} has {path.stat().st_size:,} bytes", flush=True)
    return DONE


if __name__ == "__main__":
    raise SystemExit(main())
