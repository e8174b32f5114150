"""Train agents, by PPO unless you name another algorithm.

To use: ``mesa-gym train RedBlueDoors --seed 1 --out DIR``. ``python -m agents.train`` does the same
if the package's entry points are not installed.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from dataclasses import fields, replace
from inspect import signature

from agents import PHASES
from agents.algorithms import ALGORITHMS, SETTING_NAMES, PPOSettings, describe_values
from agents.loop import Evaluation, Keep, Report, TrainedAgent
from agents.progress import Printer, open_tensorboard
from agents.run import NUM_LEVELS, Run, require_labels
from agents.saving import require_new_folder, save
from mesa_gym.command import DONE, Parser, run_command
from mesa_gym.errors import shorten
from mesa_gym.files import locate_path
from mesa_gym.report.committed import list_board_rows, read_committed
from mesa_gym.terminal import say
from mesa_gym.traps import find_trap


def train_runs(
    runs: Sequence[Run],
    report: Report | None = None,
    device: str | None = None,
    keep: Keep | None = None,
) -> list[TrainedAgent]:
    """Train agents with one compiled program, such as ``Run("CheeseCorner").repeat(range(5))``.

    Args:
        runs: the trainings; ``agents.run.strip_numbers`` must be equal for all of them.
        report: called with an evaluation after each tenth of the training; None for no evaluation.
        device: JAX's name of a device, such as ``cuda``; by default all devices that JAX uses.
        keep: called with each agent as soon as it is trained; if the algorithm takes no argument
            ``keep``, called after all agents are trained.

    Raises:
        ImportError: an extra is not installed; the message names it.
        ValueError: the device is not available, the loss is nan or infinite, or a user's algorithm
            did not return a list of ``TrainedAgent``.
    """
    algorithm = runs[0].algorithm
    train = algorithm.find_function()
    try:
        with PHASES.spend("learn"):
            early = {"keep": keep} if "keep" in signature(train).parameters else {}
            agents = train(runs, report, device, **early)
    except FloatingPointError as error:
        raise ValueError(f"{error} ({runs[0].algo})") from None
    complete = isinstance(agents, list | tuple) and len(agents) == len(runs)
    if not complete or not all(isinstance(agent, TrainedAgent) for agent in agents):
        raise ValueError(
            f"the algorithm {algorithm.name} returned {shorten(agents)}; expected what"
            f" agents.ppo.train returns: a list of {len(runs)} TrainedAgent, one a run"
        )
    if keep and not early:
        for run, agent in zip(runs, agents, strict=True):
            keep(run, agent)
    return [*agents]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    add = parser.add_argument
    algorithms = f"{' or '.join(ALGORITHMS)}, or FILE.py:function of your own (default: ppo)"
    usual = ALGORITHMS["ppo"].count_steps()
    steps = f"in whole rollouts (default: the trap's, {usual:,} for most)"
    trap = "the trap to train on, such as RedBlueDoors, then its keywords, such as rho=0.9"
    add("words", nargs="+", metavar="TRAP [KEYWORD=VALUE]", help=trap)
    add("--algo", default="ppo", help=algorithms)
    seed = parser.add_mutually_exclusive_group().add_argument
    # argparse would take `--seed 0` for the default 0, and would not refuse it beside --seeds.
    seed("--seed", type=int, default="0", help="(default: 0)")
    seed("--seeds", type=read_seeds, metavar="FIRST-LAST", help="several seeds, one folder each")
    add("--steps", type=read_count, default=0, help=steps)
    add("--alpha", type=float, default=0.0, help="share of episodes from the shift (default: 0)")
    add("--reward", default="base", help="the objective to reward (default: base)")
    add("--num-levels", type=int, default=NUM_LEVELS, help=f"(default: {NUM_LEVELS:,})")
    start_help = "an agent from whose weights training goes on, as with another --alpha or --reward"
    add("--from", dest="start", default="", metavar="FOLDER", help=start_help)
    add("--device", help="cpu, cuda or cuda:1 (default: all that JAX uses)")
    add(
        "--tensorboard",
        type=locate_path,
        metavar="DIR",
        help="write what is printed for TensorBoard too",
    )
    add("--quiet", action="store_true", help="print only the agent's folder")
    add("--out", type=locate_path, required=True, help="the new folder of the agent")
    _add_settings(parser)


def _add_settings(parser: argparse.ArgumentParser) -> None:
    """Add an option for each setting of PPO; the default is None, which means unchanged."""
    # Under -OO there are no docstrings.
    meanings = dict(re.findall(r"^ +(\w+): (.+)\.$", PPOSettings.__doc__ or "", re.MULTILINE))
    takers = [algorithm for algorithm in ALGORITHMS.values() if algorithm.settings]
    named = ", ".join(algorithm.name for algorithm in takers)
    group = parser.add_argument_group("settings of PPO", f"of {named}")
    for setting in fields(PPOSettings):
        defaults = {
            algorithm.name: getattr(algorithm.settings, setting.name) for algorithm in takers
        }
        deviations = [
            f", {algo}: {value}" for algo, value in defaults.items() if value != setting.default
        ]
        group.add_argument(
            f"--{setting.name.replace('_', '-')}",
            type=type(setting.default),
            metavar=setting.name.rpartition("_")[2].upper(),
            help=f"{meanings.get(setting.name, setting.name)}: {describe_values(setting)}"
            f" (default: {setting.default}{''.join(deviations)})",
        )


def read_seeds(text: str) -> range:
    """Parse a range of seeds such as ``0-63``; ArgumentTypeError for other texts."""
    first, _, last = text.partition("-")
    if not (first.isdecimal() and last.isdecimal() and int(first) <= int(last)):
        expected = "expected a range of seeds such as 0-63, or 5-5 for seed 5 alone"
        raise argparse.ArgumentTypeError(f"{expected}; got {text!r}")
    return range(int(first), int(last) + 1)


def read_count(text: str) -> int:
    """Parse a whole number of at least 1; ArgumentTypeError for other texts."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{shorten(text)} is not a whole number of at least 1")
    return int(text)


