"""The traps, one file each; every trap class in this folder is discovered automatically."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from contextlib import suppress
from functools import lru_cache
from itertools import product

from mesa_gym.errors import UnknownNameError, shorten, unknown
from mesa_gym.importing import import_source
from mesa_gym.traps.judged_by import Contact
from mesa_gym.traps.objectives import Objective, base, proxy
from mesa_gym.traps.options import Choice, Option, Share, Whole
from mesa_gym.traps.split import LEVELS, Split
from mesa_gym.traps.trap import NAMESPACE, Step, Trap

__all__ = [
    "LEVELS",
    "Choice",
    "Contact",
    "Objective",
    "Option",
    "Share",
    "Split",
    "Step",
    "Trap",
    "Whole",
    "add_trap",
    "all_traps",
    "as_trap",
    "base",
    "find_trap",
    "look_up_trap",
    "package_traps",
    "proxy",
]


# Traps of other packages, by name; `mesa_gym.register_trap` adds them.
_registered: dict[str, type[Trap]] = {}


@lru_cache(maxsize=1)
def package_traps() -> dict[str, type[Trap]]:
    """Every trap of this package, by name with version, in alphabetical order."""
    classes: dict[str, type[Trap]] = {}
    for module in pkgutil.iter_modules(__path__):
        loaded = importlib.import_module(f"{__name__}.{module.name}")
        for _, cls in inspect.getmembers(loaded, inspect.isclass):
            if issubclass(cls, Trap) and cls is not Trap and cls.__module__ == loaded.__name__:
                classes[cls.name()] = cls
    return dict(sorted(classes.items()))


def all_traps() -> dict[str, type[Trap]]:
    """Every trap, including traps that users registered, in alphabetical order."""
    return dict(sorted({**package_traps(), **_registered}.items()))


def add_trap(trap: type[Trap]) -> bool:
    """Register a trap of another package by its name; a later trap with an equal name replaces it.

    Returns:
        False for a trap of this package, which is found by its file; else True.

    Raises:
        TypeError: the object is not a class of traps.
        ValueError: a trap of this package has that name.
    """
    if not (isinstance(trap, type) and issubclass(trap, Trap)):
        raise TypeError(f"expected a subclass of mesa_gym.traps.Trap, got {shorten(trap)}")
    if trap.__module__.startswith(f"{__name__}."):
        return False
    name = trap.name()
    if package_traps().get(name, trap) is not trap:
        raise ValueError(f"{name} is a trap of mesa_gym itself; rename yours, {trap!r}")
    _registered[name] = trap
    return True


def look_up_trap(name: object) -> type[Trap]:
    """Return the registered trap for a name from data, without importing modules.

    Args:
        name: ``RedBlueDoors`` (its newest version), ``RedBlueDoors-v0`` or a Gymnasium id, in upper
            or lower case; the split in an id is ignored.

    Raises:
        UnknownNameError: no such trap is registered; the message suggests the nearest name.
    """
    if not isinstance(name, str) or (named := parse_id(name)) is None:
        raise unknown("trap", name, [full.rsplit("-", 1)[0] for full in all_traps()])
    return named[0]


def parse_id(name: str) -> tuple[type[Trap], Split, bool] | None:
    """Return the arguments of ``Trap.id`` of a registered trap's name or id; None if unknown."""
    named = {}
    for trap in sorted(all_traps().values(), key=lambda trap: trap.version):
        for split, flat in product(Split, (False, True)):
            full = trap.id(split, flat).lower()
            named[full] = named[full.rpartition("-")[0]] = trap, split, flat
    lowered = name.lower()
    return named.get(f"{NAMESPACE}/".lower() + lowered) or named.get(lowered)


def find_trap(name: str) -> type[Trap]:
    """Return the trap for a name that a user typed, in upper or lower case.

    For a name in data use ``look_up_trap``, because data of others must not import modules.

    Args:
        name: as for ``look_up_trap``. A module or file that registers the trap may precede it, as
            in Gymnasium: ``my_traps:Mushrooms`` or ``my/traps.py:Mushrooms``.

    Raises:
        UnknownNameError: the name is unknown; the message suggests the nearest name.
        ValueError: the module or file cannot be imported, the name in it is not a registered trap,
            or the name is the id of one split's environment.
    """
    source, _, rest = (name, "", "") if name.endswith(".py") else name.rpartition(":")
    if not source:
        return _look_up_whole(rest)
    module = import_source(f"trap {shorten(name)}", source)
    with suppress(UnknownNameError):
        return _look_up_whole(rest)
    attribute = getattr(module, rest, None)
    if isinstance(attribute, type) and issubclass(attribute, Trap):
        raise ValueError(
            f"trap {shorten(name)} is not registered; write @mesa_gym.register_trap above it"
        )
    if attribute is not None:
        raise ValueError(f"{shorten(name)} is {attribute!r}, not a trap; name a subclass of Trap")
    full_names = [x for x, trap in all_traps().items() if trap.__module__ == module.__name__]
    names = [full.rsplit("-", 1)[0] for full in full_names]
    if not names:
        advice = "decorate a subclass of mesa_gym.Trap with @mesa_gym.register_trap"
        raise UnknownNameError(f"{source} registers no trap; {advice}")
    if not rest:
        held = " or ".join(f"{source}:{trap_name}" for trap_name in names)
        raise UnknownNameError(f"{source} is a file; name a trap of it: {held}")
    raise unknown("trap", rest, names)


def _look_up_whole(name: str) -> type[Trap]:
    """Return the trap for a name; ValueError for the id of one of its environments."""
    trap = look_up_trap(name)
    stem = trap.name().rpartition("-")[0]
    if name.rpartition("/")[2].lower() in (trap.name().lower(), stem.lower()):
        return trap
    raise ValueError(
        f"{shorten(name)} is the id of an environment of one split; name the trap, {stem!r}."
        " Scoring plays all splits; to play one split, give `split`"
    )


def as_trap(trap: object) -> Trap:
    """Return a trap from a trap, its class, or a name as for ``find_trap``.

    Raises:
        UnknownNameError: no trap has this name; the message suggests the nearest name.
        ValueError: the value is none of these; the message says what to pass instead.
    """
    if isinstance(trap, Trap):
        return trap
    if isinstance(trap, type) and issubclass(trap, Trap):
        return trap()
    if not isinstance(trap, str):
        advice = "expected a trap or its name, such as 'CheeseCorner'"
        if hasattr(trap, "observation_space"):
            advice = "pass the trap of this environment, env.unwrapped.trap, or the trap's name"
        elif isinstance(trap, list | tuple):
            advice = "for several traps call mesa_gym.evaluate({'name': policy}, traps)"
        elif callable(trap):
            advice = "that looks like a policy: the policy comes first, then the trap"
        raise ValueError(f"{shorten(trap)} is not a trap; {advice}")
    name, bracket, _ = trap.partition("(")
    if bracket and name in all_traps():
        raise ValueError(
            f"{shorten(trap)} is the printed form of a trap; pass the trap itself, or its name"
            f" {name!r}"
        )
    return find_trap(trap)()
