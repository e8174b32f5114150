"""Keep the listing of the public API: ``make api``.

The listing has a line for each name that other code may rely on. It is written again only where the
changelog names what changed, and ``tests/docs/test_public_api.py`` fails while it is out of date.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import griffe

from mesa_gym.cli import COMMANDS, load_command

ROOT = Path(__file__).parents[1]
LISTING, CHANGELOG = ROOT / "docs" / "public_api.txt", ROOT / "CHANGELOG.md"
PACKAGE = "mesa_gym"
_PACKAGES = {path.parent.name for path in (ROOT / PACKAGE).glob("*/__init__.py")} - {"cli"}
# Of a package whose name another exports again, the first is its home.
MODULES = (*sorted(f"{PACKAGE}.{name}" for name in _PACKAGES | {"errors", "sb3"}), PACKAGE)


def public(root: Path = ROOT) -> dict[str, str]:
    """Return what is public: name -> what it is, with its signature or its value.

    Args:
        root: the folder with the package, whose source is read and not run.
    """
    package: Any = griffe.load(PACKAGE, search_paths=[root], try_relative_path=False)
    settings = package["envs.settings.Settings.__init__"]
    found = {"gymnasium.make": f"def {settings.signature(name='make')}"}
    homes: dict[str, str] = {}
    for module in MODULES:
        listed = package if module == PACKAGE else package[module.removeprefix(f"{PACKAGE}.")]
        for exported in listed.exports:
            name = str(getattr(exported, "name", exported))
            value = _target(package, listed, name)
            full = f"{module}.{name}"
            home = homes.setdefault(value.path, full)
            found.update(_entries(full, value) if home == full else {full: f"is {home}"})
    return dict(sorted((found | dict(_commands())).items()))


def _target(package: Any, module: Any, name: str) -> Any:
    """Return what a module calls by a name; a module of that name inside it does not count."""
    while name in module.imports:
        home, _, name = module.imports[name].removeprefix(f"{PACKAGE}.").rpartition(".")
        module = package[home] if home else package
    return module[name]


def _entries(name: str, value: Any) -> Iterator[tuple[str, str]]:
    """Yield a name and, of a class, its public members."""
    if not value.is_class:
        yield name, _described(value)
        return
    yield name, f"class ({', '.join(parameter.name for parameter in value.parameters)})"
    for member, held in value.all_members.items():
        if not member.startswith("_") and not held.is_class:
            yield f"{name}.{member}", _described(held.final_target if held.is_alias else held)


def _described(value: Any) -> str:
    if value.is_function:
        kind = "".join(f"{label} " for label in sorted(value.labels) if label.endswith("method"))
        return f"{kind}def {value.signature(name='')}"
    hint = f": {value.annotation}" if value.annotation else ""
    # What an instance is given when it is made is not part of its class.
    shared = "class-attribute" in value.labels or value.parent.is_module
    if value.value is None or not shared:
        return hint or "attribute"
    return f"{hint} = {value.value}".strip()


def _commands() -> Iterator[tuple[str, str]]:
    """Yield the commands with their usage, which names every argument and option."""
    for name in COMMANDS:
        parser = argparse.ArgumentParser(f"mesa-gym {name}", add_help=False)
        load_command(name).arguments(parser)
        usage = " ".join(parser.format_usage().split()).removeprefix("usage: ")
        yield f"mesa-gym {name}", usage.removeprefix(f"mesa-gym {name}").strip()
        for option in re.findall(r"--[\w-]+", usage):
            yield f"mesa-gym {name} {option}", "option"


def recorded() -> dict[str, str]:
    """Return the kept listing."""
    lines = LISTING.read_text().splitlines() if LISTING.exists() else []
    return dict(line.split(" | ", 1) for line in lines)


def changed(old: Mapping[str, str], new: Mapping[str, str]) -> list[str]:
    """Return names that came, went or changed, without the members of what came or went."""
    other = {name for name in {*old, *new} if (name in old) != (name in new)}
    whole = {name for name in other if not name.startswith("mesa-gym ")}
    other = {name for name in other if name.rpartition(".")[0] not in whole}
    found = other | {name for name in {*old} & {*new} if old[name] != new[name]}
    # A command's usage changes with each of its options.
    return sorted(found - {name.rpartition(" --")[0] for name in found})


def unnamed(names: list[str], changelog: str) -> list[str]:
    """Return those that the top section of the changelog does not name in backticks.

    Raises:
        ValueError: the top section is of a version that is out.
    """
    top = changelog.split("\n## ")[1]
    if "unreleased" not in top.splitlines()[0]:
        raise ValueError(f"begin a section for the next version: {top.splitlines()[0]} is out")
    spans = re.findall(r"`([^`]+)`", " ".join(top.split()))
    return [x for x in names if not any(re.match(rf"{re.escape(x)}(?![\w.-])", s) for s in spans)]


def main() -> int:
    """Write the listing; return 1 where the changelog leaves out what changed."""
    names = changed(recorded(), public()) if LISTING.exists() else []
    try:
        missing = unnamed(names, CHANGELOG.read_text())
    except ValueError as error:
        print(f"CHANGELOG.md: {error}", file=sys.stderr)
        return 1
    if missing:
        print("CHANGELOG.md: name in backticks in the top section:", file=sys.stderr)
        print(*missing, sep="\n", file=sys.stderr)
        return 1
    LISTING.write_text("".join(f"{name} | {what}\n" for name, what in public().items()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
