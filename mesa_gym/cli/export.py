"""``mesa-gym export``: a page in which levels live, or one that replays what policies did."""

from __future__ import annotations

import argparse
from pathlib import Path

from mesa_gym.cli import ALGO, BESIDE, POLICIES, SPLITS
from mesa_gym.cli.traps import declare_trap, read_trap
from mesa_gym.command import DONE, require_writable
from mesa_gym.envs.checks import integer
from mesa_gym.files import write_text
from mesa_gym.policies import name_pursuer
from mesa_gym.policies.saved import is_model_file
from mesa_gym.report.page import load_jinja2
from mesa_gym.scoring.plays import MOST_SEED, split_of
from mesa_gym.terminal import Progress, say
from mesa_gym.traps import LEVELS, Split, Trap
from mesa_gym.viewer.actors import PolicyPlayer
from mesa_gym.viewer.export import panes_on, replay_page
from mesa_gym.viewer.playground import (
    Guest,
    NotLiveError,
    list_levels,
    make_playground,
    require_live,
)
from mesa_gym.viewer.seats import Seat, list_plays, seats_for

ENDINGS = (".html", ".htm")


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    add = parser.add_argument
    add(
        "--policy",
        nargs="+",
        action="extend",
        metavar="P",
        help=f"{POLICIES}; several are shown together",
    )
    add("--algo", help=ALGO)
    declare_trap(parser)
    add("--split", help=SPLITS)
    add("--levels", type=int, nargs="+", default=[0], metavar="N", help="0 to 2**48 - 1")
    add("--beside", metavar="WHOM", help=BESIDE)
    add("--seed", type=int, default=0, help="of the sampling of actions (default: %(default)s)")
    add("--salt", default="", help="an evaluator's secret: other levels")
    add(
        "--play",
        action=argparse.BooleanOptionalAction,
        help="a page in which levels live; by default where that can be and --beside is not given",
    )
    out = "the page, one HTML file (default: %(default)s)"
    add("--out", type=Path, default="page.html", metavar="FILE", help=out)


def run(options: argparse.Namespace) -> int:
    """Write one HTML file for any browser: levels to play in, or replays of what policies did."""
    # What cannot be is refused before any work.
    if options.out.suffix.lower() not in ENDINGS:
        raise ValueError(f"cannot write {options.out}: a page's name must end in .html")
    require_writable(options.out)
    load_jinja2()
    integer("seed", options.seed, 0, MOST_SEED)
    trap = read_trap(options)
    for level in options.levels:
        integer("level", level, 0, LEVELS - 1)
    page, note = None, ""
    if options.play is not False and options.beside is None:
        try:
            page = _make_playground(trap, options)
        except NotLiveError as error:
            note = f"The episodes of this page are replays: {error}."
            say(note)
    elif options.play:
        raise ValueError("--beside asks for replays: leave out --play")
    if page is None:
        page = _make_replay(trap, options, note)
    write_text(options.out, page)
    print(f"wrote {options.out}: {len(page.encode()) / 1000:.0f} kB")
    return DONE


def _make_playground(trap: Trap, options: argparse.Namespace) -> str:
    """Return a page in which levels live."""
    require_live(trap)
    levels = list_levels(trap, options.split, list(dict.fromkeys(options.levels)))
    horizon = trap.horizon(Split.SHIFT)
    players = [_make_player(policy, options) for policy in options.policy or []]
    guests = [Guest(player.name, player.make(trap, horizon)) for player in players]
    names = [guest.name for guest in guests]
    if len(set(names)) < len(names):
        raise ValueError(f"agents of a page have names of their own, got {', '.join(names)}")
    with Progress(f"export {options.out.name}", len(levels), "levels") as advance:
        return make_playground(trap, levels, guests, options.salt, advance)


def _make_player(policy: str, options: argparse.Namespace) -> PolicyPlayer:
    """Return who plays; other policies may stand beside those that ``--algo`` loads."""
    algo = options.algo if is_model_file(policy) else None
    return PolicyPlayer(policy, options.seed, algo)


def _make_replay(trap: Trap, options: argparse.Namespace, note: str) -> str:
    """Return a page of replays."""
    levels = panes_on(trap, _seats(trap, options), options.levels, options.salt)
    episodes = len(levels) * len(levels[0])
    with Progress(f"export {options.out.name}", episodes, "episodes") as advance:
        return replay_page(levels, advance, note)


def _seats(trap: Trap, options: argparse.Namespace) -> list[Seat]:
    """Return who plays what, from left to right."""
    if list_plays(trap, options.beside) and options.split is not None:
        raise ValueError(f"--beside {options.beside} says what is played: leave out --split")
    play = options.split or Split.SHIFT.value
    split_of(play)
    policies = options.policy or [name_pursuer(trap, "base")]
    players = [_make_player(policy, options) for policy in policies]
    if len(players) == 1:
        return seats_for(players[0], trap, play, options.beside, options.seed)
    if options.beside is not None:
        raise ValueError(f"--beside {options.beside} goes with one --policy, not {len(players)}")
    return [Seat(player, play) for player in players]
