"""The gallery: a page for each trap in which its levels live, with the library's agents on them.

Traps whose levels cannot live in a page get replays. ``python -m docs.playgrounds --out DIR``
writes all pages, and prints the size of each and how long it took.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from agents.library import FEW
from docs.agent_words import describe_agent, find_agents
from mesa_gym.command import DONE, run_command
from mesa_gym.files import write_text
from mesa_gym.policies import name_pursuer
from mesa_gym.report import read_committed
from mesa_gym.scoring import ScoreCard
from mesa_gym.trained.library import EVERY_SEED, load
from mesa_gym.traps import Split, Trap, package_traps
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

ROOT = Path(__file__).parent.parent
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


def write_gallery_page(trap: Trap, folder: Path, cards: Sequence[ScoreCard]) -> Path:
    """Write a trap's page, named after it; return its path.

    Args:
        trap: the rules.
        folder: where it goes.
        cards: of a board, for what is known of the agents.
    """
    if (reason := find_obstacle(trap)) is not None:
        page = _make_replay(trap, f"The episodes of this page are replays: {reason}.")
    else:
        levels = list_levels(trap, None, range(1 if trap.name() in LARGE else SHIFTS))
        page = make_playground(trap, levels, list_guests(trap, cards))
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


def list_guests(trap: Trap, cards: Sequence[ScoreCard]) -> list[Guest]:
    """Return the agents of a page: PPO agents, a planner, and an oracle of each objective.

    Args:
        trap: the rules.
        cards: of a board.
    """
    guests = []
    for entry in find_agents(trap, FEW if trap.name() in EVERY_SEED else 1):
        words = describe_agent(trap, entry, cards)
        guests.append(Guest(f"PPO, seed {entry.seed}", load(trap, entry.seed), words))
    for entry in find_agents(trap, 1, "planner"):
        words = f"It plans by construction. {describe_agent(trap, entry, cards)}"
        guests.append(Guest(f"planner, seed {entry.seed}", load(trap, kind="planner"), words))
    for x, objective in trap.objectives.items():
        words = f"An exactly optimal policy for the {objective.role} objective {x}, not trained."
        guests.append(Guest(f"oracle of {x}", f"oracle:{x}", words))
    return guests


def measure_pages(folder: Path) -> Iterator[tuple[str, int, float]]:
    """Write the pages of the package's traps; yield name, bytes and seconds of each."""
    cards = read_committed()
    for cls in package_traps().values():
        began = time.process_time()
        path = write_gallery_page(cls(), folder, cards)
        yield cls.__name__, path.stat().st_size, time.process_time() - began


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command: 0 done, 1 the work failed, 2 bad usage, 130 interrupted."""
    parser = argparse.ArgumentParser(prog="python -m docs.playgrounds", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="for the pages")
    options = parser.parse_args(arguments)

    def work() -> int:
        together = 0
        for name, size, seconds in measure_pages(options.out):
            together += size
            print(f"{name:18} {size / 1000:4.0f} kB {seconds:5.1f} s")
        print(f"{'together':18} {together / 1000:4.0f} kB")
        return DONE

    return run_command("playgrounds", work)


if __name__ == "__main__":
    sys.exit(main())
