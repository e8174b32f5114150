"""``mesa-gym play``: levels of a trap by hand."""

from __future__ import annotations

import argparse
from pathlib import Path

from mesa_gym.cli import viewing
from mesa_gym.traps import Split, find_trap
from mesa_gym.viewer.players import ByHand

HELP = "play a trap by hand"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    begun = parser.add_mutually_exclusive_group(required=True)
    begun.add_argument("--trap", help="such as RedBlueDoors")
    begun.add_argument("--map", type=Path, metavar="FILE", help="begin as a saved map does")
    viewing.add_options(parser)


def run(options: argparse.Namespace) -> int:
    """Let a person play."""
    look = viewing.checked(options)
    if options.map is not None:
        session = viewing.session_from_map(options, lambda _: ByHand())
    else:
        trap = find_trap(options.trap)()
        split, level = Split.of(options.split or Split.SHIFT), options.level or 0
        session = viewing.session_of(options, ByHand(), trap, split, level)
    return viewing.show(session, options, look)
