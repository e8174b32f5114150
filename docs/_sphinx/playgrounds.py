"""The gallery: a page with the library's agents for each trap with playable pages."""

from __future__ import annotations

from pathlib import Path

from benchmarks.plan import OTHER_SEEDS
from mesa_gym.files import write_text
from mesa_gym.pages.playground import (
    Guest,
    NotLiveError,
    list_levels,
    make_playground,
    require_live,
)
from mesa_gym.trained.library import EVERY_SEED, ManifestEntry, load, read_manifest
from mesa_gym.traps import Trap
from mesa_gym.words import find_meaning, write_word

MOST_BYTES, MOST_TOGETHER = 400_000, 2_000_000  # bytes of a page, and of all pages
# The number of shift levels on a page, from level 0 on. Pages of large traps have one level, which
# has hundreds or thousands of states.
SHIFTS = 2
LARGE = (
    "ChuteOrFire-v0",
    "DustSweep-v0",
    "DustVacuum-v0",
    "FollowMe-v0",
    "KeysChests-v0",
    "RedBlueDoors-v0",
)


def has_page(trap: Trap) -> bool:
    """Return whether a trap's levels can be played in a page."""
    try:
        require_live(trap)
    except NotLiveError:
        return False
    return True


def find_agents(trap: Trap, seeds: int, kind: str = "mlp") -> list[ManifestEntry]:
    """Return the library's agents for a trap at alpha 0, in the order of their seeds.

    Args:
        trap: the trap.
        seeds: the number of seeds, from 0 on.
        kind: "mlp" or "planner".
    """
    agents = [
        entry
        for entry in read_manifest()
        if (entry.trap, entry.kind, entry.alpha) == (trap.name(), kind, 0) and entry.seed < seeds
    ]
    return sorted(agents, key=lambda entry: entry.seed)


def write_gallery_page(trap: Trap, folder: Path) -> Path:
    """Write a trap's page, named after it, into a folder; return its path."""
    levels = list_levels(trap, None, range(1 if trap.name() in LARGE else SHIFTS))
    path = folder / f"{type(trap).__name__}.html"
    write_text(path, make_playground(trap, levels, list_guests(trap)))
    return path


def list_guests(trap: Trap) -> list[Guest]:
    """Return the agents of a page: PPO agents, a planner, and an oracle of each objective."""
    guests = []
    for entry in find_agents(trap, OTHER_SEEDS if trap.name() in EVERY_SEED else 1):
        guests.append(Guest(f"ppo:{entry.seed}", load(trap, f"ppo:{entry.seed}"), _say(entry)))
    for entry in find_agents(trap, 1, "planner"):
        words = f"It plans by construction. {_say(entry)}"
        guests.append(Guest(f"ppo-planner:{entry.seed}", load(trap, "ppo-planner"), words))
    for x, objective in trap.objectives.items():
        words = f"An exactly optimal policy for the {objective.role} objective {x}, not trained."
        guests.append(Guest(f"oracle:{x}", f"oracle:{x}", words))
    return guests


def _say(entry: ManifestEntry) -> str:
    return f"Its verdict is {write_word(entry.verdict)}: it {find_meaning(entry.verdict)}."
