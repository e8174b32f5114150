"""Writes the listing of the public API: ``make api``.

The listing has a line for each name that other code may use. A test fails while it is out of date,
so that a review sees each change of the API as a change of that file.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import griffe

from mesa_gym.cli import COMMANDS

ROOT = Path(__file__).parents[2]
LISTING = ROOT / "docs" / "public_api.txt"
PACKAGE = "mesa_gym"
HIDDEN = {"choices", "cli", "pages"}  # rooms without public names
_PACKAGES = {path.parent.name for path in (ROOT / PACKAGE).glob("*/__init__.py")} - HIDDEN
# If several packages export a name, the first of them is its home.
MODULES = (*sorted(f"{PACKAGE}.{name}" for name in _PACKAGES | {"errors"}), PACKAGE)


def list_public(root: Path = ROOT) -> dict[str, str]:
    """Return the public names: name -> its kind, with its signature or value.

    Args:
        root: the folder with the package; its source is read, but not run.
    """
    package: Any = griffe.load(PACKAGE, search_paths=[root], try_relative_path=False)
    settings = package["envs.settings.Settings.__init__"]
    signatures = {"gymnasium.make": f"def {settings.signature(name='make')}"}
    homes: dict[str, str] = {}
    for module in MODULES:
        listed = package if module == PACKAGE else package[module.removeprefix(f"{PACKAGE}.")]
        for exported in listed.exports:
            name = str(getattr(exported, "name", exported))
            value = _target(package, listed, name)
            full = f"{module}.{name}"
            home = homes.setdefault(value.path, full)
            signatures.update(_entries(full, value) if home == full else {full: f"is {home}"})
    return dict(sorted((signatures | dict(_commands())).items()))


def _target(package: Any, module: Any, name: str) -> Any:
    """Return the object with a name in a module, following imports of this package."""
    while name in module.imports:
        home, _, name = module.imports[name].removeprefix(f"{PACKAGE}.").rpartition(".")
        module = package[home] if home else package
    return module[name]


def _entries(name: str, value: Any) -> Iterator[tuple[str, str]]:
    """Yield a name and, for a class, its public members."""
    if not value.is_class:
        yield name, _describe(value)
        return
    yield name, f"class ({', '.join(parameter.name for parameter in value.parameters)})"
    for member, held in value.all_members.items():
        if not member.startswith("_") and not held.is_class:
            yield f"{name}.{member}", _describe(held.final_target if held.is_alias else held)


def _describe(value: Any) -> str:
    if value.is_function:
        kind = "".join(f"{label} " for label in sorted(value.labels) if label.endswith("method"))
        return f"{kind}def {value.signature(name='')}"
    hint = f": {value.annotation}" if value.annotation else ""
    # Values of instance attributes are not part of the class.
    shared = "class-attribute" in value.labels or value.parent.is_module
    if value.value is None or not shared:
        return hint or "attribute"
    return f"{hint} = {value.value}".strip()


def _commands() -> Iterator[tuple[str, str]]:
    """Yield the commands with their usage, which names every argument and option."""
    for name, command in COMMANDS.items():
        parser = argparse.ArgumentParser(f"mesa-gym {name}", add_help=False)
        command.load().add_arguments(parser)
        usage = " ".join(parser.format_usage().split()).removeprefix("usage: ")
        yield f"mesa-gym {name}", usage.removeprefix(f"mesa-gym {name}").strip()
        for option in re.findall(r"--[\w-]+", usage):
            yield f"mesa-gym {name} {option}", "option"


def write_listing() -> str:
    """Return the listing's text."""
    return "".join(f"{name} | {signature}\n" for name, signature in list_public().items())


if __name__ == "__main__":
    LISTING.write_text(write_listing())
