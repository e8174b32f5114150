"""``mesa-gym export``: a page that replays what policies did."""

from __future__ import annotations

import argparse
from pathlib import Path

from mesa_gym.cli import BESIDE, POLICIES, SPLITS
from mesa_gym.command import DONE, require_writable
from mesa_gym.envs.checks import integer
from mesa_gym.files import write_text
from mesa_gym.policies import name_pursuer
from mesa_gym.report.page import load_jinja2
from mesa_gym.scoring.plays import split_of
from mesa_gym.scoring.trace import MOST_SEED
from mesa_gym.terminal import Progress
from mesa_gym.traps import Split, Trap, find_trap
from mesa_gym.viewer.actors import PolicyPlayer
from mesa_gym.viewer.export import panes_on, replay_page
from mesa_gym.viewer.seats import Seat, list_plays, seats_for

ENDINGS = (".html", ".htm")


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    add = parser.add_argument
    add("--policy", action="append", help=f"{POLICIES}; give it again for one more beside it")
    add("--trap", required=True, help="such as RedBlueDoors")
    add("--split", help=SPLITS)
    add("--levels", type=int, nargs="+", default=[0], metavar="N", help="0 to 2**48 - 1")
    add("--beside", metavar="WHOM", help=BESIDE)
    add("--seed", type=int, default=0, help="of the sampling of actions (default: %(default)s)")
    add("--salt", default="", help="an evaluator's secret: other levels")
    out = "the page, one HTML file (default: %(default)s)"
    add("--out", type=Path, default="replay.html", metavar="FILE", help=out)


def run(options: argparse.Namespace) -> int:
    """Write a page that replays what policies did: one HTML file for any browser."""
    # What cannot be is refused before any work.
    if options.out.suffix.lower() not in ENDINGS:
        raise ValueError(f"cannot write {options.out}: a page's name must end in .html")
    require_writable(options.out)
    load_jinja2()
    integer("seed", options.seed, 0, MOST_SEED)
    trap = find_trap(options.trap)()
    levels = panes_on(trap, _seats(trap, options), options.levels, options.salt)
    episodes = len(levels) * len(levels[0])
    with Progress(f"export {options.out.name}", episodes, "episodes") as advance:
        page = replay_page(levels, advance)
    write_text(options.out, page)
    print(f"wrote {options.out} ({len(page.encode()) / 1000:.0f} kB)")
    return DONE


def _seats(trap: Trap, options: argparse.Namespace) -> list[Seat]:
    """Return who plays what, from left to right."""
    if list_plays(trap, options.beside) and options.split is not None:
        raise ValueError(f"--beside {options.beside} says what is played: leave out --split")
    play = options.split or Split.SHIFT.value
    split_of(play)
    policies = options.policy or [name_pursuer(trap, "base")]
    players = [PolicyPlayer(policy, options.seed) for policy in policies]
    if len(players) == 1:
        return seats_for(players[0], trap, play, options.beside, options.seed)
    if options.beside is not None:
        raise ValueError(f"--beside {options.beside} goes with one --policy, not {len(players)}")
    return [Seat(player, play) for player in players]
