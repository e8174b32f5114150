"""Makes the package's files that follow from its code, and that tests compare with the code.

``python -m mesa_gym.testing.package_files KIND [TRAP ...]`` makes ``digests`` of new traps, the
``values`` of standard levels, with actions of oracles (minutes), or ``habits``: the best fixed
sequence and the best reflex of a trap, found on training levels in minutes of CPU. Habits are
written for traps on which they are players of each card: a target cannot be removed and stays in
one part of the grid.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from time import process_time

import msgspec
import numpy as np

from mesa_gym.command import DONE, FAILED, Parser, run_command
from mesa_gym.files import locate_path, write_bytes
from mesa_gym.policies import as_policy
from mesa_gym.policies.habits import HABITS_FOLDER, habits_file, needs_habits, search_habits
from mesa_gym.policies.names import NEAREST, ORACLE
from mesa_gym.scoring.playing import LevelPlayer, SplitLevels
from mesa_gym.solver.cache import STANDARD_FOLDER, name_file, pack_arrays
from mesa_gym.solver.store import EVALUATION_LEVELS, name_values
from mesa_gym.solver.value_columns import list_keys
from mesa_gym.solver.values import solve_values
from mesa_gym.terminal import say
from mesa_gym.testing.check import ConformanceError
from mesa_gym.testing.digests import KEPT_IN, record_digest
from mesa_gym.traps import Split, Trap, find_trap, package_traps

# On these traps first cards of these policies take longest if their actions must be solved, apart
# from TreeFarm, which has too many to store. The package has them, about 160 kB a trap.
ACTION_TRAPS = ("FollowMe-v0", "KeysChests-v0")
ACTION_POLICIES = (ORACLE, NEAREST)
PROGRAM = "python -m mesa_gym.testing.package_files"


def add_digests(trap: Trap, file: Path) -> str:
    """Record a trap's digests, if it has none."""
    return f"{trap!r}: {'recorded' if record_digest(trap, file) else 'unchanged'}"


def make_values(trap: Trap, folder: Path) -> str:
    """Solve a trap's standard levels, write their values, and delete older files of the trap.

    For ``ACTION_TRAPS`` the actions of ``ACTION_POLICIES`` are written too. Equal values give equal
    bytes.
    """
    files = dict[Path, bytes]()
    for split in Split:
        starts, horizon = trap.levels(split, np.arange(EVALUATION_LEVELS)), trap.horizon(split)
        values = solve_values(trap, starts, horizon).arrays
        shelf = name_values(trap, split, horizon, "", list_keys(trap, pairs=False))
        shelves = [(shelf, values)]
        if trap.name() in ACTION_TRAPS:
            oracles = [LevelPlayer(x, partial(as_policy, x, trap)) for x in ACTION_POLICIES]
            solved = SplitLevels(trap, split, starts, "", None).solve_actions(oracles)
            shelves += [(actions.shelf, actions.list_arrays()) for actions in solved]
        for name, arrays in shelves:
            files[folder / name_file(name, arrays)] = pack_arrays(arrays, compress=True)
    for path, data in files.items():
        write_bytes(path, data)
    for path in {*folder.glob(f"{trap.name()}-*.npz")} - files.keys():
        path.unlink()
    return f"{trap.name()} has {sum(map(len, files.values())):,} bytes of values"


def make_habits(trap: Trap, folder: Path) -> str:
    """Search a trap's habits, and write them if the trap needs them."""
    began, habits = process_time(), search_habits(trap)
    if needs_habits(trap):
        data = msgspec.json.format(msgspec.json.encode(habits), indent=1) + b"\n"
        write_bytes(folder / habits_file(trap).name, data)
    figures = ", ".join(f"{x} {rating:.3f}" for x, rating in habits.ratings.items())
    best = f"{habits.open_loop} ({figures}); reflex {habits.reflex_return:.3f}"
    return f"{trap.name()}: {best}; {process_time() - began:.0f} CPU seconds"


# Kind -> the function that makes it, and where it is written.
PACKAGE_FILES: dict[str, tuple[Callable[[Trap, Path], str], Path]] = {
    "digests": (add_digests, KEPT_IN),
    "values": (make_values, STANDARD_FOLDER),
    "habits": (make_habits, HABITS_FOLDER),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command: 0 done, 1 a trap failed, 2 bad usage, 130 interrupted."""
    parser = Parser(prog=PROGRAM, description=__doc__)
    parser.add_argument("kind", choices=PACKAGE_FILES, help="what to make")
    parser.add_argument("traps", nargs="*", metavar="TRAP", help="default: every trap")
    parser.add_argument(
        "--to", type=locate_path, help="file of digests, or folder (default: its own)"
    )
    options = parser.parse_args(arguments)
    return run_command(PROGRAM, lambda: _run(options))


def _run(options: argparse.Namespace) -> int:
    """Make a file for each trap; print the failure of a trap and continue."""
    (make, place), code = PACKAGE_FILES[options.kind], DONE
    for trap in [find_trap(name)() for name in options.traps or package_traps()]:
        if options.kind == "habits" and not (options.traps or needs_habits(trap)):
            continue
        try:
            print(make(trap, options.to or place), flush=True)
        except ConformanceError as error:
            say(str(error))
            code = FAILED
    return code


if __name__ == "__main__":
    raise SystemExit(main())
