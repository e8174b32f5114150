"""``mesa-gym watch``, ``play`` and ``replay``: policies, levels by hand, traces."""

from __future__ import annotations

import argparse
from pathlib import Path

from mesa_gym.cli import viewing
from mesa_gym.cli.score import POLICIES
from mesa_gym.command import DONE
from mesa_gym.scoring import Trace
from mesa_gym.scoring.rollout import TWINS
from mesa_gym.traps import Split, Trap, find_trap
from mesa_gym.viewer.actors import Human, Player, PolicyPlayer, TracePlayer, usual_policy
from mesa_gym.viewer.app import Screen
from mesa_gym.viewer.compare import SPLITS


def watch_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of ``watch``."""
    parser.add_argument("--policy", help=f"{POLICIES}; by default what pursues the base objective")
    parser.add_argument("--trap", help="such as RedBlueDoors; by default choose in the window")
    parser.add_argument("--map", type=Path, metavar="FILE", help="begin as a saved map does")
    viewing.add_options(parser)


def watch(options: argparse.Namespace) -> int:
    """Watch, rewind and compare what policies do."""
    look = viewing.checked(options)
    if options.map is None and options.trap is None:
        return _choose(options, look)

    def player_on(trap: Trap) -> Player:
        return PolicyPlayer(options.policy or usual_policy(trap), options.seed)

    what = options.policy or "the policy"
    return viewing.show(lambda: viewing.session_of(options, player_on), options, look, what)


def play_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of ``play``."""
    begun = parser.add_mutually_exclusive_group(required=True)
    begun.add_argument("--trap", help="such as RedBlueDoors")
    begun.add_argument("--map", type=Path, metavar="FILE", help="begin as a saved map does")
    viewing.add_options(parser)


def play(options: argparse.Namespace) -> int:
    """Play a trap by hand."""
    look = viewing.checked(options)
    make = lambda: viewing.session_of(options, lambda _: Human())  # noqa: E731
    return viewing.show(make, options, look, "the level")


def replay_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of ``replay``."""
    parser.add_argument("trace", type=Path, metavar="FILE", help="recorded actions")
    parser.set_defaults(map=None)
    viewing.add_options(parser)


def replay(options: argparse.Namespace) -> int:
    """Watch what a trace recorded; one that is not of the trap's rules is refused."""
    look = viewing.checked(options)
    if options.record is not None and options.record.resolve() == options.trace.resolve():
        raise ValueError(f"--record would replace {options.trace}, which is replayed")
    trace = Trace.load(options.trace)
    trap = trace.make_trap()
    trace.verify(trap, options.salt, unfinished=True)
    if options.split is None and options.beside not in (SPLITS, TWINS):
        options.split = next((s for s in (Split.SHIFT, *Split, TWINS) if s in trace.plays), None)
    if options.level is None:
        recorded = trace.levels(viewing.play_of(options.split))
        # Where nothing was recorded, the player says so when it is asked for the level.
        options.level = int(recorded[0]) if recorded.size else 0
    make = lambda: viewing.session_of(options, lambda _: TracePlayer(trace), trap)  # noqa: E731
    return viewing.show(make, options, look, f"{options.trace}")


def _choose(options: argparse.Namespace, look: viewing.Look) -> int:
    for name in viewing.OF_AN_EPISODE:
        given = getattr(options, name)
        if given is not None and given is not False:
            raise ValueError(f"--{name} needs --trap: on which trap?")
    from mesa_gym.viewer.start import PLAY, StartScreen

    def begin(name: str, policy: str) -> Screen:
        trap = find_trap(name)()
        player = Human() if policy == PLAY else PolicyPlayer(policy, options.seed)
        session = viewing.session_of(options, lambda _: player, trap)
        screen = look.screen(session, back=start)
        screen.greet()
        session.prepare()
        return screen

    start = StartScreen(begin)
    viewing.show_window(start, look)
    return DONE
