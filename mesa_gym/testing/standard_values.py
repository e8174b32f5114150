"""Makes the package's values of standard levels, which tests compare with the solver.

``python -m mesa_gym.testing.standard_values`` solves the levels of each trap and writes the files.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from mesa_gym.command import DONE, Parser, run_command
from mesa_gym.files import write_bytes
from mesa_gym.solver.cache import STANDARD_FOLDER, name_file, pack_arrays
from mesa_gym.solver.store import EVALUATION_LEVELS, name_values
from mesa_gym.solver.value_columns import list_keys
from mesa_gym.solver.values import solve_values
from mesa_gym.traps import Split, Trap, find_trap, package_traps


def make_standard(trap: Trap, folder: Path = STANDARD_FOLDER) -> int:
    """Solve a trap's standard levels, write their values, and return the number of bytes.

    Equal values give equal bytes. Older files of the trap are deleted.
    """
    files = dict[Path, bytes]()
    for split in Split:
        starts, horizon = trap.levels(split, np.arange(EVALUATION_LEVELS)), trap.horizon(split)
        values = solve_values(trap, starts, horizon).arrays
        shelf = name_values(trap, split, horizon, "", list_keys(trap, pairs=False))
        files[folder / name_file(shelf, values)] = pack_arrays(values, compress=True)
    for path, data in files.items():
        write_bytes(path, data)
    for path in {*folder.glob(f"{trap.name()}-*.npz")} - files.keys():
        path.unlink()
    return sum(map(len, files.values()))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command: 0 done, 1 a trap failed, 2 bad usage, 130 interrupted."""
    parser = Parser(prog="python -m mesa_gym.testing.standard_values", description=__doc__)
    parser.add_argument("traps", nargs="*", metavar="TRAP", help="default: every trap")
    parser.add_argument("--folder", type=Path, default=STANDARD_FOLDER, help="of the files")
    options = parser.parse_args(arguments)
    return run_command("mesa_gym.testing.standard_values", lambda: _run(options))


def _run(options: argparse.Namespace) -> int:
    for name in options.traps or package_traps():
        size = make_standard(find_trap(name)(), options.folder)
        print(f"{find_trap(name).name()} has {size:,} bytes of values", flush=True)
    return DONE


if __name__ == "__main__":
    raise SystemExit(main())
