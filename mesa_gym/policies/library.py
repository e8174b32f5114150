"""Names of trained agents in the library, which an installed package offers."""

from __future__ import annotations

import re
from importlib import import_module
from importlib.metadata import entry_points
from importlib.util import find_spec
from typing import Any

from mesa_gym.traps import Trap

LIBRARY = "library:"  # before an agent's name
# The module that has them is named by an entry point of this group. It offers two functions:
# ``load_named(name, trap)`` returns an agent, ``list_named(trap)`` name -> what is known of it.
LIBRARIES = "mesa_gym.libraries"


def load_from_library(spec: str, trap: Trap) -> Any:
    """Return the trained agent that ``library:<name>`` means on a trap.

    The name is a seed, of the agents that plain training made (``library:3``); ``planner:`` and
    a seed (``library:planner:0``); or an agent's name in the library's manifest.

    Raises:
        ValueError: the library or the agent does not exist; the message names the existing agents.
    """
    library = _import_library()
    if library is None:
        raise ValueError(
            f"policy {spec!r}: no installed package offers a library of trained agents; install"
            ' mesa_gym again, in a checkout pip install -e "."'
        )
    return library.load_named(spec.removeprefix(LIBRARY), trap)


def list_library(trap: Trap | type[Trap]) -> dict[str, str]:
    """Return the library's agents of a trap that can be watched here.

    Returns:
        ``library:<name>`` -> what is known of the agent, those of plain training first, then
        planners; {} where there is no library.

    Raises:
        ValueError: the library's manifest is damaged.
    """
    library = _import_library()
    known = library.list_named(trap.name()) if library else {}
    return {f"{LIBRARY}{name}": about for name, about in known.items()}


def is_plain(spec: str) -> bool:
    """Return whether a name is a seed's: ``library:3`` or ``library:planner:3``."""
    return re.fullmatch(rf"{LIBRARY}(planner:)?\d+", spec) is not None


def _import_library() -> Any:
    """Return the installed module with the library of agents; None without one."""
    for found in entry_points(group=LIBRARIES):
        package = found.value.partition(".")[0]
        if find_spec(package) is not None and find_spec(found.value) is not None:
            return import_module(found.value)
    return None
