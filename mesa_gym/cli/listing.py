"""``mesa-gym list``: every trap, as a table, as JSON, as a picture."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from mesa_gym.command import DONE, require_writable
from mesa_gym.files import write_bytes
from mesa_gym.rendering.sheet import contact_sheet
from mesa_gym.terminal import table
from mesa_gym.traps import Trap, all_traps

HELP = "every trap"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("--json", action="store_true", help="as JSON on standard output")
    parser.add_argument(
        "--sheet", type=Path, metavar="FILE.png", help="also draw all, training beside shift"
    )


def run(options: argparse.Namespace) -> int:
    """List the traps."""
    require_writable(options.sheet)
    if options.sheet is not None:
        write_bytes(options.sheet, contact_sheet(all_traps().values()))
    facts = [_facts(cls) for cls in all_traps().values()]
    if options.json:
        print(json.dumps(facts, indent=1))
        return DONE
    rows = [[f["id"], f["base"], ", ".join(f["proxies"]), ", ".join(f["type"])] for f in facts]
    print(table(["trap", "base", "proxies", "type"], rows))
    return DONE


def _facts(cls: type[Trap]) -> dict[str, Any]:
    return {
        "name": cls.name(),
        "id": cls.id(),
        "type": list(cls.category),
        "source": cls.source,
        "base": cls.base,
        "proxies": list(cls.proxies),
        "solvable": cls.solvable,
    }
