"""The command ``python -m benchmarks``: measure agents, and make the library."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from agents.jobs.runner import tell_kept
from benchmarks.board.commands import BOARD_ACTIONS
from benchmarks.make_library import LIBRARY_ACTIONS
from mesa_gym.command import Parser, run_command

PROGRAMS = {
    "board": ("train and score agents; make their pages", BOARD_ACTIONS),
    "library": ("make the library of trained agents", LIBRARY_ACTIONS),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command: 0 done, 1 the work failed, 2 bad usage, 130 interrupted."""
    parser = Parser(prog="python -m benchmarks", description=(__doc__ or "").partition("\n")[0])
    programs = parser.add_subparsers(dest="program", required=True)
    for name, (about, actions) in PROGRAMS.items():
        choices = programs.add_parser(name, help=about, description=about)
        named = choices.add_subparsers(dest="action", required=True)
        for word, action in actions.items():
            parser_of_action = named.add_parser(word, help=action.about, description=action.about)
            action.add_arguments(parser_of_action)
    options = parser.parse_args(arguments)
    chosen = PROGRAMS[options.program][1][options.action]
    kept = tell_kept(chosen.find_folder(options)) if chosen.find_folder else "nothing was written"
    return run_command(options.program, lambda: chosen.run(options), kept)


if __name__ == "__main__":
    sys.exit(main())
