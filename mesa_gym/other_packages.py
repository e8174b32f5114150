"""Entry points of other packages: the package's own come first, and broken ones stop no command."""

from __future__ import annotations

from collections.abc import Callable, Collection
from importlib.metadata import EntryPoint, entry_points
from typing import TypeVar

from mesa_gym.errors import name_error, shorten_text
from mesa_gym.terminal import say_once

T = TypeVar("T")
OURS = ("mesa_gym", "agents")  # the packages of this distribution and its checkout


def list_entry_points(group: str, names: Collection[str] = ()) -> dict[str, EntryPoint]:
    """Return the entry points of a group by name, the package's own first.

    A line on standard error names each entry point that is left out, because its name is in
    ``names``, is a name of this package, or is a name of two other packages.
    """
    ours = dict[str, EntryPoint]()
    foreign = dict[str, list[EntryPoint]]()
    for entry_point in entry_points(group=group):
        if is_ours(entry_point):
            ours[entry_point.name] = entry_point
        else:
            foreign.setdefault(entry_point.name, []).append(entry_point)
    for name, same_name in foreign.items():
        if name in ours or name in names:
            for entry_point in same_name:
                say_once(f"{describe(entry_point)} is left out: {name} is a name of mesa-gym")
        elif len({entry_point.value for entry_point in same_name}) > 1:
            both = " and ".join(map(describe, same_name))
            say_once(f"{both} are left out: they have one name; uninstall one of the packages")
        else:
            ours[name] = same_name[0]
    return ours


def is_ours(entry_point: EntryPoint) -> bool:
    """Return whether an entry point is of this package or of its checkout."""
    return entry_point.module.partition(".")[0] in OURS


def describe(entry_point: EntryPoint) -> str:
    """Return an entry point with its kind, module and package, such as an adapter's."""
    kind = KINDS.get(entry_point.group, entry_point.group)
    package = f" of the package {entry_point.dist.name}" if entry_point.dist else ""
    return f"the {kind} {entry_point.name} ({entry_point.value}){package}"


KINDS = {
    "mesa_gym.adapters": "adapter",
    "mesa_gym.commands": "command",
    "mesa_gym.libraries": "library",
    "mesa_gym.loaders": "loader",
}


def use_entry_point(
    entry_point: EntryPoint, use: Callable[[], T], passing: type[Exception] | tuple[()] = ()
) -> T | None:
    """Return ``use()``, which runs an entry point; None after a line that says it is broken.

    Errors of this package's own entry points, and the errors ``passing``, are raised.
    """
    try:
        return use()
    except (Exception, SystemExit) as error:
        if is_ours(entry_point) or isinstance(error, passing):
            raise
        reason = shorten_text(name_error(error))
        say_once(f"{describe(entry_point)} is left out: it is broken ({reason})")
        return None
