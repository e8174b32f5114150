"""Keep the listing of the public API: ``make api``.

The listing has a line for each name that other code may rely on. It is written again only where the
changelog names what changed, and ``tests/docs/test_public_api.py`` fails while it is out of date.
"""

from __future__ import annotations

import argparse
import inspect
import re
import sys
from collections.abc import Iterator, Mapping
from enum import Enum
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import Any, ForwardRef

from mesa_gym.cli import COMMANDS
from mesa_gym.envs.settings import Settings

LISTING = Path(__file__).parent / "public_api.txt"
CHANGELOG = Path(__file__).parents[1] / "CHANGELOG.md"
MODULES = (
    "mesa_gym.engine",
    "mesa_gym.envs",
    "mesa_gym.errors",
    "mesa_gym.policies",
    "mesa_gym.rendering",
    "mesa_gym.report",
    "mesa_gym.sb3",
    "mesa_gym.scoring",
    "mesa_gym.solver",
    "mesa_gym.testing",
    "mesa_gym.traps",
    "mesa_gym.viewer",
    "mesa_gym",
)


class _Bare(str):
    """An annotation as it stands in the source, without quotes."""

    def __repr__(self) -> str:
        return str(self)


def public() -> dict[str, str]:
    """Return what is public: name -> what it is, with its signature or its value."""
    found = {"gymnasium.make": f"keywords {_signature(Settings, leave_out=('trap',))}"}
    homes: dict[int, str] = {}
    for module in map(import_module, MODULES):
        for name in module.__all__:
            value, full = getattr(module, name), f"{module.__name__}.{name}"
            if inspect.isclass(value) and homes.setdefault(id(value), full) != full:
                found[full] = f"is {homes[id(value)]}"
            else:
                found.update(_entries(full, value))
    return dict(sorted({**found, **_commands()}.items()))


def _commands() -> dict[str, str]:
    found = {}
    for name, command in COMMANDS.items():
        parser = argparse.ArgumentParser(add_help=False)
        command.arguments(parser)
        found[f"mesa-gym {name}"] = "command"
        for action in parser._actions:
            option = action.option_strings[-1] if action.option_strings else action.dest.upper()
            default = "" if action.default is None else f" = {action.default!r}"
            found[f"mesa-gym {name} {option}"] = f"option{default}"
    return found


def _entries(name: str, value: Any) -> Iterator[tuple[str, str]]:
    """Yield a name and, of a class, its public members."""
    if not inspect.isclass(value):
        yield name, _told(value)
        return
    made = getattr(value.__init__, "__module__", "") or ""
    yield name, f"class {_signature(value)}" if _ours(made) else "class"
    members = value.__members__ if issubclass(value, Enum) else {}
    for member, held in members.items():
        yield f"{name}.{member}", f"= {held.value!r}"
    seen: dict[str, str] = {}
    for cls in reversed(value.__mro__):
        if _ours(cls.__module__):
            seen |= {key: f": {_bare(hint)}" for key, hint in inspect.get_annotations(cls).items()}
            seen |= {key: _told(held) for key, held in vars(cls).items() if key not in seen}
    for member, told in seen.items():
        if not member.startswith("_") and member not in members:
            yield f"{name}.{member}", told


def _told(value: Any) -> str:
    value = inspect.unwrap(value)  # what is cached is a function like others
    if isinstance(value, staticmethod | classmethod):
        return f"{type(value).__name__} {_signature(value.__func__)}"
    if isinstance(value, property | cached_property):
        read = value.fget if isinstance(value, property) else value.func
        return f": {_bare(inspect.signature(read).return_annotation)}" if read else "property"
    if inspect.isfunction(value):
        return f"def {_signature(value)}"
    if isinstance(value, str | int | float):
        return f"= {value!r}"
    # What an alias of a type stands for is written otherwise by each version of NumPy.
    return f": {type(value).__name__}" if _ours(type(value).__module__) else "value"


def _signature(value: Any, leave_out: tuple[str, ...] = ()) -> str:
    signature = inspect.signature(value)
    parameters = [
        parameter.replace(annotation=_bare(parameter.annotation))
        for name, parameter in signature.parameters.items()
        if name not in leave_out and not name.startswith("_")
    ]
    returned = _bare(signature.return_annotation)
    # A default that prints where it stands in memory would change with every run.
    text = str(signature.replace(parameters=parameters, return_annotation=returned))
    return re.sub(r"<function (.+?) at 0x\w+>", r"\1", text)


def _bare(annotation: Any) -> Any:
    if isinstance(annotation, ForwardRef):  # of a named tuple
        annotation = annotation.__forward_arg__
    return _Bare(annotation) if isinstance(annotation, str) else annotation


def _ours(module: str) -> bool:
    return module.split(".")[0] == "mesa_gym"


def recorded() -> dict[str, str]:
    """Return the kept listing."""
    lines = LISTING.read_text().splitlines() if LISTING.exists() else []
    return dict(line.split(" | ", 1) for line in lines)


def changed(old: Mapping[str, str], new: Mapping[str, str]) -> list[str]:
    """Return names that came, went or changed, without the members of what came or went."""
    other = {name for name in {*old, *new} if (name in old) != (name in new)}
    whole = {name for name in other if not name.startswith("mesa-gym ")}
    other = {name for name in other if name.rpartition(".")[0] not in whole}
    return sorted(other | {name for name in {*old} & {*new} if old[name] != new[name]})


def unnamed(names: list[str], changelog: str) -> list[str]:
    """Return those that the top section of the changelog does not name in backticks.

    Raises:
        ValueError: the top section is of a version that is out.
    """
    top = changelog.split("\n## ")[1]
    if "unreleased" not in top.splitlines()[0]:
        raise ValueError(f"begin a section for the next version: {top.splitlines()[0]} is out")
    spans = [" ".join(span.split()) for span in re.findall(r"`([^`]+)`", top)]
    return [
        name
        for name in names
        if not any(re.match(rf"{re.escape(name)}(?![\w.-])", span) for span in spans)
    ]


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
