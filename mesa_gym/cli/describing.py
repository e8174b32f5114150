"""``mesa-gym describe``: prints a description of a trap, and its levels."""

from __future__ import annotations

import argparse
import inspect

from mesa_gym.cli.trap_arguments import add_trap_argument, read_trap
from mesa_gym.command import DONE
from mesa_gym.engine.maps import to_map
from mesa_gym.policies.names import list_trained
from mesa_gym.traps import Split


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    add_trap_argument(parser)


def run(options: argparse.Namespace) -> int:
    """Describe a trap, its trained agents, and a level of each split."""
    trap = read_trap(options)
    cls = type(trap)
    print(cls.name(), "\n", sep="")
    print(inspect.getdoc(cls) or "", "\n", sep="")
    if cls.caveat:
        print(f"Limit: {cls.caveat}\n")
    if cls.changed_after_shift:
        print(f"Changed after results under shift were seen: {cls.changed_after_shift}\n")
    print(f"Source: {cls.source}\nType: {', '.join(cls.category)}\nIds:")
    for split in Split:
        steps = trap.horizon(split)
        print(f"  {cls.id(split)}, as vectors {cls.id(split, flat=True)}  ({steps} steps)")
    print("Objectives:")
    for objective in trap.objectives.values():
        print(f"  {objective.role} {objective.name}: {objective.doc}")
    print("Planes:", ", ".join(f"{plane} ({trap.looks[plane].glyph})" for plane in trap.planes))
    trained = {name: about for name, about in list_trained(cls).items() if "alpha" not in name}
    print("Trained agents, for --policy:" if trained else "No agent was trained on this trap.")
    for name, about in trained.items():
        print(f"  {name}: {about}")
    for split in Split:
        print(f"\nLevel 0 of {split.value}:\n{to_map(trap, trap.levels(split, [0]))}")
    return DONE
