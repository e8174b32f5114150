"""The command ``mesa-gym``: list, describe, certify, score, watch, ..."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import NamedTuple, NoReturn

import mesa_gym
from mesa_gym.command import USAGE, run_command
from mesa_gym.errors import MOST_TOLD, shorten_text, unknown
from mesa_gym.terminal import say

__all__ = ["main"]

# What several commands say of their options.
POLICIES = (
    "random, stay, oracle:<objective>, either or aimless (reference:<objective> for a trap without"
    " exact solver), a trained agent's directory, library:<seed> or library:planner:<seed> of the"
    " agents that lie in a checkout, or module:name"
)
BESIDE = (
    "splits: the same on train and shift; twins: on a level and with its targets exchanged; bare or"
    " alone:<objective>: with targets taken away; targets: all of these; oracles: each objective's;"
    " or another policy"
)
SPLITS = (
    "train, test, control or shift (the default), or changed levels: twins, shut, bare,"
    " alone:<objective>"
)


class Command(NamedTuple):
    """A command: what declares its arguments, and what does the work and returns the exit code."""

    arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], int]


# Name -> the module here, what declares its arguments, and what does the work. Each is imported
# when it is asked for: a command must not wait for what the others need.
COMMANDS = {
    "list": ("listing", "list_arguments", "list_traps"),
    "describe": ("listing", "describe_arguments", "describe"),
    "certify": ("certify", "arguments", "run"),
    "score": ("score", "arguments", "run"),
    "watch": ("watch", "watch_arguments", "watch"),
    "play": ("watch", "play_arguments", "play"),
    "replay": ("watch", "replay_arguments", "replay"),
    "export": ("export", "arguments", "run"),
    "demo": ("demo", "arguments", "run"),
    "demos": ("demos", "arguments", "run"),
    "new-trap": ("new_trap", "arguments", "run"),
    "cache": ("cache", "arguments", "run"),
}


def load_command(name: str) -> Command:
    """Return the command of that name, one of ``COMMANDS``."""
    module, arguments, run = COMMANDS[name]
    found = import_module(f"mesa_gym.cli.{module}")
    return Command(getattr(found, arguments), getattr(found, run))


class _Parser(argparse.ArgumentParser):
    """A parser whose errors are two lines."""

    def error(self, message: str) -> NoReturn:
        say(f"{self.prog}: {shorten_text(message, MOST_TOLD)}\nTry {self.prog} --help.")
        raise SystemExit(USAGE)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command.

    Args:
        arguments: the command line without the program's name; by default the process's own.

    Returns:
        0 done, 1 the work failed, 2 bad usage, 130 interrupted, 143 terminated.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    return run_command("mesa-gym", lambda: _run(given))


def _run(given: list[str]) -> int:
    # As `python -m` does: policies of the folder that one stands in can be named, `agents` too.
    sys.path.insert(0, str(Path.cwd()))
    if given and not given[0].startswith("-") and given[0] not in COMMANDS:
        raise unknown("command", given[0], COMMANDS)
    parser = _Parser(prog="mesa-gym", description=mesa_gym.__doc__)
    parser.add_argument("--version", action="version", version=mesa_gym.__version__)
    commands = parser.add_subparsers(dest="command", required=True, parser_class=_Parser)
    for name in given[:1] if given and given[0] in COMMANDS else COMMANDS:
        command = load_command(name)
        about = command.run.__doc__
        command.arguments(commands.add_parser(name, help=about, description=about))
    options = parser.parse_args(given)
    return load_command(options.command).run(options)
