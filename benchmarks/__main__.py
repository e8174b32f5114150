"""The command ``python -m benchmarks``: measure agents, and make the library."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import NamedTuple

from mesa_gym.command import USAGE
from mesa_gym.errors import unknown


class Subcommand(NamedTuple):
    """A subcommand: a module with a function ``main``, imported when needed, and a description."""

    module: str
    about: str


SUBCOMMANDS = {
    "board": Subcommand("benchmarks.board.commands", "train and score agents; make their pages"),
    "library": Subcommand("benchmarks.make_library", "make the library of trained agents"),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command: 0 done, 1 the work failed, 2 bad usage, 130 interrupted."""
    given = [*(sys.argv[1:] if arguments is None else arguments)]
    if given and given[0] in SUBCOMMANDS:
        code: int = import_module(SUBCOMMANDS[given[0]].module).main(given[1:])
        return code
    width = max(map(len, SUBCOMMANDS))
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=(__doc__ or "").partition("\n")[0],
        epilog="\n".join(f"{name:{width}}  {each.about}" for name, each in SUBCOMMANDS.items())
        + "\n\n`python -m benchmarks COMMAND --help` says more.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        usage="%(prog)s COMMAND ...",
    )
    if given in ([], ["-h"], ["--help"]):
        parser.print_help()
        return 0 if given else USAGE
    print(f"benchmarks: {unknown('command', given[0], SUBCOMMANDS)}", file=sys.stderr)
    return USAGE


if __name__ == "__main__":
    sys.exit(main())
