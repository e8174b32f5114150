"""The traps: one file each, found by being here."""

from __future__ import annotations

import importlib
import pkgutil
from functools import lru_cache

from mesa_gym.errors import unknown
from mesa_gym.traps.objective import Objective, base, proxy
from mesa_gym.traps.split import LEVELS, Split
from mesa_gym.traps.trap import NAMESPACE, Outcome, Trap

__all__ = [
    "LEVELS",
    "NAMESPACE",
    "Objective",
    "Outcome",
    "Split",
    "Trap",
    "all_traps",
    "base",
    "find_trap",
    "proxy",
]


@lru_cache(maxsize=1)
def all_traps() -> dict[str, type[Trap]]:
    """Every trap of this package by its name with version, in alphabetical order."""
    found: dict[str, type[Trap]] = {}
    for module in pkgutil.iter_modules(__path__):
        loaded = importlib.import_module(f"{__name__}.{module.name}")
        for member in vars(loaded).values():
            if (
                isinstance(member, type)
                and issubclass(member, Trap)
                and member.__module__ == loaded.__name__
                and member is not Trap
            ):
                found[member.name()] = member
    return dict(sorted(found.items()))


def find_trap(name: str) -> type[Trap]:
    """The trap of that name.

    Args:
        name: ``RedBlueDoors`` (its newest version), ``RedBlueDoors-v0`` or the full id.

    Raises:
        UnknownNameError: there is none; the message names the nearest.
    """
    traps = all_traps()
    short = name.removeprefix(f"{NAMESPACE}/")
    if short in traps:
        return traps[short]
    versions = [cls for full, cls in traps.items() if full.rsplit("-", 1)[0] == short]
    if versions:
        return max(versions, key=lambda cls: cls.version)
    raise unknown("trap", name, [full.rsplit("-", 1)[0] for full in traps])
