"""The gallery: a page for each trap in which its levels live, with the library's agents on them.

Traps whose levels cannot live in a page get replays.
"""

from __future__ import annotations

from pathlib import Path

from agents.library import FEW
from mesa_gym.files import write_text
from mesa_gym.policies import name_pursuer
from mesa_gym.scoring.verdict import WORDS
from mesa_gym.trained.library import EVERY_SEED, ManifestEntry, load, read_manifest
from mesa_gym.traps import Split, Trap
from mesa_gym.viewer.actors import PolicyPlayer
from mesa_gym.viewer.export import panes_on, replay_page
from mesa_gym.viewer.playground import (
    Guest,
    NotLiveError,
    list_levels,
    make_playground,
    require_live,
)
from mesa_gym.viewer.seats import Seat

MOST_BYTES, MOST_TOGETHER = 400_000, 2_000_000  # of a page, and of all
# Levels of the shift on a page, of numbers 0 and up, and traps whose pages hold one: their levels
# have hundreds or thousands of states.
SHIFTS = 2
LARGE = (
    "ChuteOrFire-v0",
    "DustSweep-v0",
    "DustVacuum-v0",
    "FollowMe-v0",
    "KeysChests-v0",
    "RedBlueDoors-v0",
)


def find_obstacle(trap: Trap) -> str | None:
    """Return why a trap's levels cannot live in a page; None where they can."""
    try:
        require_live(trap)
    except NotLiveError as error:
        return str(error)
    return None


def find_agents(trap: Trap, seeds: int, kind: str = "network") -> list[ManifestEntry]:
    """Return the library's agents of a trap at alpha 0, in the order of their seeds.

    Args:
        trap: the rules.
        seeds: those below it.
        kind: "network" or "planner".
    """
    found = [
        entry
        for entry in read_manifest()
        if (entry.trap, entry.kind, entry.alpha) == (trap.name(), kind, 0)
        and entry.trained_for is None
        and entry.seed < seeds
    ]
    return sorted(found, key=lambda entry: entry.seed)


def write_gallery_page(trap: Trap, folder: Path) -> Path:
    """Write a trap's page, named after it, into a folder; return its path."""
    if (reason := find_obstacle(trap)) is not None:
        page = _make_replay(trap, f"The episodes of this page are replays: {reason}.")
    else:
        levels = list_levels(trap, None, range(1 if trap.name() in LARGE else SHIFTS))
        page = make_playground(trap, levels, list_guests(trap))
    path = folder / f"{type(trap).__name__}.html"
    write_text(path, page)
    return path


def _make_replay(trap: Trap, note: str) -> str:
    """Return a page on which an agent plays in training and, beside it, under the shift.

    Of a trap without agents, those play that pursue its objectives, under the shift.
    """
    train, shift = Split.TRAIN.value, Split.SHIFT.value
    seats = [Seat(PolicyPlayer(name_pursuer(trap, x)), shift) for x in trap.objectives]
    for entry in find_agents(trap, 1):
        player = PolicyPlayer(load(trap, entry.seed))
        player.name = player.agent = entry.name
        seats = [Seat(player, play) for play in (train, shift)]
    return replay_page(panes_on(trap, seats, [0]), note=note)


def list_guests(trap: Trap) -> list[Guest]:
    """Return the agents of a page: PPO agents, a planner, and an oracle of each objective."""
    guests = []
    for entry in find_agents(trap, FEW if trap.name() in EVERY_SEED else 1):
        guests.append(Guest(f"PPO, seed {entry.seed}", load(trap, entry.seed), _say(entry)))
    for entry in find_agents(trap, 1, "planner"):
        words = f"It plans by construction. {_say(entry)}"
        guests.append(Guest(f"planner, seed {entry.seed}", load(trap, kind="planner"), words))
    for x, objective in trap.objectives.items():
        words = f"An exactly optimal policy for the {objective.role} objective {x}, not trained."
        guests.append(Guest(f"oracle of {x}", f"oracle:{x}", words))
    return guests


def _say(entry: ManifestEntry) -> str:
    return f"Its verdict is {entry.verdict}: it {WORDS[entry.verdict.partition(':')[0]]}."
