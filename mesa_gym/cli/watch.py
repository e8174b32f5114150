"""``mesa-gym watch``: rollouts of a policy, in a window or on film."""

from __future__ import annotations

import argparse
from pathlib import Path

from mesa_gym.cli import viewing
from mesa_gym.command import DONE
from mesa_gym.traps import Split, Trap, find_trap
from mesa_gym.viewer.app import Screen
from mesa_gym.viewer.beside import usual_policy
from mesa_gym.viewer.opening import Look, greet
from mesa_gym.viewer.players import ByHand, ByPolicy, Player

HELP = "watch, rewind and compare what policies do"
PLAY = "play"  # what the start screen calls the person at the keyboard


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "--policy",
        help="random, stay, oracle:<objective> (reference:<objective> for a trap without exact"
        " solver), a trained agent's directory, or module:factory; by default what pursues the"
        " base objective",
    )
    parser.add_argument("--trap", help="such as RedBlueDoors; by default choose in the window")
    parser.add_argument("--map", type=Path, metavar="FILE", help="begin as a saved map does")
    viewing.add_options(parser)


def run(options: argparse.Namespace) -> int:
    """Show the policy, or the screen on which a trap and a policy are chosen."""
    look = viewing.checked(options)

    def player_on(trap: Trap) -> Player:
        return ByPolicy(options.policy or usual_policy(trap), options.seed)

    if options.map is not None:
        return viewing.show(viewing.session_from_map(options, player_on), options, look)
    if options.trap is None:
        return _choose(options, look)
    trap = find_trap(options.trap)()
    split, level = Split.of(options.split or Split.SHIFT), options.level or 0
    session = viewing.session_of(options, player_on(trap), trap, split, level)
    return viewing.show(session, options, look)


def _choose(options: argparse.Namespace, look: Look) -> int:
    for name in viewing.OF_AN_EPISODE:
        given = getattr(options, name)
        if given is not None and given is not False:
            raise ValueError(f"--{name} needs --trap: on which trap?")
    from mesa_gym.viewer.start import StartScreen

    def begin(name: str, policy: str) -> Screen:
        trap = find_trap(name)()
        player = ByHand() if policy == PLAY else ByPolicy(policy, options.seed)
        session = viewing.session_of(options, player, trap, Split.SHIFT, 0)
        greet(session)
        return look.screen(session, back=start)

    start = StartScreen(begin)
    viewing.show_window(start, look)
    return DONE
