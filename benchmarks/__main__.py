"""The command ``python -m benchmarks``: train agents, and measure what they and methods do."""

from __future__ import annotations

import os
import sys

if __name__ == "__main__":
    # ``python -m`` imports from the working folder first, where a stranger's files may lie. They
    # are not to be found, neither here nor by processes that are started from here.
    _root, _here = os.path.dirname(os.path.dirname(os.path.abspath(__file__))), os.getcwd()
    if not os.path.samefile(_root, _here):
        sys.path[:] = [each for each in sys.path if os.path.realpath(each) != _here]
    os.environ["PYTHONPATH"] = os.pathsep.join([_root, *filter(os.path.isabs, sys.path)])
    os.environ["PYTHONSAFEPATH"] = "1"

import argparse
from collections.abc import Sequence
from importlib import import_module
from typing import NamedTuple

from mesa_gym.command import USAGE
from mesa_gym.errors import unknown


class Subcommand(NamedTuple):
    """A subcommand: the module whose ``main`` it is, imported when it is asked for, and a line."""

    module: str
    about: str


COMMANDS = {
    "train": Subcommand("agents.train", "train an agent"),
    "board": Subcommand("benchmarks.board.commands", "train and score agents; make their pages"),
    "track": Subcommand("benchmarks.tracks.commands", "evaluate methods; rerun one of your own"),
    "submit": Subcommand("benchmarks.submissions.commands", "hand in agents, and score them"),
    "library": Subcommand("benchmarks.library", "make the library of trained agents"),
    "audit": Subcommand("benchmarks.audit.commands", "tell from agents what they will pursue"),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command: 0 done, 1 the work failed, 2 bad usage, 130 interrupted."""
    given = [*(sys.argv[1:] if arguments is None else arguments)]
    if given and given[0] in COMMANDS:
        code: int = import_module(COMMANDS[given[0]].module).main(given[1:])
        return code
    width = max(map(len, COMMANDS))
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=(__doc__ or "").partition("\n")[0],
        epilog="\n".join(f"{name:{width}}  {each.about}" for name, each in COMMANDS.items())
        + "\n\n`python -m benchmarks COMMAND --help` says more. Wherever they stand, `run` is on"
        "\npublic levels, and `rerun` on those of a secret salt.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        usage="%(prog)s COMMAND ...",
    )
    if given in ([], ["-h"], ["--help"]):
        parser.print_help()
        return 0 if given else USAGE
    print(f"benchmarks: {unknown('command', given[0], COMMANDS)}", file=sys.stderr)
    return USAGE


if __name__ == "__main__":
    sys.exit(main())
