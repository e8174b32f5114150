"""``mesa-gym new-trap``: writes the trap of the page "Write a trap", for users to change."""

from __future__ import annotations

import argparse
import os
import re
from importlib.util import find_spec
from pathlib import Path

from mesa_gym.command import DONE
from mesa_gym.errors import shorten
from mesa_gym.files import read_bytes, write_text
from mesa_gym.links import link_page
from mesa_gym.traps import all_traps

EXAMPLE = Path(__file__).with_name("example_trap.py")
EXAMPLE_NAME = "Mushrooms"
NAME = re.compile(r"[A-Z][A-Za-z0-9]*")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("name", metavar="NAME", help="name of the class, such as RipeBerries")


def run(options: argparse.Namespace) -> int:
    """Write an example trap to start from."""
    name: str = options.name
    if not NAME.fullmatch(name):
        raise ValueError(f"{shorten(name)} is not a class name; expected one such as RipeBerries")
    if f"{name}-v0" in all_traps():
        raise ValueError(f"there is a trap {name} already; choose another name")
    module = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
    path = Path(f"{module}.py")
    if os.path.lexists(path):
        raise FileExistsError(f"{path} exists; choose another name, or delete it")
    if find_spec(module) is not None:
        raise ValueError(f"{path} would hide the module {module}; choose another name")
    write_text(path, read_bytes(EXAMPLE).decode().replace(EXAMPLE_NAME, name))
    print(
        f"wrote {path}: a trap that passes every check\n"
        f"  python -m mesa_gym.testing {path}:{name}\n"
        f"  mesa-gym watch {path}:{name}\n"
        f"  mesa-gym certify {path}:{name} --levels 100\n"
        f"Change it step by step: {link_page('write_a_trap')}"
    )
    return DONE
