"""The command ``mesa-gym``: list, describe, certify, score, watch, ..."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from importlib import import_module
from importlib.metadata import EntryPoint
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

import mesa_gym
from mesa_gym.cli.other_commands import describe_other, run_other
from mesa_gym.command import DONE, Parser, give_results, run_command
from mesa_gym.errors import unknown
from mesa_gym.other_packages import list_entry_points

__all__ = ["main"]

# Help texts of options that several commands share.
POLICIES = (
    "random, sweeper, stay, oracle:<objective>, nearest or aimless (reference:<objective> for a"
    " trap without exact solver), ppo:<seed> or ppo-planner:<seed>, a trained agent's directory,"
    " x.onnx, or module:name or FILE.py:name; or, with --algo, a model.zip"
)
ALGO = "algorithm of a model.zip of Stable-Baselines3, such as ppo"
OBSERVATION = "what a network or function of yours takes, such as centred (default: planes)"
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


PURPOSE = "Find out which goal an agent pursues where the goals that training rewarded conflict."
TO_LEARN, TO_TRAIN, TO_SCORE = "learn", "train", "score"
TO_COMPARE, OWN_TRAPS, OTHER_PACKAGES = "compare", "make your own traps", "of other packages"


class Command(NamedTuple):
    """A command, whose module is imported only when the command is called.

    Attributes:
        about: the command's effect, in one line.
        module: the module of this package that defines ``add_arguments(parser)`` and
            ``run(options)``, which does the work and returns the exit code.
        group: the heading under which ``mesa-gym --help`` lists it.
    """

    about: str
    module: str
    group: str

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
    "demo": Command(
        "Take a one-minute lesson on goal misgeneralization in your browser.", "demo", TO_LEARN
    ),
    "list": Command("List the traps.", "listing", TO_LEARN),
    "describe": Command(
        "Describe a trap, its trained agents, and a level of each split.", "describing", TO_LEARN
    ),
    "play": Command("Play a trap by hand.", "play_by_hand", TO_LEARN),
    "watch": Command(
        "Watch agents, step back, and change the level under them.", "watch", TO_LEARN
    ),
    "export": Command(
        "Write a page for the browser: play the levels, and see how agents move.",
        "export",
        TO_LEARN,
    ),
    "score": Command("Score an agent: which goal does it pursue?", "score", TO_SCORE),
    "serve": Command(
        "Let language models play: serve traps by OpenEnv, many sessions at once.",
        "serve",
        TO_SCORE,
    ),
    "leaderboard": Command(
        "Show which goals trained agents pursue, and yours among them.", "leaderboard", TO_COMPARE
    ),
    "compare": Command(
        "Compare two agents on the same levels: a table, and a sentence for a paper.",
        "compare",
        TO_COMPARE,
    ),
    "submit": Command(
        "Score your agent's seeds, and write the file that puts it on the leaderboard.",
        "submit",
        TO_COMPARE,
    ),
    "new-trap": Command("Write an example trap to start from.", "new_trap", OWN_TRAPS),
    "certify": Command(
        "Check that the goals agree in training and conflict under shift, on separate levels.",
        "certify",
        OWN_TRAPS,
    ),
}
# The groups of the checkout's commands, which are entry points.
GROUPS = {"train": TO_TRAIN, "sweep": TO_TRAIN, "try": OWN_TRAPS, "predict": OWN_TRAPS}


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
    # Policies in the current folder can be named. The folder comes last in the path, so that its
    # files do not hide modules of Python or of libraries.
    sys.path.append(str(Path.cwd()))
    entry_points_by_name = list_entry_points(OTHER_COMMANDS, COMMANDS)
    name, *rest = words or ["--help"]
    if name in ("-h", "--help"):
        print(write_help(entry_points_by_name))
        return DONE
    if name == "--version":
        print(mesa_gym.__version__)
        return DONE
    if name in entry_points_by_name:
        return run_other(entry_points_by_name[name], rest)
    if name not in COMMANDS:
        raise unknown("command", name, [*COMMANDS, *entry_points_by_name], OTHER_NAMES.get(name))
    command = COMMANDS[name].load()
    parser = Parser(prog=f"mesa-gym {name}", description=COMMANDS[name].about)
    parser.set_defaults(command=name)
    command.add_arguments(parser)
    options = parser.parse_args(rest)
    with give_results(options):
        return command.run(options)


def write_help(entry_points_by_name: Mapping[str, EntryPoint]) -> str:
    """Return the list of commands by groups, each with a sentence on what it does.

    A command of another package that is missing or broken is left out.
    """
    lines_by_group: dict[str, list[tuple[str, str]]] = {
        group: [] for group in (TO_LEARN, TO_TRAIN, TO_SCORE, TO_COMPARE, OWN_TRAPS, OTHER_PACKAGES)
    }
    for name, command in COMMANDS.items():
        lines_by_group[command.group].append((name, command.about))
    for name in [*GROUPS, *(x for x in entry_points_by_name if x not in GROUPS)]:
        entry_point = entry_points_by_name.get(name)
        if entry_point and (about := describe_other(entry_point)):
            lines_by_group[GROUPS.get(name, OTHER_PACKAGES)].append((name, about))
    lines = ["usage: mesa-gym COMMAND ...", "", PURPOSE]
    for group, commands in lines_by_group.items():
        if commands:
            lines += ["", f"{group}:", *(f"  {name:<13}{about}" for name, about in commands)]
    return "\n".join([*lines, "", "mesa-gym COMMAND --help lists the options of a command."])
