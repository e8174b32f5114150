"""Check a trap of your own, train PPO on it, and score the result."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory

import mesa_gym
from agents.progress import Printer
from agents.run import Run
from agents.saving import require_new_folder, save
from agents.train import read_count, read_seeds, train_runs
from mesa_gym import report
from mesa_gym.command import DONE, FAILED, Parser, run_command
from mesa_gym.files import locate_path
from mesa_gym.scoring import Cards
from mesa_gym.scoring.least_sight import measure_least_sight, refuse_search, say_least_sight
from mesa_gym.solver.certificate import certify
from mesa_gym.solver.disagreement import explain_failures
from mesa_gym.terminal import Progress, say
from mesa_gym.traps import Split, Trap
from mesa_gym.words import write_word

NULLS_SHOWN = ("sweeper", "random")
NEXT_STEP = 'It does not trap: "PPO goes for base: what now?" in docs/write_a_trap.md'
UNCHANGED = "Declare `exchange` or `alone`: without changed levels purpose hardly shows"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    add = parser.add_argument
    add("words", nargs="+", metavar="TRAP [KEYWORD=VALUE]", help="such as mushrooms.py:Mushrooms")
    add("--seeds", type=read_seeds, default=range(3), metavar="FIRST-LAST", help="(default: 0-2)")
    add("--steps", type=read_count, default=300_000, help="of training (default: %(default)s)")
    add("--levels", type=read_count, default=200, help="of each split (default: %(default)s)")
    add("--out", type=locate_path, metavar="DIR", help="keep the agents there (default: keep none)")


def run(options: argparse.Namespace) -> int:
    """Certify a trap, train agents on it, and print their verdicts."""
    name, *keywords = options.words
    base = Run(name, keywords=tuple(keywords), steps=options.steps)
    trap = base.make_trap()
    base.algorithm.find_function()  # needs an extra
    if options.out:
        require_new_folder(options.out)
    if trap.solvable and not _certify(trap, options.levels):
        return FAILED
    with nullcontext(options.out) if options.out else TemporaryDirectory() as folder:
        agents = _train(base, options.seeds, Path(folder))
        policies = {"ppo": agents, **{null: null for null in NULLS_SHOWN}}
        cards = mesa_gym.evaluate(policies, trap, levels=options.levels)
    print("", report.table(cards), _conclude(trap, cards), sep="\n")
    return DONE


def main(arguments: Sequence[str] | None = None) -> int:
    """Run ``mesa-gym try``: return 0 done, 1 not certified, 2 bad usage."""
    parser = Parser(prog="mesa-gym try", description=__doc__)
    add_arguments(parser)
    options = parser.parse_args(arguments)
    return run_command("mesa-gym try", lambda: run(options), "nothing was tried")


def _certify(trap: Trap, levels: int) -> bool:
    """Certify a trap, print the result, and return whether the certificate holds."""
    with Progress(f"certify {trap.name()}", levels * len(Split)) as advance:
        certificate = certify(trap, levels, advance)
    print(f"certified on {levels} levels of each split: {'yes' if certificate.holds else 'NO'}")
    if not certificate.holds:
        say("\n".join(explain_failures(trap, certificate)))
    else:
        reason = refuse_search(trap, levels)
        lines = [reason] if reason else say_least_sight(measure_least_sight(trap, levels))
        print(*(f"{x[0].upper()}{x[1:]}" for x in lines), sep="\n")
    return certificate.holds


def _train(base: Run, seeds: Sequence[int], folder: Path) -> list[str]:
    """Train PPO, print its progress, and return the folders of the agents."""
    printer, runs = Printer(base), base.repeat(seeds)
    train_runs(runs, printer, keep=lambda run, trained: save(folder / run.name, trained))
    printer.conclude()
    return [str(folder / run.name) for run in runs]


def _conclude(trap: Trap, cards: Cards) -> str:
    """Return a one-line summary of PPO's result."""
    ppo_cards = [card for card in cards if card.policy.startswith("ppo")]
    competent = sum(card.competent for card in ppo_cards)
    words = ", ".join(sorted({write_word(card.verdict) for card in ppo_cards}))
    sentence = f"PPO is competent on {competent} of {len(ppo_cards)} seeds; verdict: {words}"
    if "proxy" in words:
        return sentence
    if trap.judging.places and trap.exchange is None and not trap.find_isolable():
        return f"{sentence}. {UNCHANGED}"
    return f"{sentence}. {NEXT_STEP}"