def read_run(options: argparse.Namespace) -> Run:
    """Return the training described by the command's options."""
    trap, *words = options.words
    names = ("algo", "seed", "steps", "alpha", "reward", "num_levels")
    run = Run(trap, keywords=tuple(words), **{name: getattr(options, name) for name in names})
    settings = {name: getattr(options, name) for name in SETTING_NAMES}
    run = run.change(**{name: value for name, value in settings.items() if value is not None})
    return replace(run, start=options.start)


def list_on_board(runs: Sequence[Run]) -> list[str]:
    """Return the names of trainings that repeat those of agents on the leaderboard.

    A run's name has all settings except the steps and the number of levels.
    """
    first = runs[0]
    trap = find_trap(first.trap).name()
    usual = first.steps == first.algorithm.count_steps(trap) and first.num_levels == NUM_LEVELS
    if not usual or first.algorithm.name not in list_board_rows():
        return []
    cards = read_committed(first.algorithm.name)
    policies = {card.policy for card in cards if card.trap == trap}
    return [run.name for run in runs if run.name in policies]


def run(options: argparse.Namespace) -> int:
    """Train an agent, or one for each seed, and save them."""
    first, out = read_run(options), options.out
    runs = [first] if options.seeds is None else first.repeat(options.seeds)
    folders = [out] if options.seeds is None else [out / training.name for training in runs]
    for folder in folders:
        require_new_folder(folder)
    first.algorithm.find_function()  # needs an extra
    if not options.quiet and (committed := list_on_board(runs)):
        say(
            f"The leaderboard has {', '.join(committed)}, trained as here: `mesa-gym leaderboard"
            f" {first.trap}` shows them. `mesa-gym submit` refuses copies; for a row of your own"
            " change the seeds and a setting."
        )
    if first.algorithm.solves:
        require_labels(first.environment().trap)
    reports = list[Report]()
    if options.tensorboard is not None:
        reports.append(open_tensorboard(options.tensorboard, runs))
    if printer := None if options.quiet else Printer(first):
        reports.append(printer)
    places = dict(zip(runs, folders, strict=True))

    def keep(training: Run, trained: TrainedAgent) -> None:
        save(places[training], trained)

    def report(seeds: Sequence[int], looks: Sequence[Evaluation]) -> None:
        for write in reports:
            write(seeds, looks)

    train_runs(runs, report if reports else None, options.device, keep)
    if printer:
        printer.conclude()
    print(out)
    return DONE


def main(arguments: Sequence[str] | None = None) -> int:
    """Run ``mesa-gym train``: return 0 done, 1 failed, 2 bad usage, 130 interrupted."""
    about = (__doc__ or "").partition("\n")[0]
    parser = Parser(prog="mesa-gym train", description=about)
    add_arguments(parser)
    options = parser.parse_args(arguments)
    folders_kept = f"agents that were trained are in {options.out}"
    kept = "no agent was written" if options.seeds is None else folders_kept
    return run_command("mesa-gym train", lambda: run(options), kept)


if __name__ == "__main__":
    sys.exit(main())
