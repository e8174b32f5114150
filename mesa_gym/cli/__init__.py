"""The command ``mesa-gym``: list, describe, certify, score, watch, ...; a module for each."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn, Protocol

import mesa_gym
from mesa_gym.cli import cache, certify, describe, listing, play, replay, score, watch
from mesa_gym.command import USAGE, guarded
from mesa_gym.errors import unknown

__all__ = ["main"]


class Command(Protocol):
    """The interface of a module of a command.

    Attributes:
        HELP: what it does, in a line.
    """

    HELP: str

    def arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare its arguments."""

    def run(self, options: argparse.Namespace) -> int:
        """Do it; returns the exit code."""


COMMANDS: dict[str, Command] = {
    "list": listing,
    "describe": describe,
    "certify": certify,
    "score": score,
    "watch": watch,
    "play": play,
    "replay": replay,
    "cache": cache,
}


class _Help(argparse.ArgumentDefaultsHelpFormatter):
    """Help that tells defaults, where there are any."""

    def _get_help_string(self, action: argparse.Action) -> str | None:
        told = str(action.default) not in ("None", "False", "")
        return super()._get_help_string(action) if told else action.help


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
    options = _parser().parse_args(given)
    return COMMANDS[options.command].run(options)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="mesa-gym", description=mesa_gym.__doc__)
    parser.add_argument("--version", action="version", version=mesa_gym.__version__)
    commands = parser.add_subparsers(dest="command", required=True, parser_class=_Parser)
    for name, command in COMMANDS.items():
        command.arguments(commands.add_parser(name, help=command.HELP, formatter_class=_Help))
    return parser
