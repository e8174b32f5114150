"""The command ``mesa-gym``: list, describe, certify, score, watch, ..."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple, NoReturn

import mesa_gym
from mesa_gym.cli import cache, certify, export, listing, new_trap, score, watch
from mesa_gym.command import USAGE, guarded
from mesa_gym.errors import unknown

__all__ = ["main"]


class Command(NamedTuple):
    """A command: what declares its arguments, and what does the work and returns the exit code."""

    arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], int]


COMMANDS = {
    "list": Command(listing.list_arguments, listing.list_traps),
    "describe": Command(listing.describe_arguments, listing.describe),
    "certify": Command(certify.arguments, certify.run),
    "score": Command(score.arguments, score.run),
    "watch": Command(watch.watch_arguments, watch.watch),
    "play": Command(watch.play_arguments, watch.play),
    "replay": Command(watch.replay_arguments, watch.replay),
    "export": Command(export.arguments, export.run),
    "new-trap": Command(new_trap.arguments, new_trap.run),
    "cache": Command(cache.arguments, cache.run),
}


class _Parser(argparse.ArgumentParser):
    """A parser whose errors are two lines."""

    def error(self, message: str) -> NoReturn:
        print(f"{self.prog}: {message}\nTry {self.prog} --help.", file=sys.stderr)
        raise SystemExit(USAGE)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command.

    Args:
        arguments: the command line without the program's name; by default the process's own.

    Returns:
        0 done, 1 the work failed, 2 bad usage, 130 interrupted.
    """
    # As `python -m` does: policies of the folder that one stands in can be named, `agents` too.
    sys.path.insert(0, str(Path.cwd()))
    given = list(sys.argv[1:] if arguments is None else arguments)
    return guarded("mesa-gym", lambda: _run(given))


def _run(given: list[str]) -> int:
    if given and not given[0].startswith("-") and given[0] not in COMMANDS:
        raise unknown("command", given[0], COMMANDS)
    parser = _Parser(prog="mesa-gym", description=mesa_gym.__doc__)
    parser.add_argument("--version", action="version", version=mesa_gym.__version__)
    commands = parser.add_subparsers(dest="command", required=True, parser_class=_Parser)
    for name, command in COMMANDS.items():
        about = command.run.__doc__
        command.arguments(commands.add_parser(name, help=about, description=about))
    options = parser.parse_args(given)
    return COMMANDS[options.command].run(options)
