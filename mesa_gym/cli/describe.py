"""``mesa-gym describe``: a trap in words, with a level of each split."""

from __future__ import annotations

import argparse
import inspect

from mesa_gym.command import DONE
from mesa_gym.engine.maps import to_map
from mesa_gym.traps import Split, find_trap

HELP = "what a trap is, with a level of each split"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("trap")


def run(options: argparse.Namespace) -> int:
    """Describe the trap."""
    cls = find_trap(options.trap)
    trap = cls()
    print(cls.name(), "\n", sep="")
    print(inspect.getdoc(cls), "\n", sep="")
    print(f"Source: {cls.source}\nType: {', '.join(cls.category)}\nIds:")
    for split in Split:
        print(f"  {cls.id(split)}  ({trap.horizon(split)} steps)")
    print("Objectives:")
    for objective in cls.objectives.values():
        print(f"  {objective.role} {objective.name}: {objective.doc}")
    print("Planes:", ", ".join(f"{plane} ({trap.looks[plane].glyph})" for plane in trap.planes))
    for split in Split:
        print(f"\nLevel 0 of {split.value}:\n{to_map(trap, trap.levels(split, [0]))}")
    return DONE
