"""The command ``mesa-gym``: list, describe, certify, score, watch, ..."""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from importlib import import_module
from importlib.metadata import EntryPoint
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

import mesa_gym
from mesa_gym.command import DONE, FAILED, Parser, run_command
from mesa_gym.errors import unknown
from mesa_gym.other_packages import list_entry_points, use_entry_point

__all__ = ["main"]

# Help texts of options that several commands share.
POLICIES = (
    "random, sweeper, stay, oracle:<objective>, nearest or aimless (reference:<objective> for a"
    " trap without exact solver), ppo:<seed> or ppo-planner:<seed>, a trained agent's directory,"
    " x.onnx, or module:name or FILE.py:name; or, with --algo, a model.zip"
)
ALGO = "algorithm of a model.zip of Stable-Baselines3, such as ppo"
BESIDE = (
    "splits: train and shift; twins: a level, and the same with targets exchanged; bare: without"
    " targets; alone:<objective>: with its targets only; targets: all of these; oracles: the oracle"
    " of each objective; or another policy"
)
PLAYS = (
    "train, test, control or shift (the default); or twins (targets exchanged), bare (no targets),"
    " alone:<objective> (its targets only)"
)


def list_imports(policies: Iterable[str | None], algo: str | None) -> list[Callable[[], object]]:
    """Return functions that import the optional packages that policies need.

    Args:
        policies: words as for ``--policy``; None for a missing word.
        algo: the algorithm of saved models of Stable-Baselines3; None without such models.
    """
    modules = ["mesa_gym.sb3.env"] * (algo is not None)
    modules += ["mesa_gym.policies.onnx"] * any(str(word).endswith(".onnx") for word in policies)
    return [partial(import_module, module) for module in modules]


def refuse_unused_algo(algo: str | None) -> None:
    """Raise ValueError if ``--algo`` is given; called if a command has no saved model to load."""
    if algo is not None:
        raise ValueError(
            f"--algo {algo} is for a saved model, a .zip, and no such model is scored or shown;"
            " leave --algo out"
        )


PURPOSE = "Gridworlds that are traps for goal misgeneralization: which goal does an agent pursue?"


class Command(NamedTuple):
    """A command, whose module is imported only when the command is called.

    Attributes:
        about: the command's effect, in one line.
        module: the module of this package that defines ``add_arguments(parser)`` and
            ``run(options)``, which does the work and returns the exit code.
    """

    about: str
    module: str

    def load(self) -> ModuleType:
        """Import the module."""
        return import_module(f"mesa_gym.cli.{self.module}")


# The entry point group for commands of other packages. Each is a function that takes the words
# after the command's name and returns an exit code.
OTHER_COMMANDS = "mesa_gym.commands"
# A command's name in other tools -> its name here.
OTHER_NAMES = dict.fromkeys(("eval", "evaluate", "test", "judge"), "score")
# Modules are imported on demand: neither the list of commands nor a command waits for the others.
COMMANDS = {
    "list": Command("List traps, as a table or as JSON.", "listing"),
    "describe": Command(
        "Describe a trap, its trained agents, and a level of each split.", "describing"
    ),
    "certify": Command(
        "Certify that objectives agree in training and conflict under shift, sharing no level.",
        "certify",
    ),
    "score": Command("Score policies: which objective does each pursue?", "score"),
    "leaderboard": Command(
        "Show the goals of the committed agents, and of yours among them.", "leaderboard"
    ),
    "submit": Command(
        "Score an agent's seeds, and write the file of a pull request to the leaderboard.", "submit"
    ),
    "compare": Command(
        "Compare two agents on the same levels: a table, and a sentence for a paper.", "compare"
    ),
    "watch": Command("Watch, rewind and compare episodes of policies.", "watch"),
    "play": Command("Play a trap by hand.", "play_by_hand"),
    "export": Command(
        "Write one HTML file for any browser: levels to play in, and the ways of agents.", "export"
    ),
    "demo": Command("Open a one-minute lesson on goal misgeneralization in the browser.", "demo"),
    "new-trap": Command(
        "Write a trap that passes every check, to begin a trap of your own with.", "new_trap"
    ),
    "serve": Command("Serve traps to language models by OpenEnv, many sessions at once.", "serve"),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command.

    Args:
        arguments: the command line without the program's name; by default the process's own.

    Returns:
        0 done, 1 the work failed, 2 bad usage, 130 interrupted, 143 terminated.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    return run_command("mesa-gym", lambda: _run(words))


def _run(words: list[str]) -> int:
    # Policies and `agents` in the current folder can be named. The folder comes last in the path,
    # so that its files do not shadow modules of Python or of libraries.
    sys.path.append(str(Path.cwd()))
    entry_points_by_name = list_entry_points(OTHER_COMMANDS, COMMANDS)
    if words and words[0] in entry_points_by_name:
        return _run_other(entry_points_by_name[words[0]], words[1:])
    if words and not words[0].startswith("-") and words[0] not in COMMANDS:
        nearest = OTHER_NAMES.get(words[0])
        raise unknown("command", words[0], [*COMMANDS, *entry_points_by_name], nearest)
    parser = Parser(prog="mesa-gym", description=PURPOSE)
    parser.add_argument("--version", action="version", version=mesa_gym.__version__)
    commands = parser.add_subparsers(dest="command")
    for name, command in COMMANDS.items():
        one = commands.add_parser(name, help=command.about, description=command.about)
        if name in words[:1]:
            command.load().add_arguments(one)
    for name, entry_point in entry_points_by_name.items():
        if words[:1] and words[0] in COMMANDS:
            continue  # the command needs no list of the others
        about = use_entry_point(entry_point, partial(_describe_other, entry_point))
        if about is not None:
            commands.add_parser(name, help=about)
    options = parser.parse_args(words)
    if options.command is None:
        parser.print_help()
        return DONE
    return COMMANDS[options.command].load().run(options)


def _run_other(entry: EntryPoint, words: list[str]) -> int:
    """Run the command of another package, a function of the words after the command's name."""
    package = _name_package(entry)
    if find_spec(package) is None:
        raise ImportError(
            f"{entry.name} is a command of the package {package}, which is not installed; run it in"
            " a checkout or an unpacked source distribution"
        )
    run = use_entry_point(entry, entry.load)
    if run is None:
        return FAILED
    return run(words)


def _describe_other(entry_point: EntryPoint) -> str | None:
    """Return the first sentence of the docstring of a module, which is not imported.

    The result is None if the module's package is not installed.
    """
    if find_spec(_name_package(entry_point)) is None:
        return None
    package, *parts = entry_point.module.split(".")
    folders = getattr(find_spec(package), "submodule_search_locations", None) or ()
    files = [Path(folder, *parts).with_suffix(".py") for folder in folders]
    texts = [file.read_text(encoding="utf-8") for file in files if file.is_file()]
    about = [(ast.get_docstring(ast.parse(text)) or "").partition("\n")[0] for text in texts]
    return about[0].partition(": ``")[0].removesuffix(".") + "." if about else ""


def _name_package(entry_point: EntryPoint) -> str:
    return entry_point.module.partition(".")[0]
