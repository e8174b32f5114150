"""``mesa-gym list`` and ``mesa-gym describe``: every trap in a line, one trap in words."""

from __future__ import annotations

import argparse
import inspect
import json

from mesa_gym.cli.trap_arguments import declare_trap, read_trap
from mesa_gym.command import DONE
from mesa_gym.engine.maps import to_map
from mesa_gym.terminal import format_table
from mesa_gym.traps import Split, all_traps, find_trap


def list_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of ``list``."""
    parser.add_argument("--json", action="store_true", help="print JSON")
    about = "such as RedBlueDoors or my_traps.py:Mushrooms (default: every one of the package)"
    parser.add_argument("traps", nargs="*", metavar="TRAP", help=about)


def list_traps(options: argparse.Namespace) -> int:
    """List traps, as a table or as JSON."""
    traps = [find_trap(name) for name in options.traps] or all_traps().values()
    if options.json:
        facts = [
            {
                "name": cls.name(),
                "id": cls.id(),
                "type": list(cls.category),
                "source": cls.source,
                "base": cls.base,
                "proxies": list(cls.proxies),
                "solvable": cls.solvable,
            }
            for cls in traps
        ]
        print(json.dumps(facts, indent=1))
        return DONE
    rows = [[c.id(), c.base, ", ".join(c.proxies), ", ".join(c.category)] for c in traps]
    print(format_table(["trap", "base", "proxies", "type"], rows))
    return DONE


def describe_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of ``describe``."""
    declare_trap(parser)


def describe(options: argparse.Namespace) -> int:
    """Describe a trap, its trained agents, and a level of each split."""
    # `mesa-gym list` must not wait for it.
    from mesa_gym.policies.names import list_trained

    trap = read_trap(options)
    cls = type(trap)
    print(cls.name(), "\n", sep="")
    print(inspect.getdoc(cls) or "", "\n", sep="")
    if cls.caveat:
        print(f"Limit: {cls.caveat}\n")
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
