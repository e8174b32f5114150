"""``mesa-gym cache``: show or delete what was solved and is kept on disk."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from mesa_gym.command import DONE
from mesa_gym.solver import kept
from mesa_gym.solver.kept import KeptFile
from mesa_gym.terminal import table
from mesa_gym.traps import find_trap


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "action",
        nargs="?",
        default="show",
        choices=("show", "clear"),
        help="clear deletes what is kept; it is computed again when needed (default: %(default)s)",
    )
    parser.add_argument("trap", nargs="?", help="only what is kept of this one")


def run(options: argparse.Namespace) -> int:
    """Show or clear the values of levels that are kept on disk."""
    bound = kept.size_bound()
    files = kept.kept_files()
    if options.trap is not None:
        files = _of_trap(options.trap, files)
    if options.action == "clear":
        for file in files:
            file.path.unlink(missing_ok=True)  # another process may be faster
        print(f"deleted {_amount(files)} in {kept.cache_folder()}")
        return DONE
    print(f"{kept.cache_folder()}: {_amount(files)}, of at most {_size(bound)} ({kept.SIZE})")
    if files:
        print("\n" + table(["trap", "files", "size"], _rows(files)))
    return DONE


def _of_trap(name: str, files: Sequence[KeptFile]) -> list[KeptFile]:
    """Return the files of a trap, even of one that is gone; without version, of all versions."""
    found = [file for file in files if name in (file.trap, file.trap.rpartition("-")[0])]
    if not found:
        own = find_trap(name).name()  # a misspelt name ends here
        found = [file for file in files if file.trap == own]
    return found


def _rows(files: Sequence[KeptFile]) -> list[list[str]]:
    groups: dict[str, list[KeptFile]] = {}
    for file in files:
        groups.setdefault(file.trap, []).append(file)
    return [
        [name, f"{len(group):,}", _size(sum(file.size for file in group))]
        for name, group in sorted(groups.items())
    ]


def _amount(files: Sequence[KeptFile]) -> str:
    plural = "" if len(files) == 1 else "s"
    return f"{len(files):,} file{plural}, {_size(sum(file.size for file in files))}"


def _size(size: int) -> str:
    """Write bytes in the greatest unit of which there is one: 999 B, 80.3 kB, 1 GB."""
    scale, unit = max((s, u) for u, s in kept.UNITS.items() if s <= max(size, 1))
    return f"{size / scale:.3g} {unit.replace('K', 'k')}B"
