"""Overlays of a grid: names, keys, and what each shows."""

from __future__ import annotations

from dataclasses import dataclass

from mesa_gym.errors import unknown
from mesa_gym.traps import Trap

HEAT = "heat:"


@dataclass(frozen=True)
class Overlay:
    """One thing that can be shown over a grid.

    Attributes:
        name: what commands call it.
        key: what turns it on and off.
        label: its entry in the legend.
        doc: what it shows, in a sentence.
        exact: whether it needs an exact solver.
    """

    name: str
    key: str
    label: str
    doc: str
    exact: bool = False


PATH = Overlay("path", "p", "path so far", "Where the agent has been, from a ring at the start.")
ORACLES = Overlay(
    "oracles",
    "o",
    "oracles' paths",
    "The way of each objective's oracle (or reference policy) from the episode's start.",
)
CONFLICTS = Overlay(
    "conflicts",
    "c",
    "conflict cells",
    "Hatched: were the agent there now, no action would be optimal for both base and a proxy.",
    exact=True,
)
VISITS = Overlay(
    "visits",
    "v",
    "visits",
    "How often a policy's agent is in each cell, over 100 episodes of this level.",
)
SEES = Overlay(
    "sees", "s", "what it sees", "The planes one by one, and the egocentric window of `local`."
)
ACTIONS = Overlay(
    "actions", "a", "action chances", "Arrows as long as the policy's probabilities; a ring to act."
)


def overlays_of(trap: Trap) -> dict[str, Overlay]:
    """Return the overlays that a trap has, by name, in the order of the legend."""
    heats = [
        Overlay(
            f"{HEAT}{x}",
            str(number),
            f"V of {x}",
            f"The most that {x} can still pay with the agent on each cell, all else as it is.",
            exact=True,
        )
        for number, x in enumerate(trap.objectives, 1)
    ]
    every = [PATH, ORACLES, *heats, CONFLICTS, VISITS, SEES, ACTIONS]
    return {overlay.name: overlay for overlay in every if trap.solvable or not overlay.exact}


def parse_overlays(trap: Trap, names: str) -> set[str]:
    """Return the overlays that a text such as ``path,heat:door`` or ``all`` names.

    Raises:
        UnknownNameError: there is none of a name.
    """
    there = overlays_of(trap)
    if names == "all":
        return set(there)
    given = [name for name in names.split(",") if name]
    for name in given:
        if name not in there:
            raise unknown(f"overlay of {trap.name()}", name, there)
    return set(given)
