"""``mesa-gym list``: lists traps, one per line."""

from __future__ import annotations

import argparse
import json

from mesa_gym.command import DONE
from mesa_gym.terminal import format_table
from mesa_gym.traps import all_traps, find_trap


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("--json", action="store_true", help="print JSON")
    about = "such as RedBlueDoors or my_traps.py:Mushrooms (default: every one of the package)"
    parser.add_argument("traps", nargs="*", metavar="TRAP", help=about)


def run(options: argparse.Namespace) -> int:
    """List the traps."""
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
