"""``mesa-gym export``: writes a page on which levels can be played."""

from __future__ import annotations

import argparse

from mesa_gym.cli import ALGO, PLAYS, POLICIES, list_imports, refuse_unused_algo
from mesa_gym.cli.trap_arguments import add_sampling_arguments, add_trap_argument, read_trap
from mesa_gym.command import DONE, add_force, require_writable
from mesa_gym.envs.checks import integer
from mesa_gym.errors import require_imports
from mesa_gym.files import locate_path, write_text
from mesa_gym.pages.playground import (
    Guest,
    NotLiveError,
    list_levels,
    make_playground,
    require_live,
)
from mesa_gym.policies.resolvers import is_model_file
from mesa_gym.scoring.plays import MOST_SEED
from mesa_gym.terminal import Progress
from mesa_gym.traps import LEVELS, Split, Trap
from mesa_gym.viewer.players import PolicyPlayer

RATHER = "record a film instead: mesa-gym watch {} --policy P --headless --record film.mp4"
PAGE_MARKS = (b": a playground</title>",)
PAGE_ENDINGS = (".html", ".htm")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    add = parser.add_argument
    help_text = f"{POLICIES}; several are shown together"
    add("--policy", nargs="+", metavar="P", help=help_text)
    add("--algo", help=ALGO)
    add_trap_argument(parser)
    add("--split", help=PLAYS)
    add("--levels", type=int, nargs="+", default=[0], metavar="N", help="levels, 0 to 2**48 - 1")
    add_sampling_arguments(parser)
    out = "the page, one HTML file (default: %(default)s)"
    add("--out", type=locate_path, default="page.html", metavar="FILE", help=out)
    add_force(parser)


def run(options: argparse.Namespace) -> int:
    """Write a page for the browser: play the levels, and see how agents move."""
    # Refuse invalid options before any work.
    if options.out.suffix.lower() not in PAGE_ENDINGS:
        raise ValueError(f"cannot write {options.out}: a page's name must end in .html")
    require_writable(options.out, PAGE_MARKS, force=options.force)
    integer("seed", options.seed, 0, MOST_SEED)
    require_imports(*list_imports(options.policy or (), options.algo))
    if not any(map(is_model_file, options.policy or [])):
        refuse_unused_algo(options.algo)
    trap = read_trap(options)
    for level in options.levels:
        integer("level", level, 0, LEVELS - 1)
    try:
        page = _make_page(trap, options)
    except NotLiveError as error:
        raise ValueError(f"{error}; {RATHER.format(type(trap).__name__)}") from None
    write_text(options.out, page)
    print(f"wrote {options.out}: {len(page.encode()) / 1000:.0f} kB")
    return DONE


def _make_page(trap: Trap, options: argparse.Namespace) -> str:
    """Return an HTML page whose levels can be played."""
    require_live(trap)
    levels = list_levels(trap, options.split, list(dict.fromkeys(options.levels)))
    horizon = trap.horizon(Split.SHIFT)
    guests = []
    for policy in options.policy or []:
        algo = options.algo if is_model_file(policy) else None  # only for saved SB3 models
        player = PolicyPlayer(policy, options.seed, algo)
        guests.append(Guest(player.name, player.make(trap, horizon)))
    names = [guest.name for guest in guests]
    if len(set(names)) < len(names):
        raise ValueError(f"agents of a page need different names, got {', '.join(names)}")
    with Progress(f"export {options.out.name}", len(levels), "levels") as advance:
        return make_playground(trap, levels, guests, options.salt, advance)
